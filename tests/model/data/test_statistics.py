"""Mean and deviation of columns."""

import numpy as np

from diffsheg_model.data.statistics import Moments, settle


def test_blocks_give_the_statistics_of_all_rows():
    rows = np.random.default_rng(0).normal(10, 1, (50, 3))
    moments = Moments(3)
    moments.add(rows[:20], np.array([True, True, False]))
    moments.add(rows[20:], np.array([True, True, False]))
    mean, std = moments.result()
    np.testing.assert_allclose(mean[:2], rows[:, :2].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(std[:2], rows[:, :2].std(axis=0), rtol=1e-4)
    assert mean[2] == std[2] == 0, 'a column without rows'


def test_columns_below_the_floor_are_still():
    np.testing.assert_array_equal(settle(np.array([0.5, 1e-4, 0.0]), 1e-3), [0.5, 0, 0])
