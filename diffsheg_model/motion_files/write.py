"""Formats for writing a motion, chosen by name or by the file's suffix."""

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
    """The parts of a motion that a file may hold.

    Attributes:
        motion: at least one frame.
        skeleton: skeleton with all joints of the motion.
        audio: (n,) mono -1..1 from the start of the utterance; (0,) without sound.
        rate: sample rate of the audio, Hz.
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
    """A format of motion files.

    Attributes:
        suffix: suffix of the files.
        needs: part that the motion must have: 'body', 'face', or '' for either of them.
        write: function that writes the file.
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
"""Formats by their name in --format. A suffix means the first format that has it."""


def format_of(path: Path, name: str | None = None) -> str:
    """Return the name of the format for a path: the given one, or the one of the suffix.

    Raises:
        InputError: the suffix is unknown, or is not the one of the named format.
    """
    suffix = path.suffix.lower()
    if name is not None:
        if suffix != FILE_FORMATS[name].suffix:
            raise InputError(f'{path}: files of format {name} end in {FILE_FORMATS[name].suffix}')
        return name
    found = next((key for key, entry in FILE_FORMATS.items() if entry.suffix == suffix), None)
    if found is None:
        suffixes = ', '.join(dict.fromkeys(entry.suffix for entry in FILE_FORMATS.values()))
        raise InputError(f'{path}: name a file that ends in {suffixes}')
    return found


def write_motion(path: Path, content: MotionContent, name: str) -> None:
    """Write a motion in a format of `FILE_FORMATS`, as a whole file or none.

    Raises:
        InputError: the motion lacks the face or body that the format needs, or has values that are
            not finite. Or the skeleton lacks a joint, or the path cannot be written.
    """
    if path.is_dir():
        raise InputError(f'cannot write {path}: it is a folder; name a file')
    needs = FILE_FORMATS[name].needs
    if needs == 'face' and not content.motion.weight_names:
        raise InputError(f'cannot write {path}: {name} holds a face, and the motion has none')
    if needs == 'body' and not content.motion.joint_names:
        raise InputError(f'cannot write {path}: {name} holds a body, and the motion has none')
    check_rotations(content.motion)
    check_weights(content.motion)
    content.skeleton.indices(content.motion.joint_names)
    FILE_FORMATS[name].write(path, content)
