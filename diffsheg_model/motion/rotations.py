"""Rotations: axis-angle, unit quaternions (x, y, z, w) and the three angles of a BVH joint.

Everything is in radians, in float64, over any leading shape. Euler angles are intrinsic X, Y, Z,
that is R = Rx Ry Rz: the order of the channels in a BEAT recording and of the three revolute
joints `<joint>_x`, `<joint>_y`, `<joint>_z` that are published.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]

TURN = 2 * np.pi

#: Cosine of the middle angle, 6e-4 degrees from the pole. Below it only the sum of the outer angles
#: is used: each of them is float32 rounding of the input.
_POLE_COSINE = 1e-5

#: Divisor that replaces 0.
_TINY = 1e-300

#: Factors from one set of angles to the other, before a half turn of all three.
_MIRROR = np.array([1.0, -1.0, 1.0])

#: Radians. The two sets of angles of an orientation are at least pi * sqrt(2) apart. Angles that
#: moved less than half of that, with a margin for rounding, stay in the same set.
_SURELY_NEAREST = 0.49 * np.pi * np.sqrt(2)

#: Left multiplication of x y z w with the unit quaternions i, j and k.
_SWAPS = np.array([[3, 2, 1, 0], [2, 3, 0, 1], [1, 0, 3, 2]])
_SIGNS = np.array([[1.0, -1, 1, -1], [1, 1, -1, -1], [-1, 1, 1, -1]])


def _as_rotations(values: ArrayLike, width: int, name: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] != width:
        raise ValueError(f'{name} must have shape (..., {width}), got {array.shape}')
    # scipy refuses read-only arrays, such as those of a memory-mapped file.
    return array if array.flags.writeable else array.copy()


def quaternion_from_rotvec(rotvec: ArrayLike) -> Array:
    """Convert axis-angle (..., 3) rad to unit quaternions (..., 4), x y z w, of either sign."""
    rotvec = _as_rotations(rotvec, 3, 'rotvec')
    # In numpy, like the next function: scipy takes several times as long for a live avatar's pose.
    angle = np.sqrt(np.einsum('...i,...i->...', rotvec, rotvec))
    half = angle / 2
    quaternion = np.empty((*rotvec.shape[:-1], 4))
    scale = np.sin(half) / np.maximum(angle, _TINY)
    np.multiply(rotvec, scale[..., None], out=quaternion[..., :3])
    quaternion[..., 3] = np.cos(half)
    return quaternion


def rotvec_from_quaternion(quaternion: ArrayLike) -> Array:
    """Convert quaternions (..., 4) x y z w, of any length but 0, to axis-angle, at most pi long."""
    quaternion = _as_rotations(quaternion, 4, 'quaternion')
    axis, cosine = quaternion[..., :3], quaternion[..., 3]
    sine = np.sqrt(np.einsum('...i,...i->...', axis, axis))
    angle = np.copysign(2 * np.arctan2(sine, np.abs(cosine)), cosine)
    return axis * (angle / np.maximum(sine, _TINY))[..., None]


def quaternion_product(first: ArrayLike, second: ArrayLike) -> Array:
    """Return the quaternions (..., 4) x y z w of R = R_first R_second; both shapes broadcast."""
    first = _as_rotations(first, 4, 'first')
    second = _as_rotations(second, 4, 'second')
    product = first[..., 3:] * second
    for axis in range(3):
        product += first[..., axis : axis + 1] * (second[..., _SWAPS[axis]] * _SIGNS[axis])
    return product


def matrix_from_rotvec(rotvec: ArrayLike) -> Array:
    """Convert axis-angle (..., 3) rad to rotation matrices (..., 3, 3)."""
    rotvec = _as_rotations(rotvec, 3, 'rotvec')
    matrix = Rotation.from_rotvec(rotvec.reshape(-1, 3)).as_matrix()
    return matrix.reshape(*rotvec.shape[:-1], 3, 3)


def rotvec_from_euler_xyz(angles: ArrayLike) -> Array:
    """Convert angles (..., 3) rad of R = Rx Ry Rz to axis-angle (..., 3), at most pi long."""
    angles = _as_rotations(angles, 3, 'angles')
    rotvec = Rotation.from_euler('XYZ', angles.reshape(-1, 3)).as_rotvec()
    return rotvec.reshape(angles.shape)


def euler_xyz_from_rotvec(rotvec: ArrayLike) -> Array:
    """Convert axis-angle (..., 3) rad to angles (..., 3) of R = Rx Ry Rz, the set nearest to zero.

    Frames are independent; for a motion use `euler_xyz_unwrapped`.
    """
    rotvec = _as_rotations(rotvec, 3, 'rotvec')
    return euler_xyz_unwrapped(rotvec.reshape(1, -1, 3)).reshape(rotvec.shape)


def euler_xyz_unwrapped(rotvec: ArrayLike, previous: ArrayLike | None = None) -> Array:
    """Return joint angles that follow a motion without jumps.

    An orientation has two sets of angles, (x, y, z) and (x + pi, pi - y, z + pi), each up to
    whole turns. The result is the set nearest to the frame before. The sets are at least
    pi * sqrt(2) apart. So angles that move less than half of that in a frame stay continuous
    through +-pi and past the poles at y = +-pi/2. At a pole only x + z (or z - x) is determined;
    its change since the frame before is shared equally. (A motion that passes close to a pole turns
    x and z fast: no choice of angles avoids that.) The result depends on the past only: the second
    part of a motion, continued with `previous`, gives the same angles bit for bit.

    Args:
        rotvec: axis-angle (F, J, 3), rad.
        previous: angles (J, 3) of the frame before the first. Default: the zero pose.

    Returns:
        Angles (F, J, 3) of R = Rx Ry Rz, rad, unbounded.
    """
    rotvec = _as_rotations(rotvec, 3, 'rotvec')
    if rotvec.ndim != 3:
        raise ValueError(f'rotvec must have shape (F, J, 3), got {rotvec.shape}')
    return _followed(matrix_from_rotvec(rotvec), previous)


def euler_xyz_of_quaternions(quaternion: ArrayLike, previous: ArrayLike | None = None) -> Array:
    """Return the angles of `euler_xyz_unwrapped` for unit quaternions (F, J, 4), x y z w."""
    quaternion = _as_rotations(quaternion, 4, 'quaternion')
    if quaternion.ndim != 3:
        raise ValueError(f'quaternion must have shape (F, J, 4), got {quaternion.shape}')
    matrix = Rotation.from_quat(quaternion.reshape(-1, 4)).as_matrix()
    return _followed(matrix.reshape(*quaternion.shape[:-1], 3, 3), previous)


def _followed(matrix: Array, previous: ArrayLike | None) -> Array:
    """Return angles (F, J, 3) of rotation matrices (F, J, 3, 3); see `euler_xyz_unwrapped`."""
    shape = matrix.shape[1:3]
    last = np.zeros(shape) if previous is None else np.asarray(previous, np.float64)
    if last.shape != shape:
        raise ValueError(f'previous must have shape {shape}, got {last.shape}')
    result = np.zeros(matrix.shape[:3])
    if result.size == 0:
        return result

    cosine = np.hypot(matrix[..., 0, 0], matrix[..., 0, 1])
    angles = np.empty(matrix.shape[:3])
    np.arctan2(-matrix[..., 1, 2], matrix[..., 2, 2], out=angles[..., 0])
    np.arctan2(matrix[..., 0, 2], cosine, out=angles[..., 1])
    np.arctan2(-matrix[..., 0, 1], matrix[..., 0, 0], out=angles[..., 2])
    at_pole = cosine < _POLE_COSINE
    # While no joint moves far, each keeps its set of angles, and only whole turns are counted.
    moved = angles[1:] - angles[:-1]
    moved -= TURN * np.rint(moved / TURN)
    far = np.einsum('fjc,fjc->fj', moved, moved) > _SURELY_NEAREST**2
    unsure = (far | at_pole[1:] | at_pole[:-1]).any(axis=1)
    starts = [0, *(np.nonzero(unsure)[0] + 1).tolist()]
    for start, end in zip(starts, [*starts[1:], len(angles)], strict=True):
        both = np.array([angles[start], angles[start] * _MIRROR + np.pi])  # (2, J, 3)
        turns = np.rint((last - both) / TURN)
        steps = both + TURN * turns - last
        distances = np.einsum('sjc,sjc->sj', steps, steps)
        second = (distances[1] < distances[0])[:, None]
        first_turns = np.where(second, turns[1], turns[0])
        chosen = np.where(second, angles[start:end] * _MIRROR + np.pi, angles[start:end])
        counted = np.rint((chosen[1:] - chosen[:-1]) / TURN).cumsum(axis=0)
        result[start] = chosen[0] + TURN * first_turns
        result[start + 1 : end] = chosen[1:] + TURN * (first_turns - counted)
        if at_pole[start].any():
            _share_turn(result[start], last, matrix[start], at_pole[start])
        last = result[end - 1]
    return result


def _share_turn(angles: Array, last: Array, matrix: Array, at_pole: NDArray[np.bool_]) -> None:
    """Share a joint's turn since `last` at a pole between x and z of `angles` (J, 3)."""
    # The matrix determines z + x at the pole +pi/2, and z - x at -pi/2.
    sign = np.where(matrix[:, 0, 2] > 0, 1.0, -1.0)
    turned = np.arctan2(matrix[:, 1, 0], matrix[:, 1, 1]) - (last[:, 2] + sign * last[:, 0])
    turned -= TURN * np.round(turned / TURN)
    angles[at_pole, 0] = (last[:, 0] + sign * turned / 2)[at_pole]
    angles[at_pole, 2] = (last[:, 2] + turned / 2)[at_pole]


def slerp(start: ArrayLike, end: ArrayLike, fraction: ArrayLike) -> Array:
    """Interpolate between unit quaternions on the shorter arc.

    Args:
        start, end: (..., 4) x y z w, unit length; q and -q are the same orientation.
        fraction: (...) 0 gives start, 1 gives end. Other values extrapolate at the same rate.

    Returns:
        Unit quaternions (..., 4), on the hemisphere of `start`.
    """
    start = _as_rotations(start, 4, 'start')
    end = _as_rotations(end, 4, 'end')
    fraction = np.asarray(fraction, dtype=np.float64)[..., None]
    dot = np.sum(start * end, axis=-1, keepdims=True)
    end = np.where(dot < 0, -end, end)
    # Unlike arccos, arctan2 of both chords stays accurate for nearly equal orientations.
    angle = 2 * np.arctan2(
        np.linalg.norm(end - start, axis=-1, keepdims=True),
        np.linalg.norm(end + start, axis=-1, keepdims=True),
    )
    sine = np.sin(angle)
    tiny = sine < 1e-9
    sine = np.where(tiny, 1.0, sine)
    from_start = np.where(tiny, 1 - fraction, np.sin((1 - fraction) * angle) / sine)
    from_end = np.where(tiny, fraction, np.sin(fraction * angle) / sine)
    mixed = from_start * start + from_end * end
    return mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)


def rates(values: ArrayLike, fps: float) -> Array:
    """Return the change per second of values (F, ...) at `fps` frames a second, same shape.

    Differences are central, and one-sided at both ends. A single frame has rate zero. For unwrapped
    joint angles the result is the joint velocities in rad/s.
    """
    values = np.asarray(values, dtype=np.float64)
    if not fps > 0:
        raise ValueError(f'fps must be above 0, got {fps}')
    if len(values) < 2:
        return np.zeros_like(values)
    return np.gradient(values, axis=0) * fps
