"""A stretch of a file that is one recording, as a file of its own."""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Part:
    """One recording within a file.

    Attributes:
        start: offset of its first byte that is read from the file.
        end: offset behind its last byte.
        head: bytes before them, of a header that is made or mended; often none.
        note: what is not as its header says; often nothing.
    """

    start: int
    end: int
    head: bytes = b''
    note: str = ''

    def is_whole(self, size: int) -> bool:
        """Return True for a whole file of this size, with the header that it has."""
        return not self.head and (self.start, self.end) == (0, size)


class PartFile(io.RawIOBase):
    """A part of a file, to read and to seek in."""

    def __init__(self, path: Path, part: Part) -> None:
        super().__init__()
        self._file: BinaryIO = path.open('rb')
        self._part = part
        self._place = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def __len__(self) -> int:
        return len(self._part.head) + self._part.end - self._part.start

    def tell(self) -> int:
        """Return the place of the next byte within the part."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place within the part and return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: len(self)}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, all that are left where ``size`` is negative."""
        left = max(0, len(self) - self._place)
        count = left if size < 0 else min(size, left)
        found = self._part.head[self._place : self._place + count]
        if len(found) < count:
            behind = self._place + len(found) - len(self._part.head)
            self._file.seek(self._part.start + behind)
            found += self._file.read(count - len(found))
        self._place += len(found)
        return found

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Read into a buffer and return the number of bytes."""
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
