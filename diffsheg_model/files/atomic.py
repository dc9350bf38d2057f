"""Atomic replacement of files and folders, and checks before writing."""

import contextlib
import glob
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from diffsheg_model.errors import InputError
from diffsheg_model.files.exchange import exchange

logger = logging.getLogger(__name__)

# Name, in the temporary folder, of the old folder that was moved away for the new one.
_REPLACED = 'replaced'
# Bytes of a name; prefix and suffix of the temporary folder must fit into a file system's 255.
_LONGEST_NAME = 240


class WriteError(InputError):
    """Failure to write a file or folder.

    Attributes:
        errno: number of the system's error; 0 if there is none.
    """

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.errno = number or 0


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it when the block succeeds.

    Works for a file or a folder: create either at the yielded path. The old content of ``path``
    stays until the new content is complete and on the disk. A folder is exchanged with the new one
    in one step if the file system supports that. Otherwise it is moved away, and moved back on any
    failure; after a kill the next call for ``path`` moves it back. Links are replaced, not
    followed.

    Raises:
        WriteError: the parent folder cannot be created or written, or the disk is full; ``path``
            is a folder and the new content a file, or the reverse; ``path`` is a device or pipe.
    """
    target = Path(path)
    _check_target(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        restore_interrupted(target)
        workspace = Path(tempfile.mkdtemp(prefix=_prefix(target.name), dir=target.parent))
    except OSError as error:
        raise WriteError(
            f'cannot write {target}: {error.strerror or error}; choose a writable folder',
            error.errno,
        ) from error
    temporary = workspace / target.name
    try:
        yield temporary
        sync(temporary)
        _put_in_place(temporary, target, workspace)
    except OSError as error:
        kept = _roll_back(target, workspace)
        ending = 'nothing was changed there'
        if kept is not None:
            ending = f'its earlier content is kept in {kept}'
        raise WriteError(
            f'cannot write {target}: {error.strerror or error}; {ending}', error.errno
        ) from error
    finally:
        # Decide by the files that exist: an interrupt may arrive between two renames.
        if _roll_back(target, workspace) is None:
            shutil.rmtree(workspace, ignore_errors=True)
    _sync_folder(target.parent)


def restore_interrupted(path: Path) -> bool:
    """Put back a folder that a killed ``atomic_path(path)`` had moved away.

    Returns:
        True if there was such a folder, and nothing at ``path``.
    """
    for leftover in _leftovers(path.parent, path.name):
        if os.path.lexists(leftover / _REPLACED) and not os.path.lexists(path):
            os.rename(leftover / _REPLACED, path)
            shutil.rmtree(leftover, ignore_errors=True)
            logger.warning('%s: put back after an interrupted write', path)
            return True
    return False


def remove_leftovers(folder: Path, name: str) -> None:
    """Remove temporary folders that a killed ``atomic_path(folder / name)`` left.

    Call it only while no other process writes that path: its unfinished work would be removed too.
    """
    restore_interrupted(folder / name)
    for leftover in _leftovers(folder, name):
        shutil.rmtree(leftover, ignore_errors=True)


def check_folder_writable(folder: Path) -> None:
    """Raise InputError unless a folder can be made or written into; call it before long work."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f'cannot write into {folder}: it is a file; name a folder')
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(f'cannot write into {folder}: {existing} is not a writable folder')


def check_replaceable(folder: Path, marker: str) -> None:
    """Raise InputError if replacing a folder would delete unrelated files.

    Args:
        folder: folder to replace as a whole; may be absent or empty.
        marker: name of a file that every folder of the right kind contains.
    """
    if not folder.is_dir() or (folder / marker).is_file():
        return
    if any(folder.iterdir()):
        raise InputError(
            f'{folder} holds other files (it has no {marker}) and would be replaced: name a '
            'folder that does not exist'
        )


def open_lock(path: Path) -> IO[bytes]:
    """Open a lock file, created if missing; neither follow links nor truncate it.

    Raises:
        OSError: it cannot be opened, or is a link.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    return os.fdopen(os.open(path, flags, 0o644), 'rb+', buffering=0)


def sync(path: Path) -> None:
    """Flush a file, or all files of a folder, to the disk: some disks report errors only then."""
    if path.is_dir():
        for folder, _, names in os.walk(path):
            for name in names:
                _sync_file(Path(folder, name))
            _sync_folder(Path(folder))
    elif path.exists():
        _sync_file(path)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file of any size, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _check_target(target: Path) -> None:
    """Raise WriteError for a path without a file name, and for a device or pipe."""
    if target.name in ('', '..'):
        raise WriteError(f'cannot write {target}: name a file or folder in it')
    # /dev/stdout may lead to a plain file; the link would be replaced, not the file.
    special = os.path.realpath(target.parent) == '/dev'
    # os.path, because pathlib raises for a name that is too long.
    plain = os.path.isfile(target) or os.path.isdir(target)
    if special or (os.path.exists(target) and not plain):
        raise WriteError(f'cannot write {target}: a device or pipe cannot be replaced; name a file')


def _prefix(name: str) -> str:
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f'.{name}.'


def _leftovers(folder: Path, name: str) -> list[Path]:
    """Return the temporary folders of ``atomic_path(folder / name)``, also of running processes."""
    return sorted(folder.glob(f'{glob.escape(_prefix(name))}????????'))


def _put_in_place(temporary: Path, target: Path, workspace: Path) -> None:
    if not (temporary.is_dir() and target.is_dir()):
        os.replace(temporary, target)
    elif not exchange(temporary, target):
        os.rename(target, workspace / _REPLACED)
        os.rename(temporary, target)


def _roll_back(target: Path, workspace: Path) -> Path | None:
    """Move the old folder back if the new one has not replaced it.

    Returns:
        Path of the old folder if something else is at ``target`` or the move failed; None if
        nothing is left to move.
    """
    replaced = workspace / _REPLACED
    if not os.path.lexists(replaced) or not os.path.lexists(workspace / target.name):
        return None
    if os.path.lexists(target):
        return replaced
    try:
        os.rename(replaced, target)
    except OSError:
        return replaced
    return None


def _sync_file(path: Path) -> None:
    if path.is_symlink() or not path.is_file():
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    # A file system may refuse this for folders; then it decides when names reach the disk.
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
