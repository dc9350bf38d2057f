"""Recognition of styles from statistics of motion."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.styles import motion_statistics, style_accuracy

FPS = 15.0


def test_styles_that_differ_are_recognised_and_equal_ones_by_chance():
    random = np.random.default_rng(0)
    labels = np.tile(np.arange(4), 20)
    groups = np.repeat(np.arange(20), 4)
    features = random.standard_normal((80, 6))
    assert style_accuracy(features, labels, groups) < 0.5
    features[:, 2] += 10 * labels
    assert style_accuracy(features, labels, groups) == 1
    # A feature of large scale that says nothing does not hide the one that tells.
    features[:, 3] *= 1e4
    assert style_accuracy(features, labels, groups) == 1


def test_styles_need_two_seeds_each():
    with pytest.raises(InputError, match='two styles'):
        style_accuracy(np.zeros((2, 3)), np.array([0, 1]), np.array([0, 0]))
    with pytest.raises(InputError, match='group 0 only'):
        style_accuracy(np.zeros((3, 3)), np.array([0, 1, 0]), np.array([0, 0, 1]))


def test_statistics_of_a_circling_joint():
    angle = 2 * np.pi * np.arange(150) / 150
    circle = np.stack([np.cos(angle), np.sin(angle), np.full(150, 2.0)], axis=-1)[:, None]
    expected = 2 * np.sin(np.pi / 150) * FPS
    np.testing.assert_allclose(
        motion_statistics(circle, FPS), [0, 0, 2, 1, expected, expected], atol=1e-9
    )
