"""PCK and PCM: shares of correct joints and of correct parameters."""

import numpy as np

from diffsheg_model.errors import InputError

PCK_M = 0.1
PCM_DELTA = 0.1


def _same_shape(predicted: np.ndarray, captured: np.ndarray) -> None:
    if np.shape(predicted) != np.shape(captured) or not np.size(captured):
        raise InputError(
            f'generated {np.shape(predicted)} and captured {np.shape(captured)} must have the same '
            'shape, not empty'
        )


def pck(predicted: np.ndarray, captured: np.ndarray, threshold_m: float = PCK_M) -> float:
    """Return the share of correct keypoints: joints within a threshold of the captured ones.

        1 / (F K) #{|p - p'| < threshold}

    Source: Yang and Ramanan, Articulated human detection with flexible mixtures of parts, 2013;
    for gestures Ginosar et al., arXiv 1906.04160, section 5.2.

    Args:
        predicted, captured: (F, K, 3) joint positions on one skeleton, metres.
        threshold_m: metres.
    """
    _same_shape(predicted, captured)
    distances = np.linalg.norm(np.subtract(predicted, captured, dtype=np.float64), axis=-1)
    return float((distances < threshold_m).mean())


def pcm(predicted: np.ndarray, captured: np.ndarray, delta: float = PCM_DELTA) -> float:
    """Return the share of correct motion parameters (arXiv 2401.04747, section 4).

        1 / (F C) #{|x - x'| < delta}

    This is the counterpart of PCK for rotations (rad) and weights.

    Args:
        predicted, captured: (F, C) parameters.
        delta: largest correct difference, in the unit of the parameters.
    """
    _same_shape(predicted, captured)
    return float((np.abs(np.subtract(predicted, captured, dtype=np.float64)) < delta).mean())
