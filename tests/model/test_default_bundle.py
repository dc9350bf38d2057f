"""The bundle that comes with the package: real motion from speech it never heard."""

import numpy as np
import pytest

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
from diffsheg_model.engines import create_engine
from diffsheg_model.evaluation.metrics.lips import (
    best_lag,
    opening_in_pauses,
    short_time_energy,
    speech_frames,
)
from diffsheg_model.session.generate import generate
from tests.support.recordings import DATA, SPEECH

RECORDINGS = (
    SPEECH,
    DATA / 'speech/2_scott_0_3_3.wav',
    DATA / 'facegood/1114_2_05.wav',
)


@pytest.fixture(scope='module')
def bundle():
    return load_bundle(DEFAULT_BUNDLE)


@pytest.fixture(scope='module')
def engine(bundle):
    engine = create_engine('onnxruntime', bundle, threads=2)
    yield engine
    engine.close()


@pytest.mark.parametrize('path', RECORDINGS, ids=lambda path: path.name)
def test_the_jaw_follows_speech_and_rests_in_silence(path, bundle, engine):
    if not path.is_file():
        pytest.skip(f'{path} is not here')
    samples, rate = read_audio(path)
    samples = samples[: 40 * rate]
    motion = generate(bundle, engine, [samples], rate)
    fps = bundle.config.format.fps
    opening = motion.weights[:, motion.weight_names.index('jawOpen')]
    energy = short_time_energy(samples, rate, fps, len(motion))
    _, r = best_lag(opening, energy)
    assert r > 0.4
    assert opening[speech_frames(energy)].mean() > 0.05
    rest = opening_in_pauses(opening, energy, fps)
    assert np.isnan(rest) or rest < 0.5


def test_silence_keeps_the_mouth_closed(bundle, engine):
    motion = generate(bundle, engine, [np.zeros(6 * 16000, np.float32)], 16000)
    opening = motion.weights[:, motion.weight_names.index('jawOpen')]
    assert opening.mean() < 0.06


def test_the_body_lives_and_stays_human(bundle, engine):
    samples, rate = read_audio(SPEECH)
    motion = generate(bundle, engine, [samples], rate)
    angles = np.linalg.norm(motion.rotations, axis=-1)
    assert angles.max() < np.pi
    assert angles.std(axis=0).max() > 0.05
    again = generate(bundle, engine, [samples], rate)
    np.testing.assert_array_equal(again.rotations, motion.rotations)
    other = generate(bundle, engine, [samples], rate, seed=1)
    assert np.abs(other.rotations - motion.rotations).max() > 0.1


def test_it_is_small_and_says_what_it_is(bundle):
    assert sum(file.stat().st_size for file in DEFAULT_BUNDLE.rglob('*')) < 25e6
    assert bundle.config.licence
    assert bundle.config.provenance
    card = (DEFAULT_BUNDLE / 'README.md').read_text()
    assert 'FACEGOOD' in card
    assert 'Limitations' in card
