"""Reads pickles that hold plain values and numpy arrays, and nothing that runs code."""

import pickle
from typing import IO, Any

import numpy as np
from numpy._core import multiarray

from diffsheg_model.errors import InputError

_ALLOWED = {
    'ndarray': np.ndarray,
    'dtype': np.dtype,
    # The one function in every pickled array: it makes an empty array of a given class.
    '_reconstruct': multiarray._reconstruct,  # type: ignore[attr-defined]
    'scalar': multiarray.scalar,  # type: ignore[attr-defined]
}
_NUMPY_MODULES = ('numpy', 'numpy.core.multiarray', 'numpy._core.multiarray')


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module in _NUMPY_MODULES and name in _ALLOWED:
            return _ALLOWED[name]
        raise pickle.UnpicklingError(f'it names {module}.{name}')


def load(file: IO[bytes], where: str) -> Any:
    """Unpickles numbers, strings, containers and numpy arrays.

    Args:
        file: open at the pickle's first byte.
        where: what to call it in messages.

    Raises:
        InputError: the pickle is cut, or names anything but numpy's arrays.
    """
    try:
        return _Unpickler(file).load()
    except Exception as error:
        # A broken pickle can raise nearly anything.
        raise InputError(
            f'{where} is not a pickle of plain arrays ({error}); get the original file'
        ) from error


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
