"""Differences of weights with known answers."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.face_error import face_l1, face_mse


def test_face_errors_of_the_captured_weights_only():
    captured = np.zeros((3, 2))
    predicted = np.array([[0.1, 1.0]] * 3)
    mask = np.array([True, False])
    assert face_l1(predicted, captured) == pytest.approx(0.55)
    assert face_l1(predicted, captured, mask) == pytest.approx(0.1)
    assert face_mse(predicted, captured, mask) == pytest.approx(0.01)
    with pytest.raises(InputError, match='no captured weight'):
        face_mse(predicted, captured, np.array([False, False]))
    with pytest.raises(InputError, match='same shape'):
        face_l1(predicted[:2], captured)
