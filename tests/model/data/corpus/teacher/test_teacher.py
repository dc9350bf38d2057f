"""The rule-based teacher as a whole, without any voice."""

import numpy as np

from diffsheg_model.data.corpus.teacher import teacher
from diffsheg_model.data.corpus.teacher.events import SpeechEvents, from_audio
from diffsheg_model.data.corpus.teacher.styles import STYLES
from diffsheg_model.data.corpus.voices.phones import (
    Phone,
)
from diffsheg_model.motion.formats import BEAT
from tests.support.teacher import RATE, weight, wrists


def test_face_opens_with_the_sound(
    spoken: tuple[tuple[Phone, ...], np.ndarray, SpeechEvents],
) -> None:
    phones, _, events = spoken
    face = teacher.face(phones, events, STYLES[0], np.random.default_rng(1))
    assert face.shape == (900, 51)
    assert face.dtype == np.float32
    assert face.min() >= 0.0
    assert face.max() <= 1.0
    jaw = weight(face, 'jawOpen')
    assert np.corrcoef(jaw, events.loudness)[0, 1] > 0.6
    calm = ~np.convolve(events.speaking, np.ones(7), 'same').astype(bool)
    assert jaw[calm].mean() < 0.1 * jaw[events.speaking].mean()
    assert (weight(face, 'mouthClose') <= jaw + 1e-6).all()
    assert (face.std(axis=0) > 1e-4).all(), 'a weight that never moves cannot be normalised'


def test_the_same_seed_gives_the_same_motion(spoken) -> None:  # type: ignore[no-untyped-def]
    phones, _, events = spoken
    one, same, other = (
        teacher.combine(
            teacher.gesture(events, STYLES[0], np.random.default_rng(seed)),
            teacher.face(phones, events, STYLES[0], np.random.default_rng(seed)),
        )
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_silence_has_no_events_and_a_closed_mouth() -> None:
    silence = np.zeros(5 * RATE, np.float32)
    events = from_audio(silence, RATE, BEAT.fps, 75)
    assert events.phrases == ()
    assert events.accents == ()
    face = teacher.face((), events, STYLES[0], np.random.default_rng(0))
    assert weight(face, 'jawOpen').max() < 0.01
    motion = teacher.gesture(events, STYLES[0], np.random.default_rng(0))
    assert np.linalg.norm(np.diff(wrists(motion), axis=0), axis=2).max() * BEAT.fps < 0.15
