"""A safe reader of pickles with plain values, numpy arrays and torch tensors.

A pickle is a program. `pickle_check` checks it before it runs, on the unpickler of the standard
library that is written in Python. An allow-list maps each name of numpy and torch to code of this
project, which checks its arguments and makes the arrays (`pickled_arrays`). Tensors become numpy
arrays, whatever device they were saved from. torch itself is neither needed nor called, because its
``torch.storage._load_from_bytes`` unpickles anything.
"""

import collections
import io
import math
import os
import pickle
import warnings
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.untrusted.array_files import read_array, read_header
from diffsheg_model.untrusted.pickle_check import check_pickle
from diffsheg_model.untrusted.pickled_arrays import (
    Allowance,
    PickledArray,
    PickledDtype,
    check_shape,
    from_bytes,
    resolved,
    scalar,
)
from diffsheg_model.untrusted.reading import reader

_NUMPY_MODULES = ('numpy', 'numpy.core.multiarray', 'numpy._core.multiarray')
_NUMERIC_MODULES = ('numpy.core.numeric', 'numpy._core.numeric')
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
"""The dtype of each of torch's storage classes; torch's files are little-endian."""

# The two numbers at the start of a torch save in the format before zip files.
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_TORCH_PROTOCOL = 1001


# The unpickler written in Python, because its handlers can be replaced.
_PythonUnpickler: Any = pickle._Unpickler  # type: ignore[attr-defined]


class _Call:
    """A stand-in for a name; a pickle can call it, but not inspect or change it."""

    __slots__ = ('function',)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function


class _Unpickler(_PythonUnpickler):
    """An unpickler that loads and calls the stand-ins of the allow-list only.

    Args:
        data: a pickle that `check_pickle` has passed.
    """

    dispatch = dict(_PythonUnpickler.dispatch)

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        allowance = Allowance(len(data))
        self._allowance = allowance
        array_class = object()
        names: dict[tuple[str, str], Any] = {
            ('_codecs', 'encode'): _Call(self._bytes),
            ('__builtin__', 'bytes'): _Call(lambda: b''),  # how protocol 2 writes empty bytes
            ('collections', 'OrderedDict'): _Call(_ordered),
            ('torch._utils', '_rebuild_tensor_v2'): _Call(self._tensor),
            ('torch.storage', '_load_from_bytes'): _Call(self._storage),
        }
        for module in _NUMPY_MODULES:
            names[module, 'ndarray'] = array_class
            names[module, 'dtype'] = _Call(PickledDtype)
            names[module, 'scalar'] = _Call(scalar)
            names[module, '_reconstruct'] = _Call(lambda *_: PickledArray(allowance))
        for module in _NUMERIC_MODULES:
            names[module, '_frombuffer'] = _Call(self._from_buffer)
        self._names = names

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._names:
            return self._names[module, name]
        raise pickle.UnpicklingError(f'it names {module}.{name}')

    def load_reduce(self) -> None:
        arguments, call = self.stack.pop(), self.stack[-1]
        if type(call) is not _Call or type(arguments) is not tuple:
            raise pickle.UnpicklingError(f'it calls a {type(call).__name__}')
        self.stack[-1] = call.function(*arguments)

    def load_build(self) -> None:
        state, built = self.stack.pop(), self.stack[-1]
        if type(built) not in (PickledArray, PickledDtype):
            raise pickle.UnpicklingError(f'it changes the state of a {type(built).__name__}')
        built.set_state(state)

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.BUILD[0]] = load_build

    def _bytes(self, text: str, encoding: str) -> bytes:
        """Return bytes from the form of protocol 2."""
        if not isinstance(text, str) or encoding != 'latin1':
            raise pickle.UnpicklingError(f'it encodes text as {encoding!r:.40}')
        self._allowance.spend(len(text))
        return text.encode('latin1')

    def _from_buffer(self, data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
        """Return an array from the form of protocol 5."""
        if order not in ('C', 'F'):
            raise pickle.UnpicklingError('it has an array in an unknown order')
        return from_bytes(data, resolved(dtype), shape, order == 'F', self._allowance)

    def _storage(self, data: bytes) -> np.ndarray:
        """Return the numbers (n,) of a storage that torch saved in the pickle."""
        if not isinstance(data, bytes):
            raise pickle.UnpicklingError('a tensor without bytes')
        return _StorageUnpickler.read(data)

    def _tensor(
        self, storage: np.ndarray, offset: int, size: Any, stride: Any, *_: Any
    ) -> np.ndarray:
        """Return a part of a storage as an array, without torch's data on gradients and hooks."""
        if type(storage) is not np.ndarray or storage.ndim != 1 or not storage.flags.c_contiguous:
            raise pickle.UnpicklingError('a tensor without numbers')
        check_shape(size)
        check_shape(stride)
        if len(size) != len(stride):
            raise pickle.UnpicklingError('a tensor of an impossible shape')
        if type(offset) is not int or offset < 0:
            raise pickle.UnpicklingError('a tensor of an impossible shape')
        count = math.prod(size)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        # A larger tensor would repeat values of its storage.
        if count > storage.size or (count and last >= storage.size):
            raise pickle.UnpicklingError('a tensor larger than its storage')
        self._allowance.spend(count * storage.itemsize)
        if not count:
            return np.zeros(tuple(size), storage.dtype)
        bytes_each = [step * storage.itemsize for step in stride]
        return np.lib.stride_tricks.as_strided(storage[offset:], tuple(size), bytes_each).copy()


def _ordered(items: Any = ()) -> collections.OrderedDict[Any, Any]:
    return collections.OrderedDict(items)


class _StorageUnpickler(_PythonUnpickler):
    """An unpickler that loads torch's storage classes only, as the dtypes of their numbers."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ('torch', 'torch.storage') and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f'a tensor names {module}.{name}')

    def load_build(self) -> None:
        raise pickle.UnpicklingError('a tensor changes a state')

    dispatch = {
        **_PythonUnpickler.dispatch,
        pickle.REDUCE[0]: load_build,
        pickle.BUILD[0]: load_build,
    }

    def persistent_load(self, pid: Any) -> Any:
        kind, dtype, _, _, count = pid[:5]  # the others are a key and the device
        if kind != 'storage' or dtype not in _STORAGES.values() or (pid[5:] and pid[5] is not None):
            raise pickle.UnpicklingError('a tensor that is not of numbers')
        return np.dtype(dtype), int(count)

    @classmethod
    def read(cls, data: bytes) -> np.ndarray:
        """Return the numbers of a torch save of one storage, in the format before zip files."""
        place, found = 0, []
        for _ in range(5):
            end = check_pickle(data, place, persistent=True)
            found.append(cls(io.BytesIO(data[place:end])).load())
            place = end
        magic, protocol, _, stored, _ = found  # the others: the computer, and keys of storages
        if magic != _TORCH_MAGIC or protocol != _TORCH_PROTOCOL:
            raise pickle.UnpicklingError('a tensor that torch did not save')
        dtype, count = stored
        length = int.from_bytes(data[place : place + 8], 'little')
        if length != count or len(data) - place - 8 != count * dtype.itemsize:
            raise pickle.UnpicklingError('a tensor that is cut')
        return np.frombuffer(data, dtype, count, place + 8)


def load(file: IO[bytes], where: str) -> Any:
    """Unpickle numbers, strings, containers, numpy arrays and torch tensors (as arrays).

    Args:
        file: open at the pickle's first byte.
        where: name of the file, for messages.

    Raises:
        InputError: the pickle is cut, or has values of other types.
    """
    data = file.read()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # about escapes in damaged text
            end = check_pickle(data)
        return _with_arrays(_Unpickler(data[:end]).load(), {}, 0)
    except MemoryError:
        raise
    except Exception as error:
        # A damaged pickle can raise nearly any exception.
        reason = ' '.join(str(error).split())[:160] or type(error).__name__
        raise InputError(
            f'{where} is not a pickle of plain arrays ({reason}); get the original file'
        ) from error


_DEEPEST = 100
_Seen = dict[int, tuple[Any, Any]]


def _with_arrays(value: Any, seen: _Seen, depth: int) -> Any:
    """Return a loaded value with arrays in place of their stand-ins.

    Args:
        value: the unpickler's result; lists and dictionaries are changed in place.
        seen: values before and after, by identity. Keeping a value keeps its identity unique.
        depth: nesting depth of the value.
    """
    if type(value) not in (dict, list, tuple, collections.OrderedDict, PickledArray):
        return value
    if id(value) in seen:
        return seen[id(value)][1]
    if depth > _DEEPEST:
        raise pickle.UnpicklingError('its parts are nested too deeply')
    seen[id(value)] = value, value
    if isinstance(value, dict):
        for key, part in value.items():
            value[key] = _with_arrays(part, seen, depth + 1)
    elif isinstance(value, list):
        value[:] = [_with_arrays(part, seen, depth + 1) for part in value]
    elif isinstance(value, tuple):
        seen[id(value)] = value, tuple(_with_arrays(part, seen, depth + 1) for part in value)
    else:
        value.items[:] = [_with_arrays(part, seen, depth + 1) for part in value.items]
        seen[id(value)] = value, value.array()
    return seen[id(value)][1]


@reader('a .npy file')
def load_npy(path: Any) -> Any:
    """Read a .npy file; an array of objects must contain plain values only.

    Raises:
        InputError: the file is missing, cut or has values of other types.
    """
    try:
        with open(path, 'rb') as file:
            if read_header(file).dtype.hasobject:
                return load(file, str(path))
            file.seek(0)
            return read_array(file, os.fstat(file.fileno()).st_size, str(path))
    except OSError as error:
        raise InputError(f'{path} cannot be read as a .npy file ({error.strerror})') from error
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f'{path} cannot be read as a .npy file ({error})') from error
