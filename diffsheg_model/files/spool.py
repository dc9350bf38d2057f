"""Bytes that are collected for long and read at the end, kept on disk in between."""

import os
import tempfile
from pathlib import Path

from diffsheg_model.errors import InputError

#: Kept in memory until a file is worth it.
_IN_MEMORY = 1 << 20


class Spool:
    """Appends bytes to a temporary file without a name; it vanishes with this object."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Begin empty.

        Args:
            folder: where the file is to be; None: the system's folder for temporary files.
        """
        self._folder = None if folder is None else Path(folder)
        where = None if folder is None else str(folder)
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=where)  # noqa: SIM115
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            InputError: there is no room for them; what came before stays.
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
                f'cannot keep what is recorded in {where}: {error.strerror or error}; make room'
            ) from error
        self._size += len(data)

    def read(self) -> bytes:
        """Return all bytes in the order in which they came."""
        self._file.seek(0)
        return self._file.read(self._size)
