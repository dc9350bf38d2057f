"""BVH motion capture, with the rotation order that its own CHANNELS lines say."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.track import read_text
from diffsheg_model.untrusted.reading import reader

_AXES = {f'{axis.lower()}rotation': axis for axis in 'XYZ'}
_POSITIONS = {f'{axis.lower()}position' for axis in 'XYZ'}
#: From a capture at 2000 frames a second to one frame in two seconds.
_FRAME_TIMES_S = (1 / 2000, 2.0)
_MOST_FRAMES = 10**9


@dataclass(frozen=True)
class Bvh:
    """A BVH file.

    Attributes:
        path: of the file.
        joints: name -> (column of its first rotation, its axes in order, such as 'XYZ'); joints
            without rotation are left out.
        values: (F, columns) float64, degrees and the file's unit of length.
        fps: what the header says.
        stated_frames: what the header says; values has what there is.
    """

    path: Path
    joints: dict[str, tuple[int, str]]
    values: NDArray[np.float64]
    fps: float
    stated_frames: int

    def rotations(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """(F, J, 3) local axis-angle of joints that the file has, radians; NaN where it has NaN."""
        turned = np.zeros((len(self.values), len(names), 3))
        for index, name in enumerate(names):
            column, axes = self.joints[name]
            angles = self.values[:, column : column + len(axes)]
            whole = np.isfinite(angles).all(axis=1)
            # Capitals: each axis is the one that the rotations before it have turned.
            rotation = Rotation.from_euler(axes, np.deg2rad(angles[whole]))
            turned[whole, index] = rotation.as_rotvec()
            turned[~whole, index] = np.nan
        return turned


@reader('a BVH file')
def read_bvh(path: Path) -> Bvh:
    """Reads a BVH file.

    Raises:
        InputError: unreadable, no BVH, cut, rows of different lengths, no frames.
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
    """Joints as `Bvh.joints` has them, and the number of channels."""
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
    """The stated number of frames and frames a second."""
    try:
        header = {line.partition(':')[0].strip().lower(): line.partition(':')[2] for line in lines}
        frames, frame_s = int(header['frames']), float(header['frame time'])
    except (KeyError, ValueError) as error:
        raise InputError(
            f'{path}: MOTION does not begin with "Frames:" and "Frame Time:"; export it again'
        ) from error
    if not _FRAME_TIMES_S[0] <= frame_s <= _FRAME_TIMES_S[1]:
        raise InputError(f'{path}: a frame time of {frame_s:g} s is none of a motion capture')
    if not 0 <= frames <= _MOST_FRAMES:
        raise InputError(f'{path}: MOTION says that it has {header["frames"].strip()[:20]} frames')
    fps = 1.0 / frame_s
    # Frame times are written with few digits: 0.008333 is 120 fps.
    return frames, float(round(fps)) if abs(fps - round(fps)) < 0.0005 * fps else fps
