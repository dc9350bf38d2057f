"""Rotations: conversions agree, joint angles follow a motion without jumps."""

import warnings

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation, Slerp

from diffsheg_model.motion.rotations import (
    euler_xyz_from_rotvec,
    euler_xyz_unwrapped,
    matrix_from_rotvec,
    quaternion_from_rotvec,
    rates,
    rotvec_from_euler_xyz,
    rotvec_from_quaternion,
    slerp,
)


def axis_matrix(axis: int, angle: float) -> np.ndarray:
    """Written out by hand, independently of scipy."""
    c, s = np.cos(angle), np.sin(angle)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def angle_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Angle in radians between orientations given as axis-angle (..., 3)."""
    a, b = (Rotation.from_rotvec(x.reshape(-1, 3)) for x in (first, second))
    return (a.inv() * b).magnitude()


def smooth_angles(seed: int, frames: int, joints: int, reach: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    knots = rng.uniform(-reach, reach, size=(frames // 150 + 2, joints, 3))
    times = np.linspace(0, len(knots) - 1, frames)
    return CubicSpline(np.arange(len(knots)), knots)(times)


def test_euler_order_is_rx_ry_rz():
    angles = np.array([0.4, -0.7, 1.9])
    expected = axis_matrix(0, 0.4) @ axis_matrix(1, -0.7) @ axis_matrix(2, 1.9)
    assert np.allclose(matrix_from_rotvec(rotvec_from_euler_xyz(angles)), expected)
    assert np.allclose(euler_xyz_from_rotvec(rotvec_from_euler_xyz(angles)), angles)


@pytest.mark.parametrize('shape', [(3,), (0, 3), (4, 3), (2, 5, 3), (2, 0, 3)])
def test_shapes_are_kept(shape):
    rotvec = np.random.default_rng(0).normal(size=shape)
    assert quaternion_from_rotvec(rotvec).shape == (*shape[:-1], 4)
    assert matrix_from_rotvec(rotvec).shape == (*shape[:-1], 3, 3)
    assert euler_xyz_from_rotvec(rotvec).shape == shape
    assert rotvec_from_euler_xyz(rotvec).shape == shape
    back = rotvec_from_quaternion(quaternion_from_rotvec(rotvec))
    assert back.shape == shape
    assert angle_between(back, rotvec) == pytest.approx(0, abs=1e-7)


def test_read_only_input():
    rotvec = np.ones((2, 5, 3))
    rotvec.setflags(write=False)
    assert np.array_equal(euler_xyz_unwrapped(rotvec), euler_xyz_unwrapped(rotvec.copy()))
    quaternion = quaternion_from_rotvec(rotvec)
    quaternion.setflags(write=False)
    assert np.allclose(rotvec_from_quaternion(quaternion), rotvec)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r'rotvec must have shape \(\.\.\., 3\)'):
        quaternion_from_rotvec(np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r'\(F, J, 3\)'):
        euler_xyz_unwrapped(np.zeros((2, 3)))
    with pytest.raises(ValueError, match='previous'):
        euler_xyz_unwrapped(np.zeros((2, 5, 3)), previous=np.zeros((4, 3)))


@pytest.mark.parametrize('seed', range(6))
def test_unwrapped_angles_follow_smooth_joints(seed):
    """Joints that turn more than once about every axis, past both poles, come back as they are."""
    true = smooth_angles(seed, frames=3000, joints=12, reach=6.0)
    assert np.abs(true).max() > 2 * np.pi
    assert np.cos(true[..., 1]).min() < -0.99
    angles = euler_xyz_unwrapped(rotvec_from_euler_xyz(true), previous=true[0])
    assert np.abs(angles - true).max() < 1e-4
    error = angle_between(rotvec_from_euler_xyz(angles), rotvec_from_euler_xyz(true))
    assert error.max() < 1e-4


@pytest.mark.parametrize('seed', range(4))
def test_smooth_orientations_near_the_poles_are_met_exactly(seed):
    """Free turning, float32: angles are the orientation's in every frame, steps below a turn."""
    rng = np.random.default_rng(seed)
    knots = Rotation.random(8, random_state=rng)
    rotvec = Slerp(np.arange(8), knots)(np.linspace(0, 7, 2000)).as_rotvec()
    rotvec = rotvec[:, None].astype(np.float32)
    angles = euler_xyz_unwrapped(rotvec)
    assert angle_between(rotvec_from_euler_xyz(angles), rotvec).max() < 5e-5
    assert np.abs(np.diff(angles, axis=0)).max() < np.pi


@pytest.mark.parametrize('sign', [1, -1])
@pytest.mark.parametrize('dtype', [np.float64, np.float32])
def test_straight_through_the_pole(sign, dtype):
    """A joint that turns about y alone, all the way round, has x = z = 0 all the way."""
    true = np.zeros((721, 1, 3))
    true[:, 0, 1] = sign * np.deg2rad(np.arange(721))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        angles = euler_xyz_unwrapped(rotvec_from_euler_xyz(true).astype(dtype))
    assert np.abs(angles - true).max() < 5e-4


def test_at_the_pole_the_last_split_is_kept():
    """With y at 90 degrees only x + z shows; a turn there is shared by both, without a jump."""
    true = np.zeros((50, 1, 3))
    true[:, 0, 0] = np.linspace(0.5, 2.5, 50)
    true[:, 0, 1] = np.pi / 2
    start = np.array([[0.5, np.pi / 2, 0.0]])
    angles = euler_xyz_unwrapped(rotvec_from_euler_xyz(true), previous=start)
    assert np.abs(angles[:, 0, 0] + angles[:, 0, 2] - true[:, 0, 0]).max() < 1e-4
    assert np.abs(np.diff(angles, axis=0)).max() < 0.05


def test_a_motion_cut_anywhere_gives_the_same_angles():
    rotvec = rotvec_from_euler_xyz(smooth_angles(1, frames=200, joints=47, reach=4.0))
    whole = euler_xyz_unwrapped(rotvec)
    previous = None
    parts = []
    for start, end in [(0, 1), (1, 34), (34, 35), (35, 200)]:
        parts.append(euler_xyz_unwrapped(rotvec[start:end], previous))
        previous = parts[-1][-1]
    assert np.array_equal(np.concatenate(parts), whole)


def test_angles_start_near_zero():
    """Of both sets the smaller one: an arm at y = 100 degrees is not written as half turns."""
    rotvec = rotvec_from_euler_xyz(np.deg2rad([5.0, 100.0, -5.0]))
    assert np.allclose(np.rad2deg(euler_xyz_from_rotvec(rotvec)), [5, 100, -5])


def test_slerp_agrees_with_scipy():
    rng = np.random.default_rng(5)
    first, second = Rotation.random(40, random_state=1), Rotation.random(40, random_state=2)
    fractions = rng.uniform(size=40)
    mixed = slerp(first.as_quat(), second.as_quat(), fractions)
    for index in range(40):
        ends = Rotation.concatenate([first[index], second[index]])
        expected = Slerp([0, 1], ends)(fractions[index])
        assert (expected.inv() * Rotation.from_quat(mixed[index])).magnitude() < 1e-7


def test_slerp_ends_short_way_and_equal_inputs():
    first = quaternion_from_rotvec([0.0, 0.0, 0.3])
    second = quaternion_from_rotvec([0.0, 0.0, 1.1])
    assert np.allclose(slerp(first, second, 0.0), first)
    assert np.allclose(slerp(first, second, 1.0), second)
    assert np.allclose(rotvec_from_quaternion(slerp(first, -second, 0.5)), [0, 0, 0.7])
    assert np.allclose(slerp(first, first, 0.3), first)
    assert np.allclose(slerp(first, -first, 0.3), first)
    batch = slerp(np.tile(first, (2, 47, 1)), second, 0.5)
    assert batch.shape == (2, 47, 4)
    assert np.allclose(np.linalg.norm(batch, axis=-1), 1)


def test_rates():
    times = np.arange(6) / 15
    values = np.stack([times**2, 3 * times], axis=-1)
    assert np.allclose(rates(values, 15.0)[1:-1], np.stack([2 * times, 0 * times + 3], -1)[1:-1])
    assert np.array_equal(rates(np.ones((1, 4, 3)), 15.0), np.zeros((1, 4, 3)))
    with pytest.raises(ValueError, match='fps'):
        rates(values, 0.0)
