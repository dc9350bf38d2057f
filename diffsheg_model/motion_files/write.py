"""The kinds of files that a motion is written as, and how a file's name tells its kind."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.motion_files.bvh import write_bvh
from diffsheg_model.motion_files.checks import check_rotations, check_weights
from diffsheg_model.motion_files.face_csv import write_face_csv
from diffsheg_model.motion_files.facial_json import write_facial_json
from diffsheg_model.motion_files.glb import write_gltf
from diffsheg_model.motion_files.livelink.csv import write_livelink_csv
from diffsheg_model.motion_files.npz import write_npz


@dataclass(frozen=True)
class Parts:
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


def _write_mcap(path: Path, parts: Parts) -> None:
    from diffsheg_model.motion_files.mcap.motion import write_mcap

    write_mcap(path, parts.motion, parts.audio, parts.rate)


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        suffix: of its files.
        needs: 'body', 'face' or '' where either does.
        write: puts the file at the path.
    """

    suffix: str
    needs: str
    write: Callable[[Path, Parts], None]


KINDS: dict[str, Kind] = {
    'bvh': Kind('.bvh', 'body', lambda path, parts: write_bvh(path, parts.motion, parts.skeleton)),
    'csv': Kind('.csv', 'face', lambda path, parts: write_face_csv(path, parts.motion)),
    'livelink-csv': Kind(
        '.csv', 'face', lambda path, parts: write_livelink_csv(path, parts.motion)
    ),
    'json': Kind('.json', 'face', lambda path, parts: write_facial_json(path, parts.motion)),
    'npz': Kind('.npz', '', lambda path, parts: write_npz(path, parts.motion)),
    'mcap': Kind('.mcap', '', _write_mcap),
    'glb': Kind('.glb', '', lambda path, parts: write_gltf(path, parts.motion)),
}
"""By the name that --format has. Of kinds with the same suffix the first is meant by it."""


def kind_of(path: Path, name: str | None = None) -> str:
    """The kind of a file to be written: the one that is named, else by the path's suffix.

    Raises:
        InputError: an unknown suffix, or one that is not the named kind's.
    """
    suffix = path.suffix.lower()
    if name is not None:
        if suffix != KINDS[name].suffix:
            raise InputError(f'{path}: files of format {name} end in {KINDS[name].suffix}')
        return name
    found = next((kind for kind, entry in KINDS.items() if entry.suffix == suffix), None)
    if found is None:
        suffixes = ', '.join(dict.fromkeys(entry.suffix for entry in KINDS.values()))
        raise InputError(f'{path}: name a file that ends in {suffixes}')
    return found


def write_motion(path: Path, parts: Parts, kind: str) -> None:
    """Writes a motion as a file of a kind, whole or not at all.

    Raises:
        InputError: the kind needs a face or a body that the motion has not, values that are not
            finite, a joint that the skeleton lacks, or a path that cannot be written.
    """
    if path.is_dir():
        raise InputError(f'cannot write {path}: it is a folder; name a file')
    needs = KINDS[kind].needs
    if needs == 'face' and not parts.motion.weight_names:
        raise InputError(f'cannot write {path}: {kind} holds a face, and the motion has none')
    if needs == 'body' and not parts.motion.joint_names:
        raise InputError(f'cannot write {path}: {kind} holds a body, and the motion has none')
    check_rotations(parts.motion)
    check_weights(parts.motion)
    parts.skeleton.indices(parts.motion.joint_names)
    KINDS[kind].write(path, parts)
