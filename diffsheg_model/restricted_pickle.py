"""Reads pickles that hold plain values, numpy arrays and torch tensors, and nothing that runs code.

A pickle is a program; what it can do is what the names that it may load can do. Here these are
numpy's constructors of arrays and the few that a pickled torch tensor needs, each of the latter
replaced by code of this file: tensors come out as numpy arrays, whatever device they were saved
from, and torch itself, whose own ``torch.storage._load_from_bytes`` unpickles anything, is neither
needed nor called.
"""

import collections
import io
import pickle
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from numpy._core import multiarray

from diffsheg_model.errors import InputError
from diffsheg_model.reading import reader

_NUMPY = {
    'ndarray': np.ndarray,
    'dtype': np.dtype,
    # The one function in every pickled array: it makes an empty array of a given class.
    '_reconstruct': multiarray._reconstruct,  # type: ignore[attr-defined]
    'scalar': multiarray.scalar,  # type: ignore[attr-defined]
}
_NUMPY_MODULES = ('numpy', 'numpy.core.multiarray', 'numpy._core.multiarray')
_STORAGES = {
    'DoubleStorage': '<f8',
    'FloatStorage': '<f4',
    'HalfStorage': '<f2',
    'LongStorage': '<i8',
    'IntStorage': '<i4',
    'ShortStorage': '<i2',
    'CharStorage': '<i1',
    'ByteStorage': '<u1',
    'BoolStorage': '?',
}
"""Classes of torch's storages and what they hold; torch has files little-endian."""

# How a torch save of old begins: two numbers of the format, then a dictionary of the machine's.
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_TORCH_PROTOCOL = 1001


class _Unpickler(pickle.Unpickler):
    """Loads the names of the allow-list only.

    What stands for a torch function is a method bound to this very unpickler: pickles can set
    attributes of what they load, and those of a bound method cannot be set.
    """

    def find_class(self, module: str, name: str) -> Any:
        if module in _NUMPY_MODULES and name in _NUMPY:
            return _NUMPY[name]
        stand_ins: dict[tuple[str, str], Callable[..., Any]] = {
            ('_codecs', 'encode'): self._bytes,
            ('torch._utils', '_rebuild_tensor_v2'): self._tensor,
            ('torch.storage', '_load_from_bytes'): self._storage,
        }
        if (module, name) in stand_ins:
            return stand_ins[module, name]
        if (module, name) == ('collections', 'OrderedDict'):
            return collections.OrderedDict
        raise pickle.UnpicklingError(f'it names {module}.{name}')

    def _bytes(self, text: str, encoding: str) -> bytes:
        """Bytes, as pickles of protocol 2 write them."""
        if not isinstance(text, str) or encoding != 'latin1':
            raise pickle.UnpicklingError(f'it encodes text as {encoding!r}')
        return text.encode('latin1')

    def _storage(self, data: bytes) -> np.ndarray:
        """The numbers (n,) of a storage that torch saved into the pickle."""
        if not isinstance(data, bytes):
            raise pickle.UnpicklingError('a tensor without bytes')
        return _StorageUnpickler.read(data)

    def _tensor(
        self, storage: np.ndarray, offset: int, size: Any, stride: Any, *_: Any
    ) -> np.ndarray:
        """A part of a storage with a shape; what torch notes of gradients and hooks is left out."""
        if type(storage) is not np.ndarray or storage.ndim != 1 or not storage.flags.c_contiguous:
            raise pickle.UnpicklingError('a tensor without numbers')
        if len(size) != len(stride):
            raise pickle.UnpicklingError('a tensor of an impossible shape')
        numbers = [offset, *size, *stride]
        if any(type(number) is not int or number < 0 for number in numbers):
            raise pickle.UnpicklingError('a tensor of an impossible shape')
        count = int(np.prod([float(n) for n in size]))
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        # More values than the storage has would be the same ones many times over.
        if count > storage.size or (count and last >= storage.size):
            raise pickle.UnpicklingError('a tensor larger than its storage')
        if not count:
            return np.zeros(tuple(size), storage.dtype)
        bytes_each = [step * storage.itemsize for step in stride]
        return np.lib.stride_tricks.as_strided(storage[offset:], tuple(size), bytes_each).copy()


class _StorageUnpickler(pickle.Unpickler):
    """Loads no names but torch's classes of storages, which stand for their numbers' types."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ('torch', 'torch.storage') and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f'a tensor names {module}.{name}')

    def persistent_load(self, pid: Any) -> Any:
        kind, dtype, _, _, count = pid[:5]  # the others are a key and the device
        if kind != 'storage' or dtype not in _STORAGES.values() or (pid[5:] and pid[5] is not None):
            raise pickle.UnpicklingError('a tensor that is not of numbers')
        return np.dtype(dtype), int(count)

    @classmethod
    def read(cls, data: bytes) -> np.ndarray:
        """The numbers of a torch save, in its format before zip files, of one storage."""
        file = io.BytesIO(data)
        if cls(file).load() != _TORCH_MAGIC or cls(file).load() != _TORCH_PROTOCOL:
            raise pickle.UnpicklingError('a tensor that torch did not save')
        cls(file).load()
        dtype, count = cls(file).load()
        cls(file).load()  # keys of the storages: there is one
        length = int.from_bytes(file.read(8), 'little')
        if length != count or len(data) - file.tell() != count * dtype.itemsize:
            raise pickle.UnpicklingError('a tensor that is cut')
        return np.frombuffer(data, dtype, count, file.tell())


def load(file: IO[bytes], where: str) -> Any:
    """Unpickles numbers, strings, containers, numpy arrays and torch tensors (as arrays).

    Args:
        file: open at the pickle's first byte.
        where: what to call it in messages.

    Raises:
        InputError: the pickle is cut, or names anything else.
    """
    try:
        return _Unpickler(file).load()
    except Exception as error:
        # A broken pickle can raise nearly anything.
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise InputError(
            f'{where} is not a pickle of plain arrays ({reason}); get the original file'
        ) from error


@reader('a .npy file')
def load_npy(path: Any) -> Any:
    """Reads a .npy file, an array of objects included, where those are plain values.

    Raises:
        InputError: the file is missing, cut or holds something else.
    """
    try:
        with open(path, 'rb') as file:
            version = np.lib.format.read_magic(file)
            header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            _, _, dtype = header(file)
            if dtype.hasobject:
                return load(file, str(path))
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, KeyError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f'{path} cannot be read as a .npy file ({reason})') from error
