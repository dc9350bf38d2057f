"""A motion at another rate shows the same movement."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.resampling import at_rate
from tests.support.motions import moving


@pytest.mark.parametrize('fps', [60.0, 7.0, 29.97])
def test_values_lie_between_the_frames(fps):
    motion = moving(start_frame=30)
    again = at_rate(motion, fps)
    assert again.fps == fps
    assert again.duration_s == pytest.approx(motion.duration_s, abs=1 / fps)
    assert again.start_frame == pytest.approx(2 * fps, abs=0.5)
    known = np.arange(30) / 15
    times = np.minimum(np.arange(len(again)) / fps, known[-1])
    for column in (0, 24, 50):
        expected = np.interp(times, known, motion.weights[:, column])
        assert np.allclose(again.weights[:, column], expected, atol=1e-6)
    for joint in (0, 4, 46):
        expected = Slerp(known, Rotation.from_rotvec(motion.rotations[:, joint]))(times)
        off = (expected.inv() * Rotation.from_rotvec(again.rotations[:, joint])).magnitude()
        assert off.max() < 1e-5


def test_it_turns_on_the_shorter_way_past_half_a_turn():
    """From 170 to 190 degrees about one axis, which rotation vectors write as -170."""
    rotations = np.deg2rad([[[170.0, 0, 0]], [[-170.0, 0, 0]]])
    motion = Motion(1.0, ('Neck',), rotations, (), np.zeros((2, 0)))
    middle = at_rate(motion, 2.0).rotations[1, 0]
    assert np.allclose(np.abs(middle), [np.pi, 0, 0], atol=1e-6)


def test_what_has_the_rate_stays_and_what_is_none_is_refused():
    motion = moving()
    assert at_rate(motion, 15.0) is motion
    assert len(at_rate(motion[:1], 60.0)) == 4
    for fps in (0.0, -1.0, np.nan):
        with pytest.raises(InputError, match='frames a second'):
            at_rate(motion, fps)
    with pytest.raises(InputError, match='no frames'):
        at_rate(motion[:0], 60.0)
