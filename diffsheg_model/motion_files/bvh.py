"""BVH, motion of the body: for Blender, Maya, Unreal and the tools of the BEAT dataset."""

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import Array, euler_xyz_unwrapped
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.motion_files.checks import check_rate, check_rotations
from diffsheg_model.motion_files.track import read_text
from diffsheg_model.untrusted.reading import reader

_ROTATION_CHANNELS = 'Xrotation Yrotation Zrotation'
_CM_PER_M = 100.0


def write_bvh(path: str | os.PathLike[str], motion: Motion, skeleton: Skeleton) -> None:
    """Write the body as a BVH file in the layout of the BEAT dataset.

    Offsets are in centimetres and angles in degrees. The channels of a joint have the order X, Y, Z
    (R = Rx Ry Rz). Only the root has a position, with the skeleton's height. Its OFFSET is zero:
    some readers add both, others use one of them. Angles are continuous in time and may exceed
    +-180 degrees. Joints that the motion lacks stay in the skeleton's rest pose.

    Args:
        path: the file; replaced only when the new one is complete.
        motion: at least one frame.
        skeleton: skeleton with all joints of the motion.

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
    """Return the numbers of the MOTION section (F, 3 + 3 N), in the order of `bvh_joint_order`.

    Raises:
        InputError: values that are not finite, or a joint that the skeleton lacks.
    """
    check_rate(motion)
    check_rotations(motion)
    # Only moving joints need continuous angles; the others are one row, repeated.
    angles = np.repeat(euler_xyz_unwrapped(np.asarray(skeleton.rest)[None]), len(motion), axis=0)
    angles[:, skeleton.indices(motion.joint_names)] = euler_xyz_unwrapped(motion.rotations)
    degrees = np.rad2deg(angles[:, bvh_joint_order(skeleton)]).reshape(len(motion), -1)
    root = np.broadcast_to(np.asarray(skeleton.offsets_m)[0] * _CM_PER_M, (len(motion), 3))
    # Rounded before 0.0 is added, so that no zero is written with a minus sign.
    return np.round(np.concatenate([root, degrees], axis=1), 6) + 0.0


def bvh_joint_order(skeleton: Skeleton) -> list[int]:
    """Return the indices of the joints in the depth-first order of a BVH file."""
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


_AXES = {f'{axis.lower()}rotation': axis for axis in 'XYZ'}
_POSITIONS = {f'{axis.lower()}position' for axis in 'XYZ'}
#: Seconds a frame: from 2000 frames a second to one frame in two seconds.
_FRAME_TIMES_S = (1 / 2000, 2.0)
_MOST_FRAMES = 10**9


@dataclass(frozen=True)
class Bvh:
    """A BVH file.

    Attributes:
        path: the file.
        joints: name -> (column of its first rotation, its axes in order, such as 'XYZ'), of the
            joints with rotations.
        values: (F, columns) float64, degrees and the file's unit of length.
        fps: frames a second in the header.
        stated_frames: number of frames in the header. It may differ from F.
    """

    path: Path
    joints: dict[str, tuple[int, str]]
    values: NDArray[np.float64]
    fps: float
    stated_frames: int

    def rotations(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """Return (F, J, 3) local axis-angle in radians of some joints of the file; NaN stays."""
        turned = np.zeros((len(self.values), len(names), 3))
        for index, name in enumerate(names):
            column, axes = self.joints[name]
            angles = self.values[:, column : column + len(axes)]
            whole = np.isfinite(angles).all(axis=1)
            # Capital letters mean intrinsic rotations: each turns about the axes already turned.
            rotation = Rotation.from_euler(axes, np.deg2rad(angles[whole]))
            turned[whole, index] = rotation.as_rotvec()
            turned[~whole, index] = np.nan
        return turned


@reader('a BVH file')
def read_bvh(path: Path) -> Bvh:
    """Read a BVH file, with the rotation orders of its CHANNELS lines.

    Raises:
        InputError: the file cannot be read, is not a BVH file, is cut, has rows of different
            lengths or no frames.
    """
    text = read_text(path)
    head, motion, body = text.partition('\nMOTION')
    if not head.lstrip().startswith('HIERARCHY') or not motion:
        raise InputError(f'{path}: is not a BVH file (HIERARCHY, then MOTION); export it again')
    joints, columns = _read_hierarchy(path, head)
    lines = body.strip().splitlines()
    frames, fps = _read_header(path, lines[:2])
    rows = [line for line in lines[2:] if line.strip()]
    if not rows:
        raise InputError(f'{path}: has no frames; export it again')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            values = np.loadtxt(rows, ndmin=2, comments=None)
    except (ValueError, UserWarning) as error:
        reason = str(error).split(';')[0]
        raise InputError(f'{path}: cut or damaged ({reason}); get the original file') from error
    if values.shape[1] != columns:
        raise InputError(
            f'{path}: its frames have {values.shape[1]} numbers, its hierarchy {columns} channels'
        )
    return Bvh(path, joints, values, fps, frames)


def _read_hierarchy(path: Path, head: str) -> tuple[dict[str, tuple[int, str]], int]:
    """Return the value of `Bvh.joints`, and the number of channels."""
    joints: dict[str, tuple[int, str]] = {}
    columns = 0
    name = ''
    for line in head.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] in ('ROOT', 'JOINT'):
            name = ' '.join(words[1:])
        elif words[0] == 'CHANNELS':
            kinds = [word.lower() for word in words[2:]]
            unknown = [kind for kind in kinds if kind not in _AXES and kind not in _POSITIONS]
            if not name or unknown or words[1:2] != [str(len(kinds))]:
                raise InputError(f'{path}: a line of channels is damaged: {" ".join(words)[:80]}')
            if len(set(kinds)) < len(kinds):
                raise InputError(f'{path}: {name} has a channel twice: {" ".join(words)[:80]}')
            turns = [index for index, kind in enumerate(kinds) if kind in _AXES]
            if turns and turns != list(range(turns[0], turns[0] + len(turns))):
                raise InputError(f'{path}: {name} has positions between its rotations')
            if name in joints:
                raise InputError(f'{path}: has two joints {name}')
            if turns:
                axes = ''.join(_AXES[kinds[index]] for index in turns)
                joints[name] = (columns + turns[0], axes)
            columns += len(kinds)
    if not joints:
        raise InputError(f'{path}: has no joint that turns')
    return joints, columns


def _read_header(path: Path, lines: list[str]) -> tuple[int, float]:
    """Return the number of frames and the frames a second in the header."""
    try:
        header = {line.partition(':')[0].strip().lower(): line.partition(':')[2] for line in lines}
        frames, frame_s = int(header['frames']), float(header['frame time'])
    except (KeyError, ValueError) as error:
        raise InputError(
            f'{path}: MOTION does not begin with "Frames:" and "Frame Time:"; export it again'
        ) from error
    if not _FRAME_TIMES_S[0] <= frame_s <= _FRAME_TIMES_S[1]:
        raise InputError(
            f'{path}: a frame time of {frame_s:g} s is not plausible for motion capture'
        )
    if not 0 <= frames <= _MOST_FRAMES:
        raise InputError(
            f'{path}: MOTION states an impossible number of frames, {header["frames"].strip()[:20]}'
        )
    fps = 1.0 / frame_s
    # Frame times have few digits: 0.008333 means 120 fps.
    return frames, float(round(fps)) if abs(fps - round(fps)) < 0.0005 * fps else fps
