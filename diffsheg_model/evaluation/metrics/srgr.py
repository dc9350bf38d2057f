"""SRGR: how many joints are right where the gesture means something."""

import numpy as np

from diffsheg_model.errors import InputError

THRESHOLD = 0.1
"""Largest difference of a joint that is right, summed over its three components: BEAT's."""

BEAT_SEMANTIC_MEAN = 0.165
"""Mean semantic score of BEAT's test set, by which the BEAT release divides."""


def srgr(
    predicted: np.ndarray,
    captured: np.ndarray,
    semantic: np.ndarray,
    threshold: float = THRESHOLD,
    semantic_mean: float | None = BEAT_SEMANTIC_MEAN,
) -> float:
    """Semantic-relevant gesture recall (Liu et al., arXiv 2203.05297, section 5, and its release).

        1 / (F J) sum_t lambda_t / mean(lambda) sum_j 1[|p_tj - p'_tj|_1 < threshold]

    Args:
        predicted, captured: (F, J, 3) rotations, rad (the release takes them as they are).
        semantic: (F,) semantic score lambda, 0 or more.
        threshold: of a joint's L1 difference.
        semantic_mean: what lambda is divided by; BEAT's constant for figures that compare with
            published ones, which may pass 1 on other data; None for the mean of `semantic`, with
            which all joints right give exactly 1.

    Raises:
        InputError: shapes that do not fit, or no semantic score above 0 to weight with.
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
