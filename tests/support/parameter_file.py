"""config/avatar.yaml, made from the declarations of the parameters.

    python -m tests.support.parameter_file

writes it.
"""

import dataclasses
import math
import textwrap
from typing import Any

from diffsheg_ros.parameter_rules import kind_of, rule_of
from diffsheg_ros.startup.node_parameters import NODE_PARAMETERS
from tests.support.paths import ROOT

CONFIG = ROOT / 'config' / 'avatar.yaml'
HEAD = """\
# Every parameter of the nodes with its default. `ros2 param describe` shows the same of a running
# node. `/**` makes a section hold for nodes in any namespace.
"""
_WIDTH = 100


def parameter_file() -> str:
    """Return the text of the file."""
    return HEAD + ''.join(map(_section, NODE_PARAMETERS))


def _section(node: str) -> str:
    fields = dataclasses.fields(NODE_PARAMETERS[node])
    return f'\n/**/{node}:\n  ros__parameters:\n' + ''.join(map(_entry, fields))


def _entry(field: 'dataclasses.Field[Any]') -> str:
    rule, kind = rule_of(field), kind_of(field)
    text = rule.description
    if kind in (int, float) and math.isfinite(rule.low):
        text += f' Range: {_number(rule.low)} to {_number(rule.high)}.'
    if rule.choices:
        text += f' One of {", ".join(rule.choices)}.'
    comment = textwrap.wrap(
        text, _WIDTH, initial_indent='    # ', subsequent_indent='    # ', break_on_hyphens=False
    )
    value = repr(field.default) if kind is not bool else str(field.default).lower()
    return '\n'.join([*comment, f'    {field.name}: {value}', ''])


def _number(limit: float) -> str:
    return f'{limit:.15g}'


if __name__ == '__main__':
    CONFIG.write_text(parameter_file(), encoding='utf-8')
