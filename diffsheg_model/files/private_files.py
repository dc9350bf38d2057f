"""Files of recordings, which hold a voice: for the user who made them, from their first byte on."""

import contextlib
import os
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_blocks = 0
_before = 0


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Let all files that are made in the block be 0600, and all folders 0700.

    Whichever library makes them: this is the umask, which belongs to the whole process, so files
    that other threads make meanwhile are private too. Files that exist keep their mode.
    """
    global _blocks, _before
    with _lock:
        if _blocks == 0:
            _before = os.umask(0o077)
        _blocks += 1
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            if _blocks == 0:
                os.umask(_before)
