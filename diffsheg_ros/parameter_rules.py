"""What a node's parameter may be: the fields of a dataclass, each with a rule.

Nothing here imports ROS; `node_parameters` declares such fields to it.
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
    """What is known about a parameter beside its name and type.

    Attributes:
        description: what it does and what its special values mean, one sentence or two.
        low: least value, of a number.
        high: greatest value, of a number.
        choices: all values, of a text; empty where any will do.
        live: may change while the node runs.
        longest: most characters, of a text.
        former_name: name in the release before, still accepted; empty where it is the same.
    """

    description: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    live: bool = False
    longest: int = 4096
    former_name: str = ''

    def problem(self, kind: type, value: object) -> str | None:
        """Return what a value of this parameter must be, or None where it is right."""
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
    """Return a value as a parameter of a kind takes it.

    A number or truth value becomes text where text is wanted: YAML reads a name that looks like a
    number, such as a device's, as one.
    """
    if kind is str and isinstance(value, bool):
        return str(value).lower()
    if kind is str and isinstance(value, int | float):
        return str(value)
    if kind is float and type(value) is int:
        return float(value)
    return value


def parameter(default: Any, description: str, **limits: Any) -> Any:
    """A field of a parameter dataclass; `limits` are the other fields of `Rule`."""
    return dataclasses.field(
        default=default, metadata={'rule': Rule(' '.join(description.split()), **limits)}
    )


def rule_of(field: dataclasses.Field[Any]) -> Rule:
    """The rule of a field made by `parameter`."""
    return field.metadata['rule']


def former_names(kind: type) -> dict[str, str]:
    """Return the parameters of a dataclass that were renamed: present name by former name."""
    fields = dataclasses.fields(kind)
    return {name: field.name for field in fields if (name := rule_of(field).former_name)}


@dataclass(frozen=True)
class Checked:
    """Refuses values that are not allowed; the base of all parameter dataclasses."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            problem = rule_of(field).problem(kind_of(field), value)
            if problem:
                raise InputError(f'parameter {field.name} = {shown(value)}: {problem}')
            object.__setattr__(self, field.name, taken(kind_of(field), value))


def shown(value: object) -> str:
    """Return a value as messages show it: escaped, and cut where it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '…'


def kind_of(field: dataclasses.Field[Any]) -> type:
    """bool, int, float or str."""
    return type(field.default)
