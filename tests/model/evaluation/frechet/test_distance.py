"""The Frechet distance of sets of features with known Gaussians."""

import numpy as np
import pytest
import scipy.linalg

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.frechet.distance import frechet_distance

RANDOM = np.random.default_rng(0)


def whitened(samples: int, width: int) -> np.ndarray:
    """Samples with a mean of exactly 0 and a covariance of exactly 1."""
    values = RANDOM.standard_normal((samples, width))
    values -= values.mean(axis=0)
    return values @ np.linalg.inv(np.linalg.cholesky(np.cov(values, rowvar=False)).T)


def test_equal_sets_have_no_distance():
    values = RANDOM.standard_normal((50, 8))
    assert frechet_distance(values, values) == pytest.approx(0, abs=1e-9)


def test_a_shift_counts_its_square():
    values = whitened(100, 4)
    assert frechet_distance(values, values + [3, 4, 0, 0]) == pytest.approx(25)


def test_scales_count_the_squared_difference_of_deviations():
    first = whitened(60, 3) * [1, 2, 3]
    second = whitened(80, 3) * [2, 2, 5]
    assert frechet_distance(first, second) == pytest.approx(1 + 0 + 4)


def test_correlated_features_agree_with_the_textbook_formula():
    first = whitened(200, 5) @ RANDOM.standard_normal((5, 5)) + 0.3
    second = whitened(300, 5) @ RANDOM.standard_normal((5, 5))
    c1, c2 = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    gap = first.mean(axis=0) - second.mean(axis=0)
    expected = gap @ gap + np.trace(c1 + c2 - 2 * scipy.linalg.sqrtm(c1 @ c2).real)
    assert frechet_distance(first, second) == pytest.approx(expected)
    assert frechet_distance(second, first) == pytest.approx(expected)


def test_features_that_never_vary_do_no_harm():
    first, second = whitened(40, 3) * [1, 0, 1e-12], whitened(40, 3) * [1, 0, 0]
    assert frechet_distance(first, second) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(first, second + [0, 2, 0]) == pytest.approx(4)


@pytest.mark.parametrize(
    ('first', 'second', 'message'),
    [
        ((8, 8), (50, 8), 'too few'),
        ((50, 8), (2, 8), 'too few'),
        ((50, 8), (50, 7), 'same auto-encoder'),
        ((50,), (50, 8), 'samples, width'),
    ],
)
def test_sets_without_a_distance_are_refused(first, second, message):
    with pytest.raises(InputError, match=message):
        frechet_distance(np.ones(first), np.ones(second))


def test_features_that_are_not_finite_are_refused():
    values = RANDOM.standard_normal((50, 8))
    values[3, 3] = np.nan
    with pytest.raises(InputError, match='NaN'):
        frechet_distance(values, values)
