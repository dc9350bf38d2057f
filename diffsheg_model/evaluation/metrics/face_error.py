"""Difference of the weights of the generated and the captured face."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError


def face_l1(predicted: np.ndarray, captured: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Return the mean absolute difference of weights, 1 / (F W) sum |w - w'|.

    Source: the face losses of BEAT and EMAGE (arXiv 2401.00374, section 5), here on weights.

    Args:
        predicted, captured: (F, W).
        mask: (W,) bool, the captured weights; None for all.
    """
    return float(np.abs(_difference(predicted, captured, mask)).mean())


def face_mse(predicted: np.ndarray, captured: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Return the mean square difference of weights, 1 / (F W) sum (w - w')^2.

    Arguments and source as for `face_l1`.
    """
    return float(np.square(_difference(predicted, captured, mask)).mean())


def _difference(
    predicted: np.ndarray, captured: np.ndarray, mask: np.ndarray | None
) -> NDArray[np.float64]:
    if np.shape(predicted) != np.shape(captured):
        raise InputError(
            f'generated {np.shape(predicted)} and captured {np.shape(captured)} weights must have '
            'the same shape'
        )
    difference = np.subtract(predicted, captured, dtype=np.float64)
    if mask is not None:
        difference = difference[:, np.asarray(mask, bool)]
    if not difference.size:
        raise InputError('no captured weight to compare with')
    return np.asarray(difference)
