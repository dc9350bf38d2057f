"""The files that an ONNX graph refers to, read from its bytes without the onnx package.

Only messages that lead to tensors are decoded (onnx.proto); their field numbers are stable.
Constructs that protobuf readers may interpret differently are refused: groups, field number 0 and
overlong numbers.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diffsheg_model.errors import InputError

# Message -> number of a field -> message in it.
_MESSAGES = {
    'Model': {7: 'Graph', 20: 'Training', 25: 'Function'},
    'Training': {1: 'Graph', 2: 'Graph'},
    'Function': {7: 'Node', 11: 'Attribute'},
    'Graph': {1: 'Node', 5: 'Tensor', 15: 'SparseTensor'},
    'Node': {5: 'Attribute'},
    'Attribute': {
        5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 22: 'SparseTensor', 23: 'SparseTensor',
    },
    'SparseTensor': {1: 'Tensor', 2: 'Tensor'},
}  # fmt: skip
_OP_TYPE = 4  # of Node
_EXTERNAL_DATA = 13  # of Tensor
_KEY, _VALUE = 1, 2  # of an entry of external data
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DEEPEST = 100

# Nodes that make ONNX Runtime load a compiled program from a file.
_FOREIGN_NODES = {b'EPContext'}


@dataclass(frozen=True)
class Reference:
    """The part of a file that holds a tensor's values.

    Attributes:
        location: path of the file, relative to the graph's folder.
        offset, length: in bytes; a length of None is the rest of the file.
    """

    location: str
    offset: int = 0
    length: int | None = None


def references(content: bytes) -> list[Reference]:
    """Return every reference of a graph's tensors to a file, in nested graphs too.

    Raises:
        InputError: the content is not an ONNX graph, or a node of it loads a program.
    """
    return list(_references(memoryview(content), 'Model', 0))


def check_graph(path: Path, data: str) -> None:
    """Raise InputError unless a graph's tensors lie in the graph or in one file beside it.

    Args:
        path: the graph.
        data: name of the only file that tensors may refer to.

    Raises:
        InputError: the graph cannot be read, or a tensor refers to another file, to another
            folder, or beyond the end of the file.
    """
    try:
        check_plain(path)
        found = references(path.read_bytes())
        if found:
            check_plain(path.parent / data)
        for reference in found:
            if reference.location != data:
                raise InputError(
                    f'a tensor refers to the file {reference.location!r}; only {data!r} is allowed'
                )
        size = (path.parent / data).stat().st_size if found else 0
    except InputError as error:
        raise InputError(f'{path}: {error}; get the bundle from somebody you trust') from error
    except OSError as error:
        raise InputError(f'{path}: {error.strerror}; restore the bundle') from error
    if any(reference.offset + (reference.length or 0) > size for reference in found):
        raise InputError(f'{path}: a tensor lies beyond the end of {data}; restore the bundle')


def check_plain(path: Path) -> None:
    """Raise InputError for a link, a pipe or a device, because a bundle has plain files only.

    Raises:
        OSError: the file does not exist.
    """
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise InputError(f'{path.name} is a symbolic link; copy its target (cp -L)')
    if not stat.S_ISREG(mode):
        raise InputError(f'{path.name} is not a plain file')


def _references(message: memoryview, kind: str, depth: int) -> Iterator[Reference]:
    if depth > _DEEPEST:
        raise InputError(f'its graphs are nested more than {_DEEPEST} deep')
    for number, value in _fields(message):
        if kind == 'Node' and number == _OP_TYPE and bytes(value) in _FOREIGN_NODES:
            raise InputError(f'its node {bytes(value).decode()} loads a compiled program')
        inner = _MESSAGES[kind].get(number)
        if inner == 'Tensor':
            yield from _of_tensor(value)
        elif inner is not None:
            yield from _references(value, inner, depth + 1)


def _of_tensor(tensor: memoryview) -> Iterator[Reference]:
    known: dict[str, str] = {}
    for number, entry in _fields(tensor):
        if number != _EXTERNAL_DATA:
            continue
        parts = {_KEY: '', _VALUE: ''}
        for part, value in _fields(entry):
            if part in parts:
                try:
                    parts[part] = str(value, 'utf-8')
                except UnicodeDecodeError as error:
                    raise InputError('it names a file in bytes that are not text') from error
        if parts[_KEY] in known:
            raise InputError(f'a tensor has two values of {parts[_KEY]!r}')
        known[parts[_KEY]] = parts[_VALUE]
    if not known:
        return
    numbers = {}
    for name in ('offset', 'length'):
        text = known.get(name, '')
        if text and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise InputError(f'a tensor has the {name} {text[:40]!r}')
        numbers[name] = int(text) if text else None
    yield Reference(known.get('location', ''), numbers['offset'] or 0, numbers['length'])


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the number and content of each field of a message that holds bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise _damaged()
        if wire == _VARINT:
            _, at = _varint(message, at)
            continue
        if wire == _BYTES:
            size, at = _varint(message, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise _damaged()
        if size > len(message) - at:
            raise _damaged()
        if wire == _BYTES:
            yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return a number of variable length and the position behind it."""
    value = 0
    for index in range(10):
        if at + index >= len(message):
            break
        byte = message[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise _damaged()


def _damaged() -> InputError:
    return InputError('it is not an ONNX graph, or it is cut')
