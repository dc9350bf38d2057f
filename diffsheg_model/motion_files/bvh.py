"""BVH: the body's motion for Blender, Maya, Unreal and the tools of the BEAT dataset."""

import os
from collections.abc import Iterator

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import Array, euler_xyz_unwrapped
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.motion_files.checks import check_rate, check_rotations

_ROTATION_CHANNELS = 'Xrotation Yrotation Zrotation'
_CM_PER_M = 100.0


def write_bvh(path: str | os.PathLike[str], motion: Motion, skeleton: Skeleton) -> None:
    """Writes the body as a BVH file in the layout of BEAT's.

    Offsets are in centimetres, angles in degrees, every joint's channels in the order X, Y, Z
    (R = Rx Ry Rz). The root alone has a position, which holds the skeleton's height; its OFFSET
    is zero, so readers that add both and readers that take one agree. Angles are continuous in
    time and leave +-180 degrees where the joint does. Joints that the motion leaves out stay at
    the skeleton's rest.

    Args:
        path: the file; replaced only when the new one is complete.
        motion: F frames, at least one.
        skeleton: has all the motion's joints.

    Raises:
        InputError: no frames, values that are not finite, a joint that the skeleton lacks, or a
            path that cannot be written.
    """
    if len(motion) == 0:
        raise InputError(f'cannot write {path}: the motion has no frames')
    channels = bvh_channels(motion, skeleton)
    with atomic_path(path) as temporary, open(temporary, 'w', encoding='ascii') as file:
        file.write('HIERARCHY\n')
        file.writelines(f'{line}\n' for line in _hierarchy(skeleton, 0, 0))
        file.write(f'MOTION\nFrames: {len(channels)}\nFrame Time: {1 / motion.fps:.9f}\n')
        np.savetxt(file, channels, fmt='%.6f')


def bvh_channels(motion: Motion, skeleton: Skeleton) -> Array:
    """The numbers of the MOTION section (F, 3 + 3 N), in the order of `bvh_joint_order`.

    Raises:
        InputError: values that are not finite, or a joint that the skeleton lacks.
    """
    check_rate(motion)
    check_rotations(motion)
    # Only the joints that move need to be followed in time; the others are one row, repeated.
    angles = np.repeat(euler_xyz_unwrapped(np.asarray(skeleton.rest)[None]), len(motion), axis=0)
    angles[:, skeleton.indices(motion.joint_names)] = euler_xyz_unwrapped(motion.rotations)
    degrees = np.rad2deg(angles[:, bvh_joint_order(skeleton)]).reshape(len(motion), -1)
    root = np.broadcast_to(np.asarray(skeleton.offsets_m)[0] * _CM_PER_M, (len(motion), 3))
    # Rounded here, so that what rounds to zero is written without a minus sign.
    return np.round(np.concatenate([root, degrees], axis=1), 6) + 0.0


def bvh_joint_order(skeleton: Skeleton) -> list[int]:
    """The joints as a BVH file lists them: a joint, then all that hangs on its first child, ..."""
    order: list[int] = []
    waiting = [0]
    while waiting:
        joint = waiting.pop()
        order.append(joint)
        waiting.extend(reversed(skeleton.children(joint)))
    return order


def _hierarchy(skeleton: Skeleton, joint: int, depth: int) -> Iterator[str]:
    tab = '\t' * depth
    root = joint == 0
    offset = (0.0, 0.0, 0.0) if root else np.asarray(skeleton.offsets_m)[joint]
    yield f'{tab}{"ROOT" if root else "JOINT"} {skeleton.names[joint]}'
    yield f'{tab}{{'
    yield f'{tab}\tOFFSET {_centimetres(offset)}'
    if root:
        yield f'{tab}\tCHANNELS 6 Xposition Yposition Zposition {_ROTATION_CHANNELS}'
    else:
        yield f'{tab}\tCHANNELS 3 {_ROTATION_CHANNELS}'
    children = skeleton.children(joint)
    for child in children:
        yield from _hierarchy(skeleton, child, depth + 1)
    if not children:
        yield f'{tab}\tEnd Site'
        yield f'{tab}\t{{'
        yield f'{tab}\t\tOFFSET {_centimetres(np.asarray(skeleton.ends_m)[joint])}'
        yield f'{tab}\t}}'
    yield f'{tab}}}'


def _centimetres(offset_m: np.ndarray | tuple[float, ...]) -> str:
    values = np.round(np.asarray(offset_m) * _CM_PER_M, 6) + 0.0
    return ' '.join(f'{value:.6f}' for value in values)
