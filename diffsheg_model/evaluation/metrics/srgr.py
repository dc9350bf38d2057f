"""SRGR: share of correct joints, weighted by the semantic score of the gesture."""

import numpy as np

from diffsheg_model.errors import InputError

THRESHOLD = 0.1
"""Radians, largest L1 difference of a correct joint, as in BEAT."""

BEAT_SEMANTIC_MEAN = 0.165
"""Mean semantic score of BEAT's test set; the BEAT release divides by it."""


def srgr(
    predicted: np.ndarray,
    captured: np.ndarray,
    semantic: np.ndarray,
    threshold: float = THRESHOLD,
    semantic_mean: float | None = BEAT_SEMANTIC_MEAN,
) -> float:
    """Return the semantic-relevant gesture recall (Liu et al., arXiv 2203.05297, section 5).

        1 / (F J) sum_t lambda_t / mean(lambda) sum_j 1[|p_tj - p'_tj|_1 < threshold]

    Args:
        predicted, captured: (F, J, 3) rotations, rad.
        semantic: (F,) semantic score lambda, 0 or more.
        threshold: largest L1 difference of a correct joint.
        semantic_mean: divisor of lambda. BEAT's constant compares with published figures, and may
            give more than 1 on other data. None is the mean of `semantic`: then 1 is the maximum.

    Raises:
        InputError: shapes differ, or no semantic score is above 0.
    """
    predicted, captured = np.asarray(predicted, np.float64), np.asarray(captured, np.float64)
    semantic = np.asarray(semantic, np.float64)
    if predicted.shape != captured.shape or captured.ndim != 3 or not captured.size:
        raise InputError(
            f'generated {predicted.shape} and captured {captured.shape} must both be '
            '(frames, joints, 3), not empty'
        )
    if semantic.shape != (len(captured),):
        raise InputError(
            f'semantic scores have shape {semantic.shape}: must be ({len(captured)},), one a frame'
        )
    scale = float(semantic.mean()) if semantic_mean is None else semantic_mean
    if not scale > 0:
        raise InputError('SRGR needs a semantic score above 0 somewhere: this recording has none')
    right = np.abs(predicted - captured).sum(axis=-1) < threshold
    return float((right * (semantic / scale)[:, None]).mean())
