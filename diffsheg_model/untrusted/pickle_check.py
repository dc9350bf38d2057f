"""A check of a pickle's opcodes before anything is loaded from it."""

import io
import pickle
import pickletools
from typing import Any

_MARK = -1
_DEEPEST = 64

#: Opcodes of plain values and calls. Other opcodes that create or look up objects are left out
#: (only GLOBAL, STACK_GLOBAL, REDUCE and BUILD remain), and so are those that reorder the stack.
_PLAIN = frozenset(
    (
        'PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 '
        'FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 '
        'BYTEARRAY8 UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 EMPTY_LIST APPEND APPENDS LIST '
        'EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS EMPTY_SET '
        'ADDITEMS FROZENSET GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE GLOBAL '
        'STACK_GLOBAL REDUCE BUILD'
    ).split()
)
_PERSISTENT = frozenset({'BINPERSID'})
#: Opcodes that add their arguments to the container below, and leave it on the stack.
_ADDING = frozenset({'APPEND', 'APPENDS', 'SETITEM', 'SETITEMS', 'ADDITEMS', 'BUILD'})


def check_pickle(data: bytes, start: int = 0, persistent: bool = False) -> int:
    """Check that a pickle is complete and has only allowed opcodes in a valid order.

    An unpickler that runs it afterwards meets no text or bytes longer than the data. It never reads
    an empty memo entry, writes one far beyond the others, or pops an empty stack. Values are not
    nested so deep that hashing them would overflow Python's stack.

    Args:
        data: bytes that contain the pickle.
        start: offset of the pickle in the data.
        persistent: True allows references to objects outside the pickle.

    Returns:
        Offset of the end of the pickle.

    Raises:
        UnpicklingError: the pickle does anything else.
        Exception: ValueError, or nearly any other type, for a cut or damaged pickle.
    """
    allowed = _PLAIN | _PERSISTENT if persistent else _PLAIN
    file = io.BytesIO(data)
    file.seek(start)
    stack: list[int] = []
    memo: dict[int, int] = {}
    for opcode, argument, _ in pickletools.genops(file):
        place = argument if isinstance(argument, int) else -1
        if opcode.name not in allowed:
            raise pickle.UnpicklingError(f'it uses the opcode {opcode.name}')
        if opcode.name == 'MARK':
            stack.append(_MARK)
        elif opcode.name == 'MEMOIZE':
            memo[len(memo)] = _top(stack)
        elif opcode.name.endswith('PUT'):
            # Picklers count up; a far entry would allocate memory for all entries before it.
            if not 0 <= place <= len(data):
                raise pickle.UnpicklingError(f'it fills place {place} of its memo')
            memo[place] = _top(stack)
        elif opcode.name.endswith('GET'):
            if place not in memo:
                raise pickle.UnpicklingError(f'it takes from place {place} of its memo')
            stack.append(memo[place])
        else:
            _run(opcode, stack)
    if stack:
        raise pickle.UnpicklingError('it leaves things behind')
    return file.tell()


def _run(opcode: Any, stack: list[int]) -> None:
    """Apply an opcode to a stack that holds the nesting depth of each value."""
    taken = list(opcode.stack_before)
    items: list[int] = []
    if pickletools.markobject in taken:
        taken = taken[: taken.index(pickletools.markobject)]
        while (item := _pop(stack)) != _MARK:
            items.append(item)
    for _ in taken:
        items.append(_top(stack))
        stack.pop()
    if not opcode.stack_after:
        return
    if opcode.name in _ADDING:
        depth = max(items[-1], 1 + max(items[:-1], default=0))
    else:
        depth = 1 + max(items) if items else 0
    if depth > _DEEPEST:
        raise pickle.UnpicklingError('its parts are nested too deeply')
    stack.append(depth)


def _pop(stack: list[int]) -> int:
    if not stack:
        raise pickle.UnpicklingError('it takes from an empty stack')
    return stack.pop()


def _top(stack: list[int]) -> int:
    """Return the depth of the top value; a mark is no value."""
    if not stack or stack[-1] == _MARK:
        raise pickle.UnpicklingError('it takes from an empty stack')
    return stack[-1]
