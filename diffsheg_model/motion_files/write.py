"""The kinds of files that a motion is written as, and how a file's name tells its kind."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.motion_files.arkit_csv import write_face_csv
from diffsheg_model.motion_files.bvh import write_bvh
from diffsheg_model.motion_files.checks import check_rotations, check_weights
from diffsheg_model.motion_files.facial_json import write_facial_json
from diffsheg_model.motion_files.glb import write_gltf
from diffsheg_model.motion_files.livelink.csv import write_livelink_csv
from diffsheg_model.motion_files.npz import write_npz


@dataclass(frozen=True)
class MotionContent:
    """All that a file may be made of.

    Attributes:
        motion: at least one frame.
        skeleton: has all the motion's joints.
        audio: (n,) mono -1..1 from the start of the utterance; (0,) where there is none.
        rate: its samples a second.
    """

    motion: Motion
    skeleton: Skeleton
    audio: np.ndarray
    rate: int


def _write_livelink(path: Path, content: MotionContent) -> None:
    write_livelink_csv(path, content.motion)


def _write_mcap(path: Path, content: MotionContent) -> None:
    from diffsheg_model.motion_files.mcap.motion import write_mcap

    write_mcap(path, content.motion, content.audio, content.rate)


@dataclass(frozen=True)
class FileFormat:
    """A kind of file.

    Attributes:
        suffix: of its files.
        needs: 'body', 'face' or '' where either does.
        write: puts the file at the path.
    """

    suffix: str
    needs: str
    write: Callable[[Path, MotionContent], None]


FILE_FORMATS: dict[str, FileFormat] = {
    'bvh': FileFormat('.bvh', 'body', lambda path, it: write_bvh(path, it.motion, it.skeleton)),
    'csv': FileFormat('.csv', 'face', lambda path, it: write_face_csv(path, it.motion)),
    'livelink-csv': FileFormat('.csv', 'face', _write_livelink),
    'json': FileFormat('.json', 'face', lambda path, it: write_facial_json(path, it.motion)),
    'npz': FileFormat('.npz', '', lambda path, it: write_npz(path, it.motion)),
    'mcap': FileFormat('.mcap', '', _write_mcap),
    'glb': FileFormat('.glb', '', lambda path, it: write_gltf(path, it.motion)),
}
"""By the name that --format has. Of kinds with the same suffix the first is meant by it."""


def format_of(path: Path, name: str | None = None) -> str:
    """The kind of a file to be written: the one that is named, else by the path's suffix.

    Raises:
        InputError: an unknown suffix, or one that is not the named kind's.
    """
    suffix = path.suffix.lower()
    if name is not None:
        if suffix != FILE_FORMATS[name].suffix:
            raise InputError(f'{path}: files of format {name} end in {FILE_FORMATS[name].suffix}')
        return name
    found = next((kind for kind, entry in FILE_FORMATS.items() if entry.suffix == suffix), None)
    if found is None:
        suffixes = ', '.join(dict.fromkeys(entry.suffix for entry in FILE_FORMATS.values()))
        raise InputError(f'{path}: name a file that ends in {suffixes}')
    return found


def write_motion(path: Path, content: MotionContent, kind: str) -> None:
    """Writes a motion as a file of a kind, whole or not at all.

    Raises:
        InputError: the kind needs a face or a body that the motion has not, values that are not
            finite, a joint that the skeleton lacks, or a path that cannot be written.
    """
    if path.is_dir():
        raise InputError(f'cannot write {path}: it is a folder; name a file')
    needs = FILE_FORMATS[kind].needs
    if needs == 'face' and not content.motion.weight_names:
        raise InputError(f'cannot write {path}: {kind} holds a face, and the motion has none')
    if needs == 'body' and not content.motion.joint_names:
        raise InputError(f'cannot write {path}: {kind} holds a body, and the motion has none')
    check_rotations(content.motion)
    check_weights(content.motion)
    content.skeleton.indices(content.motion.joint_names)
    FILE_FORMATS[kind].write(path, content)
