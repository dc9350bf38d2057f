"""Folders and files that nobody but this user and root can have written.

Plans and compiled graphs are programs: who can write them runs code as the user who loads them.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path


class Untrusted(OSError):
    """A file or folder that another user can have written. The message is one line.

    Attributes:
        path: of the file or folder.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f'{path} {reason}')
        self.path = path


def make_private(folder: Path) -> None:
    """Make a folder, with its parents, that this user alone can open; one that exists is kept.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def check_private(folder: Path) -> None:
    """Raise Untrusted for a folder that another user owns or can write.

    Raises:
        OSError: it cannot be opened.
    """
    os.close(_open_folder(folder))


def read_private(folder: Path, name: str) -> bytes:
    """Return the content of a file of a private folder; links are not followed.

    Owner and mode are those of what has been opened, so nothing can be put in its place between
    the check and the reading.

    Raises:
        Untrusted: another user owns or can write the file or the folder, or the file is a link.
        OSError: it is not there or cannot be read.
    """
    opened = _open_folder(folder)
    try:
        path = folder / name
        if stat.S_ISLNK(os.stat(name, dir_fd=opened, follow_symlinks=False).st_mode):
            raise Untrusted(path, 'is a link')
        # Without O_NONBLOCK a pipe of that name would be waited for.
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
