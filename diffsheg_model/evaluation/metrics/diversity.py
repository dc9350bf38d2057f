"""Diversity of motions.

    L1 diversity   mean_t sum_c |x[t,c] - mean_t x[t,c]|      (BEAT release, `L1div`)
    pair distance  2 / (N (N - 1)) sum_{i<j} d(x_i, x_j)      (DiffSHEG, arXiv 2401.04747, sec. 4.2)

with d the L1 or the Euclidean distance.
"""

import itertools

import numpy as np

from diffsheg_model.errors import InputError


def l1_diversity(motion: np.ndarray) -> float:
    """Return the mean L1 distance of the frames from the mean pose.

    Args:
        motion: (F, C).
    """
    motion = np.asarray(motion, np.float64)
    if motion.ndim != 2 or not len(motion):
        raise InputError(f'motion has shape {motion.shape}: must be (frames, channels), not empty')
    return float(np.abs(motion - motion.mean(axis=0)).sum(axis=1).mean())


def pair_distance(features: np.ndarray, order: int = 1) -> float:
    """Return the mean distance of all pairs.

    Args:
        features: (N, D), N at least 2: features of an auto-encoder, or flattened clips.
        order: 1 for L1, 2 for the Euclidean distance.
    """
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or len(features) < 2:
        raise InputError(f'features have shape {features.shape}: diversity needs 2 samples or more')
    pairs = itertools.combinations(features, 2)
    return float(np.mean([np.linalg.norm(a - b, ord=order) for a, b in pairs]))


def position_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean distance of joints between two motions, frame by frame, in metres.

    Args:
        first, second: (F, K, 3) joint positions, metres.
    """
    if np.shape(first) != np.shape(second):
        raise InputError(f'the motions have shapes {np.shape(first)} and {np.shape(second)}')
    return float(np.linalg.norm(np.subtract(first, second), axis=-1).mean())
