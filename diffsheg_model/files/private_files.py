"""Private files from their first byte on, for recordings, which hold a voice."""

import contextlib
import os
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_blocks = 0
_before = 0


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Create all files in the `with` block with mode 0600, and all folders with 0700.

    This sets the umask, so it holds for files that any library creates. The umask belongs to the
    process: files that other threads create meanwhile are private too. Existing files keep their
    mode.
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
