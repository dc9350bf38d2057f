"""Seams between windows, on curves with known jumps."""

import numpy as np
import pytest

from diffsheg_model.evaluation.metrics.seams import (
    seam_profile,
    seam_ratio,
    seam_starts,
    step_sizes,
)


def test_seam_starts_are_where_the_next_windows_begin():
    assert seam_starts(100, 34, 4) == [30, 60, 90]
    assert seam_starts(34, 34, 4) == []
    assert seam_starts(35, 34, 4) == [30]
    assert seam_starts(68, 34, 0) == [34]


def test_a_made_step_at_the_seams_shows_and_only_there():
    starts = seam_starts(100, 34, 4)
    walk = np.arange(100.0)[:, None]
    assert seam_ratio(walk, starts, 4) == pytest.approx(1)
    np.testing.assert_allclose(seam_profile(walk, starts, 4), 1)
    jump = walk.copy()
    for start in starts:
        jump[start:] += 5
    assert seam_ratio(jump, starts, 4) == pytest.approx((6 + 4) / 5)
    np.testing.assert_allclose(seam_profile(jump, starts, 4), [6, 1, 1, 1, 1])
    elsewhere = walk.copy()
    elsewhere[15:] += 5
    assert seam_ratio(elsewhere, starts, 4) < 1
    assert np.isnan(seam_ratio(walk, [], 4))
    assert np.isnan(seam_ratio(np.zeros((100, 1)), starts, 4))


def test_steps_are_distances_over_all_channels():
    np.testing.assert_allclose(step_sizes(np.array([[[0.0, 0]], [[3, 4]]])), [5])
