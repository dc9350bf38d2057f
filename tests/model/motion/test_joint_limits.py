"""Limits of human joints: the split into swing and twist, and the excess over a range."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.errors import InputError
from diffsheg_model.motion.joint_limits import (
    BEAT_LIMITS,
    SLACK,
    excess,
    frames_outside,
    swing_twist,
)


@pytest.mark.parametrize('axis', [0, 1, 2])
def test_swing_and_twist_make_the_rotation(axis):
    rotvec = np.random.default_rng(0).uniform(-2, 2, (50, 3))
    twist, swing = swing_twist(rotvec, axis)
    turn = np.zeros((50, 3))
    turn[:, axis] = twist
    again = Rotation.from_rotvec(swing) * Rotation.from_rotvec(turn)
    assert np.allclose(again.as_matrix(), Rotation.from_rotvec(rotvec).as_matrix())
    assert np.allclose(swing[:, axis], 0)


def test_a_half_turn_across_the_axis_has_no_twist():
    twist, swing = swing_twist(np.array([[0.0, np.pi, 0.0]]), 0)
    assert twist[0] == 0
    assert np.allclose(np.abs(swing), [[0, np.pi, 0]])


def test_the_excess_is_in_degrees_beyond_range_and_slack():
    bend = BEAT_LIMITS['Spine'].twist[1] + SLACK + np.array([-1.0, 0.0, 3.0])
    rotations = np.zeros((3, 2, 3))
    rotations[:, 0, BEAT_LIMITS['Spine'].axis] = np.deg2rad(bend)
    names = ('Spine', 'of a robot')
    assert np.allclose(excess(names, rotations), [[0, 0], [0, 0], [3, 0]])
    assert frames_outside(names, rotations) == pytest.approx(1 / 3)
    with pytest.raises(InputError, match='no limits are known for joints such as of a robot'):
        excess(names[1:], rotations[:, 1:])


def test_right_limbs_mirror_left_ones():
    left, right = BEAT_LIMITS['LeftHand'], BEAT_LIMITS['RightHand']
    assert right.twist == left.twist
    assert right.swing == tuple((-high, -low) for low, high in left.swing)
    assert right.mirrored() == left
