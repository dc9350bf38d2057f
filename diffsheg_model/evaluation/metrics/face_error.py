"""How far the generated face is from the captured one, weight by weight."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError


def face_l1(predicted: np.ndarray, captured: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean absolute difference of weights, 1 / (F W) sum |w - w'|.

    Source: as BEAT's and EMAGE's face losses (arXiv 2401.00374, section 5), on weights here.

    Args:
        predicted, captured: (F, W).
        mask: (W,) bool, the weights that were captured; all where left out.
    """
    return float(np.abs(_difference(predicted, captured, mask)).mean())


def face_mse(predicted: np.ndarray, captured: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean square difference of weights, 1 / (F W) sum (w - w')^2.

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
