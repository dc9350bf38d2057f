"""FACEGOOD's captured lips as ARKit weights."""

import numpy as np
import pytest
import soundfile

from diffsheg_model.data.recordings.facegood import (
    COLUMNS,
    MAPPING,
    find,
    read,
)
from diffsheg_model.motion.formats import ARKIT_WEIGHTS
from diffsheg_model.motion_files.track import ReadOptions
from tests.support.recordings import DATA


@pytest.fixture
def folder(tmp_path):
    known = sorted({column for shares in MAPPING.values() for column in shares})
    names = known + [f'other_{i}' for i in range(COLUMNS - len(known))]
    np.save(tmp_path / 'blendshape_names.npy', np.array(names))
    captured = np.zeros((120, COLUMNS))
    captured[:, names.index('mouth_stretch_c')] = np.arange(120) % 2
    captured[:, names.index('mouth_oh_c')] = 0.25
    captured[:, names.index('mouth_funnel_ul')] = 0.4
    captured[:, names.index('mouth_press_l')] = 1.5
    np.save(tmp_path / '1114_2_01.npy', captured)
    soundfile.write(tmp_path / '1114_2_01.wav', np.zeros(48000), 12000)
    (tmp_path / '1114_2_02.wav').write_bytes(b'')
    return tmp_path


def test_columns_become_arkit_weights(folder):
    take, half = find(folder)
    assert 'no 1114_2_02.npy' in half.problem
    recording = read(take, ReadOptions())
    assert len(recording.samples) == 64000
    assert set(recording.weights.names) == set(MAPPING) <= set(ARKIT_WEIGHTS)
    weights = dict(zip(recording.weights.names, recording.weights.values.T, strict=True))
    # half of one of four funnels, and half of oh
    np.testing.assert_allclose(weights['mouthFunnel'], 0.5 * 0.4 + 0.5 * 0.25, rtol=1e-6)
    # low-passed for 15 fps: what changes at every frame is gone
    np.testing.assert_allclose(weights['jawOpen'][1:-1], 0.5)
    assert weights['mouthPressLeft'].max() == 1
    assert recording.weights.times_s[30] == 1
    assert not recording.joints


def test_of_another_duration_what_both_have_is_used(folder):
    recording = read(find(folder)[0], ReadOptions(fps=60))
    assert (
        '4.00 s of sound, 2.00 s of weights in 1114_2_01.npy: the 2.00 s that both have'
        in (recording.notes[-1])
    )
    assert recording.weights.end_s == pytest.approx(2.0)


@pytest.mark.skipif(not (DATA / 'facegood').is_dir(), reason='no FACEGOOD takes in DIFFSHEG_DATA')
def test_real_lips_follow_the_sound():
    take = next(take for take in find(DATA / 'facegood') if take.name == '1114_2_02')
    recording = read(take, ReadOptions())
    jaw = recording.weights.values[:, recording.weights.names.index('jawOpen')]
    audio = recording.samples[: len(jaw) * 533]
    energy = np.sqrt(np.square(audio.reshape(-1, 533)).mean(axis=1))
    frames = min(len(jaw), len(energy))
    assert np.corrcoef(jaw[1:frames], energy[: frames - 1])[0, 1] > 0.6
