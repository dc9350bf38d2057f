"""Semantic-relevant gesture recall with known answers."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.srgr import srgr


def test_srgr_weights_by_meaning():
    captured = np.zeros((4, 2, 3))
    semantic = np.array([0.0, 0, 1, 1])
    assert srgr(captured, captured, semantic, semantic_mean=None) == 1
    assert srgr(captured, captured, np.full(4, 0.165)) == pytest.approx(1)
    wrong = captured.copy()
    wrong[2, 0] = 0.04  # 0.12 in all
    assert srgr(wrong, captured, semantic, semantic_mean=None) == pytest.approx(0.75)
    wrong = captured.copy()
    wrong[0] = 1  # where nothing is meant
    assert srgr(wrong, captured, semantic, semantic_mean=None) == 1
    with pytest.raises(InputError, match='semantic score above 0'):
        srgr(captured, captured, np.zeros(4), semantic_mean=None)
    with pytest.raises(InputError, match='one a frame'):
        srgr(captured, captured, semantic[:2])
