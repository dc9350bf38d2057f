"""The first steps of each executable's process.

`python -m diffsheg_ros avatar --ros-args -p autostart:=true` is what `ros2 run diffsheg_ros avatar`
runs. This module imports the standard library alone, so that it can report missing packages.
"""

import importlib
import signal
import sys
from collections.abc import Callable, Sequence

from diffsheg_ros.startup.catalogue import EXECUTABLES
from diffsheg_ros.startup.import_failure import import_failure

#: Exit status of a process that could not start.
CANNOT_START = 2


def start(name: str, arguments: Sequence[str] | None = None) -> int:
    """Run an executable.

    Args:
        name: name of the executable.
        arguments: command line; default: that of the process.

    Returns:
        The exit status; 2 if it could not start, with the reason on stderr.
    """
    end_at_once()
    from diffsheg_ros.startup.command_line import (
        UsageError,
        asks_for_help,
        parameter_file_problem,
        ros_arguments,
        usage,
    )

    given = list(sys.argv[1:] if arguments is None else arguments)
    if asks_for_help(given):
        sys.stdout.write(usage(name))
        return 0
    try:
        given = ros_arguments(name, given)
    except UsageError as error:
        return fail(f'{name}: {error}')
    main = load(name, EXECUTABLES[name].module)
    if main is None:
        return CANNOT_START
    problem = parameter_file_problem(given)
    if problem:
        return fail(f'{name}: {problem}')
    return main(given)


def fail(message: str) -> int:
    """Print an error on stderr; return the exit status of a process that could not start."""
    sys.stderr.write(f'error: {message}\n')
    return CANNOT_START


def end_at_once() -> None:
    """Let Ctrl-C end the process without a message, since nothing needs to be cleaned up yet."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # An installed executable starts with SIGINT blocked; see CMakeLists.txt.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def load(name: str, module: str) -> Callable[[list[str]], int] | None:
    """Return the `main` of a module; if its import fails, print the reason and return None.

    Args:
        name: name of the program, for the message.
        module: full name of the module.
    """
    try:
        return importlib.import_module(module).main
    except Exception as error:
        fail(f'{name} cannot start: {import_failure(error)}')
        return None


def audio_adapter() -> int:
    """Run the adapter."""
    return start('audio_adapter')


def avatar() -> int:
    """Run the avatar."""
    return start('avatar')


def file_player() -> int:
    """Run the file player."""
    return start('file_player')


def microphone() -> int:
    """Run the microphone."""
    return start('microphone')


def monitor() -> int:
    """Run the monitor."""
    return start('monitor')


def replay() -> int:
    """Run the replay."""
    return start('replay')


def speaker() -> int:
    """Run the speaker."""
    return start('speaker')


def viewer() -> int:
    """Run the viewer."""
    return start('viewer')
