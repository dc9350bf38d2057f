"""Files that are whole or absent, never half-written, and what tells one from another."""

import contextlib
import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from diffsheg_model.errors import InputError


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path beside ``path`` that takes its place when the block succeeds.

    Works for a file or a folder (create the one you need at the yielded path). An existing
    target is replaced only at the end; on any exception the temporary is removed and the target
    stays as it was.

    Raises:
        InputError: the parent folder cannot be created or written, or the disk is full.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        workspace = Path(tempfile.mkdtemp(prefix=f'.{target.name}.', dir=target.parent))
    except OSError as error:
        raise InputError(
            f'cannot write {target}: {error.strerror or error}; choose a writable folder'
        ) from error
    temporary = workspace / target.name
    try:
        yield temporary
        if target.is_dir() and temporary.is_dir():
            target.rename(workspace / 'replaced')
        os.replace(temporary, target)
    except OSError as error:
        raise InputError(
            f'cannot write {target}: {error.strerror or error}; nothing was changed there'
        ) from error
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def check_folder_writable(folder: Path) -> None:
    """Raises InputError unless a folder of results can be made or written into: before the work."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f'cannot write into {folder}: it is a file; name a folder')
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(f'cannot write into {folder}: {existing} is not a writable folder')


def remove_leftovers(folder: Path, name: str) -> None:
    """Removes what a killed process left of ``atomic_path(folder / name)``.

    Only where no other process writes that path: its unfinished work would go too.
    """
    for leftover in folder.glob(f'.{glob.escape(name)}.????????'):
        shutil.rmtree(leftover, ignore_errors=True)


def sha256(path: Path) -> str:
    """The SHA-256 of a file of any size, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
