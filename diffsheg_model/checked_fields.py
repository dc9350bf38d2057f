"""Checks of dataclass fields, and the reading of dataclasses from parsed JSON or YAML."""

import dataclasses
import sys
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from diffsheg_model.errors import InputError

T = TypeVar('T')

_KINDS = {
    bool: 'true or false',
    int: 'a whole number',
    float: 'a number',
    str: 'text',
    type(None): 'null',
}


class FieldError(InputError):
    """A field of a dataclass with a value that is not allowed.

    Attributes:
        problem: name, value and limits of the field, without the name of the class.
    """

    problem: str


def require(condition: bool, owner: object, field: str, allowed: str) -> None:
    """Raise FieldError unless a condition holds; it names the field, its value and the limits."""
    if not condition:
        problem = f'{field} = {getattr(owner, field)!r}: must be {allowed}'
        error = FieldError(f'{type(owner).__name__}.{problem}')
        error.problem = problem
        raise error


def require_choices(owner: object) -> None:
    """Raise FieldError unless each field of type Literal has one of its values."""
    for name, kind in get_type_hints(type(owner)).items():
        if get_origin(kind) is Literal:
            require(getattr(owner, name) in get_args(kind), owner, name, _choices(kind))


def read_dataclass(cls: type[T], values: object, where: str, path: str = '') -> T:
    """Build a dataclass from parsed JSON or YAML, nested dataclasses included.

    Args:
        cls: a dataclass with fields of type bool, int, float, str, Literal, a union of these,
            tuple[str, ...], or another such dataclass.
        values: the parsed object.
        where: its source, such as a file name, for messages.
        path: the object's place in the source, such as 'network'; empty for all of it.

    Raises:
        InputError: a field is missing, unknown, of the wrong type or out of range.
    """
    name = path or cls.__name__
    if not isinstance(values, dict):
        raise InputError(f'{where}: {name} must be an object, not {values!r:.60}')
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise InputError(f'{where}: unknown field {key!r:.60} in {name}')
    kinds = get_type_hints(cls)
    prefix = f'{path}.' if path else ''
    arguments = {}
    for key, field in fields.items():
        if key in values:
            arguments[key] = _read_value(kinds[key], values[key], where, prefix + key)
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise InputError(f'{where}: {name} lacks the field {key!r}')
    try:
        return cls(**arguments)
    except FieldError as error:
        raise InputError(f'{where}: {prefix}{error.problem}') from error
    except InputError as error:
        raise InputError(f'{where}: {error}') from error


def _read_value(kind: Any, value: object, where: str, name: str) -> object:
    if dataclasses.is_dataclass(kind):
        return read_dataclass(kind, value, where, name)  # type: ignore[arg-type]
    if kind == tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise InputError(f'{where}: {name} must be a list of names')
    if kind is float and type(value) is int and abs(value) <= sys.float_info.max:
        return float(value)
    if get_origin(kind) is Literal:
        fits, allowed = value in get_args(kind), _choices(kind)
    else:
        kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
        fits = type(value) in kinds
        allowed = ' or '.join(_KINDS[each] for each in kinds)
    if not fits:
        raise InputError(f'{where}: {name} = {value!r:.60}: must be {allowed}')
    return value


def _choices(kind: Any) -> str:
    return f'one of {", ".join(map(str, get_args(kind)))}'
