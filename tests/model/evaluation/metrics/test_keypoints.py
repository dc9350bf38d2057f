"""Shares of correct joints and parameters with known answers."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.keypoints import pck, pcm


def test_pck_of_a_shifted_skeleton():
    captured = np.random.default_rng(0).uniform(size=(10, 4, 3))
    moved = captured.copy()
    moved[:, 0] += [0.2, 0, 0]
    assert pck(captured, captured) == 1
    assert pck(moved, captured) == pytest.approx(0.75)
    assert pck(moved, captured, threshold_m=0.21) == 1
    with pytest.raises(InputError, match='same shape'):
        pck(captured[:5], captured)


def test_pcm_counts_parameters():
    captured = np.zeros((2, 4))
    assert pcm(np.array([[0.0, 0.05, 0.2, 0.3]] * 2), captured) == pytest.approx(0.5)
