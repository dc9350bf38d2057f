"""A byte range of a file that is one recording, readable as a file of its own."""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Part:
    """One recording within a file.

    Attributes:
        start: offset of its first byte in the file.
        end: offset after its last byte.
        head: bytes of a new or corrected header that precede them; usually empty.
        note: message about a wrong header; usually empty.
    """

    start: int
    end: int
    head: bytes = b''
    note: str = ''

    def is_whole(self, size: int) -> bool:
        """Return True if this is the whole file of that size, with its own header."""
        return not self.head and (self.start, self.end) == (0, size)


class PartFile(io.RawIOBase):
    """A part of a file as a readable and seekable file."""

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
        """Return the offset of the next byte within the part."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to an offset within the part and return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: len(self)}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, or all remaining bytes if ``size`` is negative."""
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
