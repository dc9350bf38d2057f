"""The four output files of a generated motion, written together."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path, sync
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.motion_files.arkit_csv import write_face_csv
from diffsheg_model.motion_files.bvh import write_bvh
from diffsheg_model.motion_files.npz import write_npz
from diffsheg_model.pictures.curves import plot_curves

OUTPUT_FILES = ('motion.bvh', 'face.csv', 'motion.npz', 'curves.png')

# Folder for files of an earlier run that could not be restored.
_KEPT = 'kept'


def write_outputs(
    folder: str | os.PathLike[str],
    motion: Motion,
    skeleton: Skeleton,
    audio: np.ndarray,
    rate: int,
) -> tuple[Path, ...]:
    """Write motion.bvh, face.csv, motion.npz and curves.png: all four or none.

    The files are written to a temporary folder and moved when all are complete. Other files in the
    folder stay. If a move fails, the files of an earlier run are restored.

    Args:
        folder: the output folder, which is created if it does not exist.
        motion: at least one frame.
        skeleton: has all joints of the motion.
        audio: (n,) the speech, mono, -1..1, from the start of the utterance.
        rate: sample rate of the speech, Hz.

    Returns:
        The paths, in the order of `OUTPUT_FILES`.

    Raises:
        InputError: the motion is empty or has values that are not finite, the folder is not
            writable, or the disk is full; the folder is then unchanged.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f'cannot write into {folder}: it is a file; name a folder')
    if len(motion) == 0:
        raise InputError(f'nothing to write into {folder}: the motion has no frames')
    if not folder.exists():
        with atomic_path(folder) as temporary:
            temporary.mkdir()
            _write_all(temporary, motion, skeleton, audio, rate)
    else:
        try:
            aside = Path(tempfile.mkdtemp(prefix='.writing.', dir=folder))
            try:
                _write_all(aside, motion, skeleton, audio, rate)
                sync(aside)
                _put_in_place(aside, folder)
            finally:
                if not (aside / _KEPT).exists():
                    shutil.rmtree(aside, ignore_errors=True)
        except OSError as error:
            raise InputError(
                f'cannot write into {folder}: {error.strerror or error}; choose a writable folder'
            ) from error
    return tuple(folder / name for name in OUTPUT_FILES)


def _write_all(
    folder: Path, motion: Motion, skeleton: Skeleton, audio: np.ndarray, rate: int
) -> None:
    write_bvh(folder / 'motion.bvh', motion, skeleton)
    write_face_csv(folder / 'face.csv', motion)
    write_npz(folder / 'motion.npz', motion)
    plot_curves(folder / 'curves.png', motion, skeleton, audio, rate)


def _put_in_place(aside: Path, folder: Path) -> None:
    """Move the files from ``aside`` into ``folder``; on failure leave the folder unchanged.

    Raises:
        InputError: a folder has the name of a file, or the files of an earlier run could be neither
            replaced nor restored; the message names where they are kept.
        OSError: a file could not be replaced; the folder is unchanged.
    """
    earlier = aside / 'earlier'
    earlier.mkdir()
    moved: list[str] = []
    try:
        for name in OUTPUT_FILES:
            target = folder / name
            if target.is_dir():
                raise InputError(f'cannot write {target}: it is a folder; remove or rename it')
            if os.path.lexists(target):
                _keep(target, earlier / name)
            os.replace(aside / name, target)
            moved.append(name)
    except BaseException as error:
        try:
            for name in moved:
                if os.path.lexists(earlier / name):
                    os.replace(earlier / name, folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)
        except OSError as refusal:
            earlier.rename(aside / _KEPT)
            raise InputError(
                f'cannot write into {folder}: {error}; the earlier files are kept in '
                f'{aside / _KEPT} ({refusal.strerror})'
            ) from error
        raise


def _keep(file: Path, copy: Path) -> None:
    try:
        os.link(file, copy, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(file, copy, follow_symlinks=False)
