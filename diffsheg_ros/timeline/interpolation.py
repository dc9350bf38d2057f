"""Smooth curves through frames of motion, from each frame's neighbours only.

Between two frames everything is a cubic of time with the frames' values and velocities at its ends.
So the motion passes through the frames and its velocity never jumps. A frame's velocity depends on
the frames before and after it and on nothing else. So later frames may change without moving the
pose shown now.

Weights take the slopes of Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5, 1984), as
scipy's PchipInterpolator: a curve never leaves the range of the two frames around it. A rotation's
curve lies in the tangent space at the earlier frame, so it has no preferred axes:
R(t) = exp(c(t)) R_0. The cubic c goes from 0 to log(R_1 R_0^-1). It begins and ends with the
frames' angular velocities, at the end through the inverse of the exponential's left Jacobian.
"""

import numpy as np

from diffsheg_model.motion.rotations import Array, quaternion_product, rotvec_from_quaternion


def turns_between(rotations: Array) -> Array:
    """Return (F - 1, J, 3) rad, the shortest turns between F rotations (F, J, 4)."""
    return rotvec_from_quaternion(
        quaternion_product(rotations[1:], rotations[:-1] * (-1, -1, -1, 1))
    )


def monotone_slopes(steps_s: Array, slopes: Array) -> Array:
    """Return slopes between segments: 0 at a peak, else a mean nearer to the flatter side.

    Args:
        steps_s: (S,) lengths of the segments.
        slopes: (S, W) rise per second of each.

    Returns:
        (S - 1, W).
    """
    first, second = steps_s[:-1, None], steps_s[1:, None]
    before, after = slopes[:-1], slopes[1:]
    monotone = before * after > 0
    before, after = np.where(monotone, before, 1.0), np.where(monotone, after, 1.0)
    nearer, farther = 2 * second + first, second + 2 * first
    mean = (nearer + farther) / (nearer / before + farther / after)
    return np.where(monotone, mean, 0.0)


def mean_slopes(steps_s: Array, slopes: Array) -> Array:
    """Return slopes between segments by parabolas: (S, D) of segments to (S - 1, D)."""
    first, second = steps_s[:-1, None], steps_s[1:, None]
    return (second * slopes[:-1] + first * slopes[1:]) / (first + second)


def cubics(steps_s: Array, rises: Array, starts: Array, ends: Array) -> Array:
    """Return cubics that rise from 0, in powers of the seconds since their segment's beginning.

    Args:
        steps_s: (S,) lengths of the segments.
        rises: (S, D) rise of each.
        starts: (S, D) slope at each beginning.
        ends: (S, D) slope at each end.

    Returns:
        (S, 2, D) the factors of the square and of the cube; that of the first power is `starts`.
    """
    step = steps_s[:, None]
    slope = rises / step
    square = (3 * slope - 2 * starts - ends) / step
    cube = (starts + ends - 2 * slope) / step**2
    return np.stack([square, cube], axis=1)


def rotvec_rates(rotvecs: Array, spins: Array) -> Array:
    """Return the rates of axis-angle vectors (..., 3) while their rotations turn by `spins`.

    The inverse of the exponential map's left Jacobian; for vectors up to pi long.
    All have shape (..., 3).
    """
    angle = np.sqrt(np.einsum('...i,...i->...', rotvecs, rotvecs))[..., None]
    small = angle < 1e-3
    half = np.where(small, 1.0, angle / 2)
    factor = np.where(small, 1 / 12, (1 - half / np.tan(half)) / (4 * half**2))
    across = np.cross(rotvecs, spins)
    return spins - across / 2 + factor * np.cross(rotvecs, across)
