"""Curves through frames: slopes, and rotations in their tangent space."""

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator
from scipy.spatial.transform import Rotation

from diffsheg_ros.timeline.interpolation import (
    cubics,
    mean_slopes,
    monotone_slopes,
    rotvec_rates,
    turns_between,
)


def uneven(seed: int, frames: int = 40, width: int = 7):
    random = np.random.default_rng(seed)
    times = np.cumsum(random.uniform(0.02, 0.3, frames))
    values = random.standard_normal((frames, width))
    values[10:14] = values[10]  # a plateau
    return times, values


@pytest.mark.parametrize('seed', range(3))
def test_monotone_slopes_are_those_of_pchip(seed):
    times, values = uneven(seed)
    steps = np.diff(times)
    slopes = monotone_slopes(steps, np.diff(values, axis=0) / steps[:, None])
    expected = PchipInterpolator(times, values).derivative()(times[1:-1])
    np.testing.assert_allclose(slopes, expected, atol=1e-12)


def test_mean_slopes_are_those_of_the_parabola_through_three_frames():
    times = np.array([0.0, 0.1, 0.4])
    values = np.stack([2 * times**2 - times, times], axis=1)
    steps = np.diff(times)
    slopes = mean_slopes(steps, np.diff(values, axis=0) / steps[:, None])
    np.testing.assert_allclose(slopes, [[4 * 0.1 - 1, 1.0]], atol=1e-12)


def test_cubics_are_those_of_hermite():
    times, values = uneven(5)
    slopes = np.random.default_rng(6).standard_normal(values.shape)
    factors = cubics(np.diff(times), np.diff(values, axis=0), slopes[:-1], slopes[1:])
    expected = CubicHermiteSpline(times, values, slopes).c
    np.testing.assert_allclose(factors[:, 0], expected[1], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(factors[:, 1], expected[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('size', [0.0, 1e-7, 5e-4, 1e-2, 1.0, 3.0, np.pi - 1e-6])
def test_rotvec_rates_turn_the_rotation_as_asked(size):
    random = np.random.default_rng(3)
    rotvecs = random.standard_normal((50, 3))
    rotvecs *= size / np.linalg.norm(rotvecs, axis=1, keepdims=True)
    spins = random.standard_normal((50, 3))
    step = 1e-6
    rates = rotvec_rates(rotvecs, spins)
    before, after = (Rotation.from_rotvec(rotvecs + sign * step * rates) for sign in (-1, 1))
    measured = (after * before.inv()).as_rotvec() / (2 * step)
    np.testing.assert_allclose(measured, spins, atol=1e-8 / max(size, 1e-2))


def test_turns_take_the_short_way_whatever_the_signs():
    rotations = Rotation.from_rotvec([[0, 0, 0.2], [0, 0, 3.0], [0, 0, -3.0]])
    quaternions = rotations.as_quat()[:, None] * np.array([1, -1, 1])[:, None, None]
    turns = turns_between(quaternions)[:, 0]
    np.testing.assert_allclose(turns, [[0, 0, 2.8], [0, 0, 2 * np.pi - 6.0]], atol=1e-12)
