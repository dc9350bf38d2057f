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

#: Below this cosine of the middle angle (6e-4 degrees from the pole) the outer two are read as
#: one: closer than that they are made of the float32 rounding of the input.
_POLE_COSINE = 1e-5


def _as_rotations(values: ArrayLike, width: int, name: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] != width:
        raise ValueError(f'{name} must have shape (..., {width}), got {array.shape}')
    # scipy refuses read-only arrays, such as those of a memory-mapped file.
    return np.require(array, requirements='W')


def quaternion_from_rotvec(rotvec: ArrayLike) -> Array:
    """Axis-angle (..., 3) rad to unit quaternions (..., 4), x y z w, either of both signs."""
    rotvec = _as_rotations(rotvec, 3, 'rotvec')
    quaternion = Rotation.from_rotvec(rotvec.reshape(-1, 3)).as_quat()
    return quaternion.reshape(*rotvec.shape[:-1], 4)


def rotvec_from_quaternion(quaternion: ArrayLike) -> Array:
    """Quaternions (..., 4) x y z w, of any length but 0, to axis-angle (..., 3), at most pi."""
    quaternion = _as_rotations(quaternion, 4, 'quaternion')
    rotvec = Rotation.from_quat(quaternion.reshape(-1, 4)).as_rotvec()
    return rotvec.reshape(*quaternion.shape[:-1], 3)


def matrix_from_rotvec(rotvec: ArrayLike) -> Array:
    """Axis-angle (..., 3) rad to rotation matrices (..., 3, 3)."""
    rotvec = _as_rotations(rotvec, 3, 'rotvec')
    matrix = Rotation.from_rotvec(rotvec.reshape(-1, 3)).as_matrix()
    return matrix.reshape(*rotvec.shape[:-1], 3, 3)


def rotvec_from_euler_xyz(angles: ArrayLike) -> Array:
    """Angles (..., 3) rad of R = Rx Ry Rz to axis-angle (..., 3), at most pi long."""
    angles = _as_rotations(angles, 3, 'angles')
    rotvec = Rotation.from_euler('XYZ', angles.reshape(-1, 3)).as_rotvec()
    return rotvec.reshape(angles.shape)


def euler_xyz_from_rotvec(rotvec: ArrayLike) -> Array:
    """Axis-angle (..., 3) rad to angles (..., 3) of R = Rx Ry Rz, the set nearest to zero.

    Each frame is taken alone; for a motion use `euler_xyz_unwrapped`.
    """
    rotvec = _as_rotations(rotvec, 3, 'rotvec')
    return euler_xyz_unwrapped(rotvec.reshape(1, -1, 3)).reshape(rotvec.shape)


def euler_xyz_unwrapped(rotvec: ArrayLike, previous: ArrayLike | None = None) -> Array:
    """Joint angles that follow a motion without jumps.

    An orientation has two sets of angles, (x, y, z) and (x + pi, pi - y, z + pi), each up to
    whole turns. Of all of them the one nearest to the frame before is taken. They are at least
    pi * sqrt(2) apart, so angles that move less than half of that in a frame are followed
    through +-pi and past the poles at y = +-pi/2. At a pole itself only x + z (or z - x) is
    determined; what it turned since the frame before is then shared equally. (A motion that
    passes beside a pole turns x and z fast: no choice of angles is free of that.) The result
    depends on the past only: a motion cut in two, the second part continued with `previous`,
    gives the same angles bit for bit.

    Args:
        rotvec: axis-angle (F, J, 3), rad.
        previous: angles (J, 3) of the frame before the first; the zero pose where left out.

    Returns:
        Angles (F, J, 3) of R = Rx Ry Rz, rad, unbounded.
    """
    rotvec = _as_rotations(rotvec, 3, 'rotvec')
    if rotvec.ndim != 3:
        raise ValueError(f'rotvec must have shape (F, J, 3), got {rotvec.shape}')
    last = np.zeros(rotvec.shape[1:]) if previous is None else np.asarray(previous, np.float64)
    if last.shape != rotvec.shape[1:]:
        raise ValueError(f'previous must have shape {rotvec.shape[1:]}, got {last.shape}')
    if rotvec.size == 0:
        return np.zeros(rotvec.shape)

    matrix = matrix_from_rotvec(rotvec)
    cosine = np.hypot(matrix[..., 0, 0], matrix[..., 0, 1])
    angles = np.stack(
        [
            np.arctan2(-matrix[..., 1, 2], matrix[..., 2, 2]),
            np.arctan2(matrix[..., 0, 2], cosine),
            np.arctan2(-matrix[..., 0, 1], matrix[..., 0, 0]),
        ],
        axis=-1,
    )
    both = np.stack([angles, angles * (1, -1, 1) + np.pi], axis=1)  # (F, 2, J, 3)
    at_pole = cosine < _POLE_COSINE
    # At the pole at +pi/2 the matrix holds z + x, at -pi/2 it holds z - x.
    pole_sign = np.where(angles[..., 1] > 0, 1.0, -1.0)
    pole_sum = np.arctan2(matrix[..., 1, 0], matrix[..., 1, 1])
    frames_at_pole = set(np.nonzero(at_pole)[0].tolist())

    result = np.empty_like(angles)
    joints = np.arange(rotvec.shape[1])
    for frame in range(len(angles)):
        steps = both[frame] - last
        steps -= TURN * np.round(steps / TURN)
        nearest = np.argmin(np.einsum('sjc,sjc->sj', steps, steps), axis=0)
        step = steps[nearest, joints]
        if frame in frames_at_pole:
            sign = pole_sign[frame]
            turned = pole_sum[frame] - (last[:, 2] + sign * last[:, 0])
            turned -= TURN * np.round(turned / TURN)
            pole = at_pole[frame]
            step[pole, 0] = (sign * turned / 2)[pole]
            step[pole, 2] = (turned / 2)[pole]
        last = result[frame] = last + step
    return result


def slerp(start: ArrayLike, end: ArrayLike, fraction: ArrayLike) -> Array:
    """The orientation a fraction of the shorter way from one unit quaternion to another.

    Args:
        start, end: (..., 4) x y z w, unit length; q and -q are the same orientation.
        fraction: (...) 0 gives start, 1 gives end; outside of that it goes on at the same rate.

    Returns:
        Unit quaternions (..., 4), on the half of the sphere of `start`.
    """
    start = _as_rotations(start, 4, 'start')
    end = _as_rotations(end, 4, 'end')
    fraction = np.asarray(fraction, dtype=np.float64)[..., None]
    dot = np.sum(start * end, axis=-1, keepdims=True)
    end = np.where(dot < 0, -end, end)
    # The half-angle from both chords stays accurate for nearly equal orientations, arccos not.
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
    """Change per second of values (F, ...) given at `fps` frames a second, the same shape.

    Central differences, one-sided at both ends; a single frame has rate zero. For unwrapped
    joint angles these are the joint velocities in rad/s.
    """
    values = np.asarray(values, dtype=np.float64)
    if not fps > 0:
        raise ValueError(f'fps must be above 0, got {fps}')
    if len(values) < 2:
        return np.zeros_like(values)
    return np.gradient(values, axis=0) * fps
