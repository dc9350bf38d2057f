"""What a node's parameter may be: the fields of a dataclass, each with a rule.

Nothing here imports ROS; `node_parameters` declares such fields to it.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from diffsheg_model.errors import InputError

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
    """

    description: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    live: bool = False

    def problem(self, kind: type, value: object) -> str | None:
        """Says what a value of this parameter must be, or None where it is right."""
        if type(value) is not kind and not (kind is float and type(value) is int):
            return f'must be {KINDS[kind]}'
        if isinstance(value, int | float) and not self.low <= value <= self.high:  # NaN too
            return f'must be {self.low:g} to {self.high:g}'
        if self.choices and value not in self.choices:
            return f'must be {", ".join(self.choices[:-1])} or {self.choices[-1]}'
        return None


def parameter(default: Any, description: str, **limits: Any) -> Any:
    """A field of a parameter dataclass; `limits` are the other fields of `Rule`."""
    return dataclasses.field(
        default=default, metadata={'rule': Rule(' '.join(description.split()), **limits)}
    )


def rule_of(field: dataclasses.Field[Any]) -> Rule:
    """The rule of a field made by `parameter`."""
    return field.metadata['rule']


@dataclass(frozen=True)
class Checked:
    """Refuses values that are not allowed; the base of all parameter dataclasses."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            problem = rule_of(field).problem(kind_of(field), value)
            if problem:
                raise InputError(f'parameter {field.name} = {value!r}: {problem}')


def kind_of(field: dataclasses.Field[Any]) -> type:
    """bool, int, float or str."""
    return type(field.default)
