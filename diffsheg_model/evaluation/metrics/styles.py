"""Distinctness of styles: classification of motions by their statistics."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError

Array = NDArray[np.float64]


def motion_statistics(positions: np.ndarray, fps: float) -> Array:
    """Return statistics (6 K,) of a motion: position, extent and speed of its joints.

    For each of K joints: mean position (3), root mean square distance from it (1), and the
    median and 95th percentile of its speed (2).

    Args:
        positions: (F, K, 3) joint positions, metres, F at least 2.
        fps: frames a second.
    """
    from diffsheg_model.evaluation.metrics.dynamics import speed

    positions = np.asarray(positions, np.float64)
    mean = positions.mean(axis=0)
    spread = np.sqrt(np.square(positions - mean).sum(axis=-1).mean(axis=0))
    speeds = speed(positions, fps)
    return np.concatenate(
        [
            mean.ravel(),
            spread,
            np.median(speeds, axis=0),
            np.percentile(speeds, 95, axis=0),
        ]
    )


def style_accuracy(features: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    """Return the share of motions with the right style by nearest centroid.

    Leave-one-group-out: a motion is compared with the mean features of every style over all other
    groups (seeds, recordings). Features are divided by their deviation within those styles.
    Chance is 1 / number of styles. Nearest centroid: Hastie et al., The Elements of Statistical
    Learning, section 4.3 (linear discriminants with a diagonal covariance).

    Args:
        features: (N, D).
        labels: (N,) style of each motion.
        groups: (N,) group of each motion.

    Raises:
        InputError: fewer than two styles or groups, or a style in only one group.
    """
    features = np.asarray(features, np.float64)
    labels, groups = np.asarray(labels), np.asarray(groups)
    styles = np.unique(labels)
    if len(styles) < 2 or len(np.unique(groups)) < 2:
        raise InputError('telling styles apart needs at least two styles and two seeds of each')
    right = 0
    for group in np.unique(groups):
        known, asked = groups != group, groups == group
        if set(labels[known]) != set(styles):
            raise InputError(f'a style occurs in group {group} only: give two seeds of each')
        centroids = np.stack([features[known & (labels == style)].mean(axis=0) for style in styles])
        within = features[known] - centroids[np.searchsorted(styles, labels[known])]
        # A floor keeps nearly constant features of few examples from dominating.
        scale = np.sqrt(np.square(within).mean(axis=0))
        scale = np.maximum(scale, 0.1 * features[known].std(axis=0) + 1e-12)
        distances = np.linalg.norm((features[asked][:, None] - centroids[None]) / scale, axis=-1)
        right += np.count_nonzero(styles[distances.argmin(axis=1)] == labels[asked])
    return right / len(labels)
