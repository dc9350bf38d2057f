"""Bytes collected over a long time and read at the end, kept on disk in between."""

import os
import tempfile
from pathlib import Path

from diffsheg_model.errors import InputError

#: Bytes kept in memory before a file is used.
_IN_MEMORY = 1 << 20


class Spool:
    """Append-only bytes in an unnamed temporary file, which vanishes with this object."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Create an empty spool.

        Args:
            folder: folder of the file; None: the system's folder for temporary files.
        """
        self._folder = None if folder is None else Path(folder)
        where = None if folder is None else str(folder)
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=where)  # noqa: SIM115
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            InputError: the disk is full or cannot be written; earlier bytes are kept.
        """
        try:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            self._file.seek(self._size)
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            where = self._folder or tempfile.gettempdir()
            raise InputError(
                f'cannot store the recording in {where}: {error.strerror or error}; make room'
            ) from error
        self._size += len(data)

    def read(self) -> bytes:
        """Return all bytes in the order of `append`."""
        self._file.seek(0)
        return self._file.read(self._size)
