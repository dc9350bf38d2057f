"""Atomic exchange of two paths, which only Linux offers and only some file systems support."""

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
# Errors of kernels and file systems (NFS, some FUSE) that lack the exchange.
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def exchange(first: Path, second: Path) -> bool:
    """Exchange two existing paths of one file system, atomically.

    Returns:
        False if the system does not support it; nothing has changed.

    Raises:
        OSError: the system refused; nothing has changed.
    """
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), 'renameat2', None)
    if renameat2 is None:
        return False
    names = (os.fsencode(first), os.fsencode(second))
    if not renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE):
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), str(second))
