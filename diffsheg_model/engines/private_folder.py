"""Folders and files that only this user and root can have written.

Plans and compiled graphs are programs: another user who can write them could run code as the user
who loads them.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path


class Untrusted(OSError):
    """File or folder that another user may have written. The message is one line.

    Attributes:
        path: path of the file or folder.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f'{path} {reason}')
        self.path = path


def make_private(folder: Path) -> None:
    """Create a folder, with its parents, for this user alone; leave an existing one unchanged.

    Raises:
        OSError: it cannot be created.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def check_private(folder: Path) -> None:
    """Raise Untrusted for a folder that another user owns or can write.

    Raises:
        OSError: it cannot be opened.
    """
    os.close(_open_folder(folder))


def read_private(folder: Path, name: str) -> bytes:
    """Return the content of a file in a private folder; links are not followed.

    Owner and mode are checked on the opened file, so it cannot be exchanged between the check and
    the reading.

    Raises:
        Untrusted: another user owns or can write the file or the folder, or the file is a link.
        OSError: it is missing or cannot be read.
    """
    opened = _open_folder(folder)
    try:
        path = folder / name
        if stat.S_ISLNK(os.stat(name, dir_fd=opened, follow_symlinks=False).st_mode):
            raise Untrusted(path, 'is a link')
        # Without O_NONBLOCK, opening a pipe of that name would block.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, dir_fd=opened), 'rb') as file:
            _check(os.fstat(file.fileno()), path, stat.S_ISREG)
            return file.read()
    finally:
        os.close(opened)


def _open_folder(folder: Path) -> int:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _check(os.fstat(opened), folder, stat.S_ISDIR)
    except BaseException:
        os.close(opened)
        raise
    return opened


def _check(status: os.stat_result, path: Path, is_kind: Callable[[int], bool]) -> None:
    if not is_kind(status.st_mode):
        raise Untrusted(path, 'is not a plain file')
    if status.st_uid not in (0, os.geteuid()):
        raise Untrusted(path, f'belongs to user {status.st_uid}, not to this user or root')
    if status.st_mode & 0o022:
        mode = stat.S_IMODE(status.st_mode)
        raise Untrusted(path, f'can be written by other users (mode {mode:o}; chmod go-w)')
