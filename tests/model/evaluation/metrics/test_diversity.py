"""Diversity of motions with known answers."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.diversity import (
    l1_diversity,
    pair_distance,
    position_difference,
)


def test_l1_diversity_and_pair_distances_by_hand():
    assert l1_diversity(np.array([[0.0, 0], [2, 4]])) == pytest.approx(3)
    assert l1_diversity(np.ones((5, 3))) == 0
    points = np.array([[0.0, 0], [3, 4], [0, 0]])
    assert pair_distance(points) == pytest.approx((7 + 0 + 7) / 3)
    assert pair_distance(points, order=2) == pytest.approx(10 / 3)
    with pytest.raises(InputError, match='2 samples'):
        pair_distance(points[:1])
    with pytest.raises(InputError, match='not empty'):
        l1_diversity(np.zeros((0, 3)))


def test_position_difference_is_the_mean_distance():
    first = np.zeros((4, 2, 3))
    second = first + [0.0, 0.03, 0.04]
    assert position_difference(first, second) == pytest.approx(0.05)
    assert position_difference(first, first) == 0
    with pytest.raises(InputError, match='shapes'):
        position_difference(first, second[:2])
