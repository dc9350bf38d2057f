"""The arguments of the launch file, checked before anything starts. Nothing here imports ROS."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from diffsheg_model.errors import InputError
from diffsheg_model.session.presets import PRESETS
from diffsheg_ros.startup.command_line import LOG_LEVELS
from diffsheg_ros.startup.nearest import did_you_mean
from diffsheg_ros.startup.parameter_files import check_parameter_file

#: Options of `ros2 launch` itself, which it passes on as arguments.
_OF_LAUNCH = ('launch-prefix', 'launch-prefix-filter')
_WHOLE = re.compile('[0-9]{1,5}')
_HIGHEST_PORT = 65535


def check_names(command_line: Sequence[str], launch_file: str, known: Collection[str]) -> None:
    """Raise InputError for arguments that launch would ignore.

    A launch file that includes this one has arguments of its own, so only a command line that
    names this file is checked.

    Args:
        command_line: command line of the process.
        launch_file: name of the launch file.
        known: its arguments.

    Raises:
        InputError: an argument is not known.
    """
    files = [index for index, word in enumerate(command_line) if Path(word).name == launch_file]
    if not files:
        return
    for word in command_line[files[0] + 1 :]:
        name, separator, _ = word.partition(':=')
        if separator and name not in known and name not in _OF_LAUNCH:
            raise InputError(f'there is no argument {name}: {did_you_mean(name, known)}')


def loudspeaker_switch(given: Mapping[str, str]) -> tuple[str, str]:
    """Return the value of `loudspeaker`, and a warning where it was given as `speaker`.

    Args:
        given: all arguments by name; `speaker` is empty where it was not given.

    Raises:
        InputError: both are given, with different values.
    """
    value, former = given['loudspeaker'], given['speaker']
    if not former:
        return value, ''
    if value.lower() == 'true' and former.lower() != 'true':
        raise InputError(
            f'loudspeaker:={value} and speaker:={former}: both are names of one argument, give '
            'loudspeaker alone'
        )
    if former.lower() not in ('true', 'false'):
        raise InputError(f'speaker:={former}: must be true or false')
    return former, (
        'argument speaker is called loudspeaker now; the old name will not be accepted in the next '
        'release'
    )


def check_values(given: Mapping[str, str], switches: Collection[str]) -> None:
    """Raise InputError for values that are not allowed.

    Args:
        given: all arguments by name.
        switches: names of the arguments that are true or false.

    Raises:
        InputError: a value is not allowed; the message names it and the allowed ones.
    """
    for name in switches:
        if given[name].lower() not in ('true', 'false'):
            raise InputError(f'{name}:={given[name]}: must be true or false')
    if given['preset'] and given['preset'] not in PRESETS:
        raise InputError(f'preset:={given["preset"]}: must be {_or(PRESETS)}')
    level = given['log_level']
    if level.lower() not in LOG_LEVELS:
        raise InputError(f'log_level:={level}: must be {_or(LOG_LEVELS)}')
    port = given['port']
    if port and not (_WHOLE.fullmatch(port) and int(port) <= _HIGHEST_PORT):
        raise InputError(f'port:={port}: must be 0 to {_HIGHEST_PORT}')
    check_parameter_file(given['params_file'])
    for name in ('audio_file', 'bundle'):
        if given[name] and not Path(given[name]).exists():
            raise InputError(f'{name}:={given[name]}: there is no such file or folder')
    if given['audio_file'] and Path(given['audio_file']).is_dir():
        raise InputError(f'audio_file:={given["audio_file"]}: is a folder; give a recording')


def _or(values: Collection[str]) -> str:
    *others, last = values
    return f'{", ".join(others)} or {last}'
