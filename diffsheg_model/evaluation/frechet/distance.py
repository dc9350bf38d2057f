"""Frechet distance of two sets of features: FMD, FED or FGD, depending on the features."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the squared Frechet (2-Wasserstein) distance of Gaussians fitted to two sets.

        |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2)

    with means m and covariances C (Dowson and Landau 1982). Uses: FID (Heusel et al., arXiv
    1706.08500, section 4); gestures (Yoon et al., arXiv 2009.02119, section 5.2); FMD, FED and FGD
    (arXiv 2401.04747, section 4.1). The square root is that of a symmetric matrix, by eigenvalues.
    So covariances may be singular (constant features), and the result is real.

    Args:
        first, second: (N1, D) and (N2, D) features, with N1 and N2 above D.

    Returns:
        0 or more; 0 for equal means and covariances.

    Raises:
        InputError: the widths differ, a value is not finite, or there are too few samples for a
            covariance of full rank.
    """
    sets = [_checked(first, 'first'), _checked(second, 'second')]
    if sets[0].shape[1] != sets[1].shape[1]:
        raise InputError(
            f'features have {sets[0].shape[1]} and {sets[1].shape[1]} channels: both sets must '
            'come from the same auto-encoder'
        )
    means = [values.mean(axis=0) for values in sets]
    first_root, second_root = (_covariance_root(values) for values in sets)
    # With C = R R^T, (C1^1/2 C2 C1^1/2)^1/2 has the singular values of R1^T R2 as eigenvalues.
    cross = np.linalg.svd(first_root.T @ second_root, compute_uv=False).sum()
    spread = np.square(first_root).sum() + np.square(second_root).sum() - 2 * cross
    return float(np.square(means[0] - means[1]).sum() + max(spread, 0.0))


def _checked(features: np.ndarray, name: str) -> NDArray[np.float64]:
    values = np.asarray(features, np.float64)
    if values.ndim != 2:
        raise InputError(f'the {name} features have shape {values.shape}: must be (samples, width)')
    if not np.isfinite(values).all():
        raise InputError(f'the {name} features hold NaN or infinity')
    samples, width = values.shape
    if samples <= width:
        raise InputError(
            f'{samples} samples are too few for a covariance of {width} features: give more than '
            f'{width} windows (longer recordings, a smaller stride) or a smaller latent'
        )
    return values


def _covariance_root(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return R (D, D) with R R^T = covariance, computed from the samples directly.

    The singular values of the centred samples keep digits that a covariance matrix loses.
    """
    centred = (values - values.mean(axis=0)) / np.sqrt(len(values) - 1)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(directions.T * sizes)
