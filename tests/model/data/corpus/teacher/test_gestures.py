"""Gestures of every style: smooth, within reach, on accents."""

import numpy as np
import pytest

from diffsheg_model.data.corpus.teacher import teacher
from diffsheg_model.data.corpus.teacher.styles import STYLES
from diffsheg_model.motion.formats import BEAT
from tests.support.teacher import wrists


@pytest.mark.parametrize('style', STYLES, ids=lambda style: style.name)
def test_gesture_is_smooth_human_and_comes_to_rest(style, spoken) -> None:  # type: ignore[no-untyped-def]
    _, _, events = spoken
    motion = teacher.gesture(events, style, np.random.default_rng(3))
    assert motion.shape == (900, 47, 3)
    assert np.isfinite(motion).all()
    size = np.linalg.norm(motion, axis=2)
    assert size.max() < np.deg2rad(165), 'near 180 degrees an axis-angle flips'
    assert np.linalg.norm(np.diff(motion, axis=0), axis=2).max() < 1.6
    names = BEAT.joint_names
    assert size[:, names.index('Neck')].max() < np.deg2rad(45)
    assert size[:, names.index('Spine')].max() < np.deg2rad(30)
    paths = wrists(motion)
    assert paths[..., 1].min() > 0.75
    assert paths[..., 1].max() < 1.75
    speed = np.linalg.norm(np.diff(paths, axis=0), axis=2) * BEAT.fps
    talking = events.speaking[1:]
    assert 0.05 < np.median(speed[talking]) < 0.9
    assert np.percentile(speed, 99) < 4.0
    after = slice(-8, None)  # more than two seconds after the last word
    assert speed[after].max() < 0.25


def test_strokes_land_on_accents(spoken) -> None:  # type: ignore[no-untyped-def]
    """The hands are faster just before accents than they are at other times of speech."""
    _, _, events = spoken
    before, otherwise = [], []
    for seed in range(4):
        motion = teacher.gesture(events, STYLES[2], np.random.default_rng(seed))
        speed = np.linalg.norm(np.diff(wrists(motion), axis=0), axis=2).max(axis=1) * BEAT.fps
        times = (np.arange(len(speed)) + 0.5) / BEAT.fps
        near = np.zeros(len(speed), bool)
        for accent, _ in events.accents:
            near |= (times > accent - 0.28) & (times < accent - 0.02)
        before.append(speed[near & events.speaking[1:]].mean())
        otherwise.append(speed[~near & events.speaking[1:]].mean())
    assert np.mean(before) > 1.1 * np.mean(otherwise)
