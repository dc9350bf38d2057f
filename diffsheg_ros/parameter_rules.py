"""Rules for the parameters of nodes, which are the fields of a dataclass.

Nothing here imports ROS; `ros/node_parameters.py` declares the fields to it.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from diffsheg_model.errors import InputError

#: Characters of a wrong value in a message.
_LONGEST_SHOWN = 200
KINDS = {bool: 'true or false', int: 'a whole number', float: 'a number', str: 'text'}


@dataclass(frozen=True)
class Rule:
    """Description and range of a parameter.

    Attributes:
        description: its effect and the meaning of special values, in one or two sentences.
        low: least value of a number.
        high: greatest value of a number.
        choices: allowed values of a text; empty if any text is allowed.
        live: True if the parameter may change while the node runs.
        longest: most characters of a text.
        former_name: name in the release before, still accepted; empty if it was not renamed.
    """

    description: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    live: bool = False
    longest: int = 4096
    former_name: str = ''

    def problem(self, kind: type, value: object) -> str | None:
        """Return the requirement that a value violates, such as "must be text", or None."""
        value = taken(kind, value)
        if type(value) is not kind and not (kind is float and type(value) is int):
            return f'must be {KINDS[kind]}'
        if isinstance(value, int | float) and not self.low <= value <= self.high:  # NaN too
            return f'must be {self.low:g} to {self.high:g}'
        if isinstance(value, str):
            if len(value) > self.longest:
                return f'must have at most {self.longest} characters'
            if any(character < ' ' or character == '\x7f' for character in value):
                return 'must be text without control characters'
        if self.choices and value not in self.choices:
            return f'must be {", ".join(self.choices[:-1])} or {self.choices[-1]}'
        return None


def taken(kind: type, value: object) -> object:
    """Return a value converted to the type of its parameter, where that loses nothing.

    A number or truth value becomes text where text is wanted: YAML reads a device name that looks
    like a number as a number.
    """
    if kind is str and isinstance(value, bool):
        return str(value).lower()
    if kind is str and isinstance(value, int | float):
        return str(value)
    if kind is float and type(value) is int:
        return float(value)
    return value


def parameter(default: Any, description: str, **limits: Any) -> Any:
    """Return a field of a parameter dataclass; `limits` are the other fields of `Rule`."""
    return dataclasses.field(
        default=default, metadata={'rule': Rule(' '.join(description.split()), **limits)}
    )


def rule_of(field: dataclasses.Field[Any]) -> Rule:
    """Return the rule of a field made by `parameter`."""
    return field.metadata['rule']


def former_names(kind: type) -> dict[str, str]:
    """Return the parameters of a dataclass that were renamed: present name by former name."""
    fields = dataclasses.fields(kind)
    return {name: field.name for field in fields if (name := rule_of(field).former_name)}


@dataclass(frozen=True)
class Checked:
    """Base of all parameter dataclasses; raises InputError for values that are not allowed."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            problem = rule_of(field).problem(kind_of(field), value)
            if problem:
                raise InputError(f'parameter {field.name} = {shown(value)}: {problem}')
            object.__setattr__(self, field.name, taken(kind_of(field), value))


def shown(value: object) -> str:
    """Return a value for a message: escaped, and cut if it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '…'


def kind_of(field: dataclasses.Field[Any]) -> type:
    """Return the type of a field: bool, int, float or str."""
    return type(field.default)
