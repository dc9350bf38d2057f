"""Limits of human joints: the split into swing and twist, and the excess over a range."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.joint_limits import (
    BEAT_LIMITS,
    SLACK,
    excess,
    frames_outside,
    swing_twist,
)
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from tests.support.recordings import DATA


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


def test_swing_and_twist_make_up_the_rotation():
    rotations = Rotation.random(50, random_state=0)
    for axis in range(3):
        twist, swing = swing_twist(rotations.as_rotvec(), axis)
        turn = np.zeros((50, 3))
        turn[:, axis] = twist
        again = Rotation.from_rotvec(swing) * Rotation.from_rotvec(turn)
        np.testing.assert_allclose((again.inv() * rotations).magnitude(), 0, atol=1e-7)
        np.testing.assert_allclose(swing[:, axis], 0, atol=1e-9)
    twist, swing = swing_twist(np.array([[0.4, 0, 0], [0, 0.3, 0]]), 0)
    np.testing.assert_allclose(twist, [0.4, 0], atol=1e-12)
    np.testing.assert_allclose(swing, [[0, 0, 0], [0, 0.3, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ('joint', 'degrees', 'beyond'),
    [
        ('LeftForeArm', (0, -150, 0), 0),  # a fully bent elbow
        ('LeftForeArm', (0, 60, 0), 40),  # one that bends backwards: 10 + 10 allowed
        ('RightForeArm', (0, 150, 0), 0),
        ('RightForeArm', (0, -60, 0), 40),
        ('LeftHandIndex2', (0, 0, -100), 0),
        ('RightHandIndex2', (0, 0, 100), 0),
        ('RightHandIndex2', (0, 0, -50), 30),
        ('LeftArm', (0, 0, -78), 0),  # hanging down
        ('LeftArm', (170, 0, 0), 45),
        ('Neck', (0, 100, 0), 20),
    ],
)
def test_joints_bend_as_far_as_joints_do(joint, degrees, beyond):
    rotations = np.deg2rad([[degrees]])
    assert excess((joint,), rotations)[0, 0] == pytest.approx(beyond, abs=1e-4)


def test_every_joint_has_limits_and_rest_is_within_them():
    assert set(BEAT_LIMITS) == set(BEAT.joint_names)
    rest = np.asarray(BEAT_SKELETON.rest)[BEAT_SKELETON.indices(BEAT.joint_names)]
    assert frames_outside(BEAT.joint_names, rest[None]) == 0
    assert frames_outside(('LeftForeArm',), np.array([[[0, 0, 0]], [[0, 2.0, 0]]])) == 0.5
    with pytest.raises(InputError, match='no limits'):
        excess(('jaw',), np.zeros((1, 1, 3)))


def test_a_real_person_stays_within_human_limits():
    path = DATA / 'beat_scott/2_scott_0_1_1.bvh'
    if not path.is_file():
        pytest.skip(f'{path} is not here')
    from benchmarks.takes import read_body

    body = read_body(path, 60.0)
    assert len(body.rotations) == 900
    assert frames_outside(BEAT.joint_names, body.rotations) == 0
