"""CDR, the bytes of ROS messages, written and read without ROS.

The layout is that of OMG DDSI-RTPS 2.3, section 10: four bytes name the encoding, then come the
fields, each on a multiple of its size counted from there.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS

#: Bytes before the first field.
_BEGIN = 4


class CdrWriter:
    """A message in little-endian CDR, begun with its header.

    Attributes:
        data: the bytes so far.
    """

    def __init__(self, stamp_ns: int) -> None:
        """Write a header with an empty frame_id.

        Raises:
            InputError: a time that ROS messages cannot hold.
        """
        self.data = bytearray(b'\0\1\0\0')
        seconds, nanoseconds = divmod(stamp_ns, NS)
        if not 0 <= seconds < 2**31:
            raise InputError(f'time {stamp_ns} ns: a ROS time must be from 0 to 2**31 seconds')
        self.number('i', seconds)
        self.number('I', nanoseconds)
        self.text('')

    def number(self, code: str, value: int) -> None:
        """Append a number, in a format of `struct`."""
        self._align(struct.calcsize(code))
        self.data += struct.pack('<' + code, value)

    def text(self, value: str) -> None:
        encoded = value.encode() + b'\0'
        self.number('I', len(encoded))
        self.data += encoded

    def texts(self, values: Sequence[str]) -> None:
        self.number('I', len(values))
        for value in values:
            self.text(value)

    def floats(self, code: str, values: np.ndarray) -> None:
        """Append an array of any shape as float32 ('f') or float64 ('d')."""
        self.number('I', np.size(values))
        if np.size(values):
            self._align(struct.calcsize(code))
            self.data += np.ascontiguousarray(values, dtype='<' + code).tobytes()

    def _align(self, size: int) -> None:
        self.data += bytes(-(len(self.data) - _BEGIN) % size)


class TextsCache:
    """The array of texts that was read last. Most messages repeat the names of the one before."""

    def __init__(self) -> None:
        self.data = b''
        self.values: list[str] = []


class CdrReader:
    """A position in the bytes of a message, of either byte order.

    All methods raise ValueError or struct.error where the bytes are cut or of another type.
    """

    def __init__(self, data: bytes, cache: TextsCache) -> None:
        if len(data) < _BEGIN:
            raise ValueError(f'a message of {len(data)} bytes')
        self._data = data
        self._cache = cache
        self._place = _BEGIN
        self._order = '<' if data[1] & 1 else '>'

    def number(self, code: str) -> Any:
        """Return the next number, in a format of `struct`."""
        size = struct.calcsize(code)
        self._align(size)
        (value,) = struct.unpack_from(self._order + code, self._data, self._place)
        self._place += size
        return value

    def numbers(self, code: str) -> np.ndarray:
        """Return the next array of numbers; a view of the bytes."""
        size = struct.calcsize(code)
        count = self.count(size)
        if not count:
            return np.zeros(0, code)
        self._align(size)
        values = np.frombuffer(self._data, self._order + code, count, self._place)
        self._place += values.nbytes
        return values

    def text(self) -> str:
        length = self.count(1)
        text = self._data[self._place : self._place + max(0, length - 1)].decode()
        self._place += length
        return text

    def texts(self) -> list[str]:
        """Return the next array of texts; a list that others may hold too."""
        self._align(4)
        begin, cache = self._place, self._cache
        if cache.data and self._order == '<' and self._data.startswith(cache.data, begin):
            self._place += len(cache.data)
            return cache.values
        values = [self.text() for _ in range(self.count(4))]
        if self._order == '<':
            cache.data, cache.values = self._data[begin : self._place], values
        return values

    def count(self, size: int) -> int:
        """Return the next number of elements, of at least so many bytes each."""
        count = int(self.number('I'))
        rest = len(self._data) - self._place
        if count * size > rest:
            raise ValueError(f'{count} elements in {rest} bytes')
        return count

    def _align(self, size: int) -> None:
        self._place += -(self._place - _BEGIN) % size
