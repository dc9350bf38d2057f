"""The parameters of a node, declared from a dataclass."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from diffsheg_model.errors import InputError
from diffsheg_ros.parameter_rules import (
    Checked,
    Rule,
    former_names,
    kind_of,
    rule_of,
    shown,
    taken,
)
from diffsheg_ros.startup.parameter_files import all_parameter_names, unknown_parameters

P = TypeVar('P', bound=Checked)


class NodeParameters(Generic[P]):
    """Parameters of a node, which are the fields of a dataclass.

    A value that is not allowed does not stop the node from starting, as it would with rclpy
    alone. The parameter is declared with its default, and `read` raises InputError until an allowed
    value is set. Parameters are read-only unless their rule says `live`. One that was started with
    a wrong value can be corrected until the node is configured.

    Attributes:
        problems: faults of the values that the node was started with, by name.
        locked: True while the node is configured.
    """

    def __init__(
        self, node: Node, kind: type[P], on_change: Callable[[P], None] = lambda values: None
    ) -> None:
        """Declare all fields.

        Args:
            node: the node that gets the parameters.
            kind: the dataclass.
            on_change: called with the new values before one changes while `locked`; it may raise
                InputError to refuse the change.

        Raises:
            InputError: the node was started with a parameter that no node of this package has.
        """
        self._node = node
        self._on_change = on_change
        self._kind = kind
        self._fields = {field.name: field for field in dataclasses.fields(kind)}
        self._renamed = former_names(kind)
        self.problems: dict[str, str] = {}
        self.locked = False
        self._refuse_unknown()
        for field in self._fields.values():
            self._declare(field)
        node.add_pre_set_parameters_callback(self._take)
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._accept)

    def read(self) -> P:
        """Return the present values.

        Raises:
            InputError: a value is not allowed; the message names it and says why.
        """
        if self.problems:
            raise InputError('; '.join(self.problems.values()))
        return self._kind(**{name: self._node.get_parameter(name).value for name in self._fields})

    def _refuse_unknown(self) -> None:
        """Raise InputError for unknown parameters, which rclpy would ignore."""
        # A section for all nodes may hold parameters of other nodes.
        known = self._fields.keys() | self._renamed.keys()
        given = [name for name in self._node._parameter_overrides if name not in known]
        own = unknown_parameters(given, all_parameter_names())
        if own:
            raise InputError(unknown_parameters(given, self._fields))

    def _declare(self, field: dataclasses.Field[Any]) -> None:
        name, rule, kind = field.name, rule_of(field), kind_of(field)
        given = self._given(field)
        problem = rule.problem(kind, given)
        if problem:
            self.problems[name] = f'parameter {name} = {shown(given)}: {problem}'
        wrong = name in self.problems
        self._node.declare_parameter(
            name,
            field.default if wrong else taken(kind, given),
            descriptor(rule, kind, read_only=not (wrong or rule.live)),
            ignore_override=True,
        )

    def _given(self, field: dataclasses.Field[Any]) -> Any:
        """Return the value that the node was started with, under either name, or the default."""
        name, former = field.name, rule_of(field).former_name
        given = self._node._parameter_overrides
        if former in given:
            self._warn_of(former)
            if name not in given:
                name = former
            elif given[name].value != given[former].value:
                self.problems[name] = (
                    f'parameter {name} = {shown(given[name].value)}, and {former} = '
                    f'{shown(given[former].value)}: both are names of one parameter, give {name} '
                    'alone'
                )
        # Declared without a type first: rclpy raises on a wrong one, and does not take 60 for a
        # double.
        anything = ParameterDescriptor(dynamic_typing=True)
        value = self._node.declare_parameter(name, field.default, anything).value
        self._node.undeclare_parameter(name)
        return value

    def _warn_of(self, former: str) -> None:
        self._node.get_logger().warning(
            f'parameter {former} is called {self._renamed[former]} now; the old name will not be '
            'accepted in the next release'
        )

    # Annotated in quotes: before Kilted rclpy's Parameter takes no type.
    def _take(self, parameters: 'list[Parameter[Any]]') -> 'list[Parameter[Any]]':
        """Return parameters under their present names, with numbers as text where text is wanted.

        This happens before rclpy refuses them.
        """
        changed = []
        for parameter in parameters:
            name, value = self._renamed.get(parameter.name, parameter.name), parameter.value
            if name != parameter.name:
                self._warn_of(parameter.name)
            field = self._fields.get(name)
            if field is not None:
                value = taken(kind_of(field), value)
            if name != parameter.name or value is not parameter.value:
                parameter = Parameter(name, value=value)
            changed.append(parameter)
        return changed

    def _check(self, parameters: 'list[Parameter[Any]]') -> SetParametersResult:
        ours = [parameter for parameter in parameters if parameter.name in self._fields]
        values = {parameter.name: parameter.value for parameter in ours}
        for parameter in ours:
            field = self._fields[parameter.name]
            rule = rule_of(field)
            problem = rule.problem(kind_of(field), parameter.value)
            if parameter.value != values[parameter.name]:
                problem = f'{shown(values[parameter.name])} is given under another name'
            if problem:
                reason = f'parameter {parameter.name} = {shown(parameter.value)}: {problem}'
                return SetParametersResult(successful=False, reason=reason)
            if self.locked and not rule.live:
                reason = f'parameter {parameter.name} is fixed while the node is configured'
                return SetParametersResult(successful=False, reason=reason)
        if ours and self.locked:
            try:
                self._on_change(dataclasses.replace(self.read(), **values))
            except InputError as error:
                return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _accept(self, parameters: 'list[Parameter[Any]]') -> None:
        for parameter in parameters:
            self.problems.pop(parameter.name, None)


def descriptor(rule: Rule, kind: type, read_only: bool) -> ParameterDescriptor:
    """Return the description of a parameter for `ros2 param describe`."""
    text = rule.description
    constraints = ''
    if rule.choices:
        constraints = f'one of {", ".join(rule.choices)}'
    result = ParameterDescriptor(
        description=text, additional_constraints=constraints, read_only=read_only
    )
    if math.isfinite(rule.low) and math.isfinite(rule.high):
        if kind is int:
            result.integer_range = [
                IntegerRange(from_value=int(rule.low), to_value=int(rule.high), step=0)
            ]
        elif kind is float:
            result.floating_point_range = [
                FloatingPointRange(from_value=float(rule.low), to_value=float(rule.high), step=0.0)
            ]
    return result
