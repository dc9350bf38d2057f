"""Safe readers of .npy and .npz files, which check headers before they allocate memory.

numpy's own readers trust the shape in a header and the sizes in a zip file.
"""

import io
import math
import os
import zipfile
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, NamedTuple

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.untrusted.budget import check_budget
from diffsheg_model.untrusted.reading import reader

_KINDS = 'biufUS'
_MOST_DIMENSIONS = 32
_BLOCK = 1 << 20
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_LONGEST_HEADER = 1 << 16
_VERSIONS = {
    (1, 0): (2, np.lib.format.read_array_header_1_0),
    (2, 0): (4, np.lib.format.read_array_header_2_0),
}


class NpyHeader(NamedTuple):
    """The header of a .npy file: its array's shape, order and type."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]

    @property
    def items(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.items * self.dtype.itemsize


def read_header(file: IO[bytes]) -> NpyHeader:
    """Read the header of a .npy file that is open at its first byte; the data follow.

    Raises:
        InputError: the header is damaged, or its shape is impossible.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version not in _VERSIONS:
            raise ValueError(f'version {version[0]}.{version[1]} of the format')
        width, parse = _VERSIONS[version]
        prefix = file.read(width)
        length = int.from_bytes(prefix, 'little')
        if length > _LONGEST_HEADER:  # reading it would allocate this length
            raise ValueError(f'it has {length} bytes')
        header = NpyHeader(*parse(io.BytesIO(prefix + file.read(length))))
    except OSError:
        raise
    except Exception as error:  # the header is Python source text
        reason = ' '.join(str(error).split())[:120] or type(error).__name__
        raise InputError(f'has no header of a .npy array ({reason})') from error
    if len(header.shape) > _MOST_DIMENSIONS or any(size < 0 for size in header.shape):
        raise InputError(f'has an array of shape {header.shape!s:.80}: that is not a valid shape')
    return header


def read_array(file: IO[bytes], file_bytes: int, what: str) -> np.ndarray[Any, Any]:
    """Read an array of numbers or text from a .npy file that is open at its first byte.

    Args:
        file: read up to the end of the array.
        file_bytes: size of the file on disk that contains the array.
        what: name of the array, for messages.

    Raises:
        InputError: the array has another type, is cut, or exceeds the file's budget.
    """
    try:
        header = read_header(file)
    except InputError as error:
        raise InputError(f'{what} {error}') from error
    check_kind(header, what)
    check_budget(header.nbytes, file_bytes, what)
    data = bytearray()
    while block := file.read(min(_BLOCK, header.nbytes - len(data))):
        data += block
    if len(data) < header.nbytes:
        raise InputError(f'{what} is cut: {len(data)} of {header.nbytes} bytes are there')
    array: np.ndarray[Any, Any] = np.frombuffer(data, header.dtype, header.items)
    return array.reshape(header.shape, order='F' if header.fortran_order else 'C')


def check_kind(header: NpyHeader, what: str) -> None:
    """Raise InputError if an array holds anything except numbers or text."""
    dtype = header.dtype
    plain = dtype.kind in _KINDS and dtype.names is None and dtype.subdtype is None
    if not plain or (header.items and not dtype.itemsize):
        raise InputError(f'{what} holds {dtype!s:.60}, neither numbers nor text')


@reader('a .npy file')
def read_npy(path: str | os.PathLike[str], mapped: bool = False) -> np.ndarray[Any, Any]:
    """Read the array of numbers or text in a .npy file.

    Args:
        path: the file.
        mapped: True maps the file into memory instead of reading it.

    Raises:
        InputError: the file is missing or cut, or holds no array of numbers or text.
    """
    with open(path, 'rb') as file:
        size = os.fstat(file.fileno()).st_size
        if not mapped:
            return read_array(file, size, str(path))
        header = read_header(file)
        check_kind(header, str(path))
        if header.nbytes > size - file.tell():
            raise InputError(f'{path} is cut: {header.nbytes} bytes of numbers are not there')
        if not header.items:
            return np.zeros(header.shape, header.dtype)
        offset = file.tell()
    order: Literal['F', 'C'] = 'F' if header.fortran_order else 'C'
    return np.memmap(path, header.dtype, 'r', offset, header.shape, order)


class NpzFile:
    """The arrays of an .npz file by name; a context manager.

    Attributes:
        names: names of the arrays.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a file and read its table of contents.

        Raises:
            InputError: the file is missing or no zip file.
        """
        self._path = Path(path)
        self._size = self._path.stat().st_size
        try:
            self._zip = zipfile.ZipFile(self._path)
        except OSError:
            raise
        except Exception as error:  # damaged tables make zipfile raise nearly anything
            raise self._unreadable(error) from error
        self._members = {
            info.filename.removesuffix('.npy'): info
            for info in self._zip.infolist()
            if info.filename.endswith('.npy')
        }
        self.names: Collection[str] = self._members.keys()
        self._spent = 0

    def __enter__(self) -> 'NpzFile':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._zip.close()

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        """Read an array; all arrays share the budget of the file.

        Raises:
            InputError: the array is missing, damaged, encrypted, or exceeds the budget.
        """
        info = self._members.get(name)
        if info is None:
            raise InputError(f'{self._path} has no array {name}')
        what = f'its array {name}'
        try:
            self._check(info, what)
            with self._zip.open(info) as file:
                array = read_array(file, self._size, what)
                if file.read(1):
                    raise InputError(f'{what} has more bytes than its header says')
                return array
        except OSError:
            raise
        except Exception as error:  # damaged bytes make zipfile and zlib raise anything
            raise self._unreadable(error) from error

    def _check(self, info: zipfile.ZipInfo, what: str) -> None:
        if info.flag_bits & _ENCRYPTED:
            raise InputError(f'{what} is encrypted')
        if info.compress_type not in _COMPRESSIONS:
            raise InputError(f'{what} is compressed in a way that numpy does not write')
        self._spent += info.file_size
        check_budget(self._spent, self._size, what)

    def _unreadable(self, error: Exception) -> InputError:
        reason = ' '.join(str(error).split()) or type(error).__name__
        return InputError(
            f'{self._path} is not a readable npz file ({reason}); it may be cut short or something '
            'else'
        )
