"""The command lines of the executables: their usage, and their arguments for rclpy."""

import dataclasses
import json
import textwrap
from collections.abc import Sequence
from itertools import pairwise

from diffsheg_ros.startup.catalogue import EXECUTABLES
from diffsheg_ros.startup.nearest import did_you_mean

LOG_LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
_WIDTH = 100


class UsageError(Exception):
    """Error of a command line; the text says what is wrong and what to do."""


def asks_for_help(given: Sequence[str]) -> bool:
    """Return True if a command line asks for the usage."""
    return any(argument in ('-h', '--help') for argument in _split(given)[0])


def ros_arguments(name: str, given: Sequence[str]) -> list[str]:
    """Return a command line for rclpy, with a positional argument as a parameter.

    Args:
        name: name of the executable.
        given: its command line.

    Raises:
        UsageError: an argument is not known.
    """
    own, others = _split(given)
    parameter = EXECUTABLES[name].argument
    if parameter and own and not own[0].startswith('-') and ':=' not in own[0]:
        # JSON is YAML, so any path is kept. rcl does not read JSON's surrogate pairs.
        value = json.dumps(own.pop(0), ensure_ascii=False)
        others += ['--ros-args', '-p', f'{parameter}:={value}']
    if own:
        raise UsageError(f'unknown argument {own[0]!r}: {_advice(name, own[0])}')
    for argument in others:
        if not _is_utf8(argument):
            raise UsageError(f'{ascii(argument)} is not text in UTF-8: rename the file')
    for option, value in pairwise(others):
        level = value.rsplit(':=', 1)[-1]
        if option == '--log-level' and level.lower() not in LOG_LEVELS:
            raise UsageError(f'no log level {level!r}: {did_you_mean(level, LOG_LEVELS)}')
    return others


def parameter_file_problem(arguments: Sequence[str]) -> str:
    """Return the fault of the parameter files of a command line; empty for none."""
    from diffsheg_model.errors import InputError
    from diffsheg_ros.startup.parameter_files import check_parameter_file

    try:
        for option, path in pairwise(arguments):
            if option == '--params-file':
                check_parameter_file(path)
    except InputError as error:
        return str(error)
    return ''


def usage(name: str) -> str:
    """Return the text for `--help`."""
    executable = EXECUTABLES[name]
    bare = f' [{executable.argument.upper()}]' if executable.argument else ''
    synopsis = f'{name}{bare} [--ros-args -p name:=value -r from:=to ...]'
    return '\n'.join(
        [
            f'usage: ros2 run diffsheg_ros {synopsis}',
            executable.summary,
            f'example: ros2 run diffsheg_ros {name} {executable.example}',
            *executable.topics,
            *_parameters(name),
            'docs/ros.md and config/avatar.yaml describe them.',
            '',
        ]
    )


def _split(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the arguments outside of `--ros-args ... --`, and those inside."""
    own: list[str] = []
    inside: list[str] = []
    is_inside = False
    for argument in given:
        is_inside = is_inside or argument == '--ros-args'
        (inside if is_inside else own).append(argument)
        if argument == '--':
            is_inside = False
    return [argument for argument in own if argument != '--'], inside


def _is_utf8(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _advice(name: str, argument: str) -> str:
    if ':=' in argument:
        key, value = argument.split(':=', 1)
        return f'parameters are given as --ros-args -p {key}:={value}, topics as --ros-args -r'
    if argument in ('-p', '-r', '--params-file', '--log-level', '--param', '--remap'):
        return 'write --ros-args before it'
    return f'see {name} --help'


def _parameters(name: str) -> list[str]:
    """Return the node's parameters with their defaults, in lines."""
    try:
        from diffsheg_ros.startup.node_parameters import NODE_PARAMETERS
    except ImportError:  # a package is missing; a start without --help names it
        return []
    fields = dataclasses.fields(NODE_PARAMETERS[name])
    words = [f'{field.name}:={_text(field.default)}' for field in fields]
    return textwrap.wrap(
        'parameters: ' + '  '.join(words), _WIDTH, subsequent_indent='  ', break_on_hyphens=False
    )


def _text(default: object) -> str:
    return json.dumps(default) if isinstance(default, bool) or default == '' else str(default)
