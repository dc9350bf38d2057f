"""Curves over time with known values."""

import numpy as np
import pytest

from diffsheg_model.data.corpus.teacher.curves import (
    bump,
    key_path,
    minimum_jerk,
    slow_gate,
    wander,
)


def test_a_step_starts_and_ends_at_rest():
    np.testing.assert_allclose(minimum_jerk(np.array([-1.0, 0, 0.5, 1, 2])), [0, 0, 0.5, 1, 1])
    assert np.abs(np.gradient(minimum_jerk(np.linspace(0, 1, 1001)))[[0, -1]]).max() < 1e-6


def test_a_path_passes_its_key_points_and_stays_at_its_ends():
    values = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 0.0]])
    path = key_path(np.array([0.0, 1.0, 2.0, 4.0, 9.0]), [1.0, 2.0, 4.0], values)
    np.testing.assert_allclose(path, values[[0, 0, 1, 2, 2]])
    np.testing.assert_array_equal(key_path(np.arange(3.0), [1.0], values[:1]), values[[0, 0, 0]])


def test_a_bump_peaks_where_it_should():
    curve = bump(np.array([0.0, 1.0, 2.0, 4.0, 5.0]), 1.0, 2.0, 4.0)
    np.testing.assert_allclose(curve, [0, 0, 1, 0, 0])


def test_drift_has_mean_0_and_deviation_1():
    curves = wander(np.random.default_rng(0), 20000, 15.0, 2.0, 2)
    assert curves.shape == (20000, 2)
    assert curves.mean() == pytest.approx(0, abs=0.1)
    assert curves.std() == pytest.approx(1, abs=0.1)


def test_a_gate_rises_and_falls_at_different_speeds():
    gate = slow_gate(np.r_[np.zeros(5), np.ones(30), np.zeros(30)], 15.0, 0.2, 2.0)
    assert gate[4] == 0 and gate[34] > 0.99
    assert gate[35 + 15] > 0.5, 'half of the fall takes longer than a second'
