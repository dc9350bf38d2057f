"""Stand-ins for numpy's classes in a pickle: plain objects that become arrays after checks.

numpy's own dtype and ndarray trust the state in a pickle, even addresses in memory.
"""

import math
import pickle
import re
from typing import Any

import numpy as np

from diffsheg_model.untrusted.budget import check_budget

_CODE = re.compile(r'([biufSU])([1-9]\d{0,3})|O8?|\?')
_MOST_DIMENSIONS = 32


class Allowance:
    """The limit of memory for all arrays of one pickle together.

    Args:
        file_bytes: size of the pickle.
    """

    def __init__(self, file_bytes: int) -> None:
        self._file_bytes = file_bytes
        self._spent = 0

    def spend(self, size: int) -> None:
        """Count bytes of memory; raise InputError if they exceed the limit."""
        self._spent += size
        check_budget(self._spent, self._file_bytes, 'a pickle')


class PickledDtype:
    """A dtype of numbers, text or objects; its state gives the byte order."""

    __slots__ = ('_code', '_order')

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise pickle.UnpicklingError(f'it has an array of dtype {code!r:.40}')
        self._code = code
        self._order = '='

    def set_state(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) >= 8 else None
        if order not in ('<', '>', '=', '|') or state[2:5] != (None, None, None):
            raise pickle.UnpicklingError(f'it has a dtype {self._code} of an unknown state')
        self._order = order

    def resolve(self) -> np.dtype[Any]:
        if self._code.startswith('O'):
            return np.dtype(object)
        return np.dtype(self._order.replace('|', '=') + self._code)


class PickledArray:
    """An array that gets its state later; `array` builds it."""

    __slots__ = ('_allowance', '_state', 'items')
    __hash__ = None  # type: ignore[assignment]  # no key of a dictionary

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._state: tuple[tuple[int, ...], np.dtype[Any], bool, Any] | None = None
        self.items: list[Any] = []
        """The elements of an array of objects."""

    def set_state(self, state: Any) -> None:
        """Set numpy's state: version, shape, dtype, True for Fortran order, data."""
        if not isinstance(state, tuple) or len(state) != 5 or self._state is not None:
            raise pickle.UnpicklingError('it has an array of an unknown state')
        _, shape, dtype, fortran, data = state
        dtype = resolved(dtype)
        check_shape(shape)
        if dtype.hasobject:
            if type(data) is not list or math.prod(shape) != len(data):
                raise pickle.UnpicklingError('it has an array that is not as large as it says')
            self.items = data
        self._state = shape, dtype, bool(fortran), data

    def array(self) -> np.ndarray[Any, Any]:
        if self._state is None:
            raise pickle.UnpicklingError('it has an array without a state')
        shape, dtype, fortran, data = self._state
        if not dtype.hasobject:
            return from_bytes(data, dtype, shape, fortran, self._allowance)
        array = np.empty(len(self.items), object)
        array[:] = [None] * len(self.items)
        for index, item in enumerate(self.items):
            array[index] = item
        return array.reshape(shape, order='F' if fortran else 'C')


def resolved(dtype: Any) -> np.dtype[Any]:
    """Return numpy's dtype for a stand-in."""
    if type(dtype) is not PickledDtype:
        raise pickle.UnpicklingError('it has an array without a dtype')
    return dtype.resolve()


def check_shape(shape: Any) -> None:
    """Raise UnpicklingError unless a value is a possible shape."""
    if type(shape) is not tuple or len(shape) > _MOST_DIMENSIONS:
        raise pickle.UnpicklingError('it has an array of an impossible shape')
    if any(type(size) is not int or not 0 <= size < 2**40 for size in shape):
        raise pickle.UnpicklingError('it has an array of an impossible shape')


def from_bytes(
    data: Any, dtype: np.dtype[Any], shape: Any, fortran: bool, allowance: Allowance
) -> np.ndarray[Any, Any]:
    """Return a new array of numbers or text; the number of bytes must match its shape.

    Raises:
        UnpicklingError: the number of bytes differs, or the dtype is of objects.
        InputError: the arrays of the pickle need too much memory.
    """
    check_shape(shape)
    if dtype.hasobject or not isinstance(data, bytes | bytearray):
        raise pickle.UnpicklingError('it has an array without numbers')
    if math.prod(shape) * dtype.itemsize != len(data):
        raise pickle.UnpicklingError('it has an array that is not as large as it says')
    allowance.spend(len(data))
    if not data:
        return np.zeros(shape, dtype)
    flat: np.ndarray[Any, Any] = np.frombuffer(bytearray(data), dtype)
    return flat.reshape(shape, order='F' if fortran else 'C')


def scalar(dtype: Any, data: Any) -> Any:
    """Return a numpy scalar."""
    kind = resolved(dtype)
    if kind.hasobject or not isinstance(data, bytes) or len(data) != kind.itemsize:
        raise pickle.UnpicklingError('it has a number that is none')
    return np.frombuffer(data, kind)[0]
