"""The folder of ROS' logs, without which rclpy.init fails."""

import os
import shlex
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

from diffsheg_model.errors import InputError


def ensure_log_folder(environment: MutableMapping[str, str] = os.environ) -> str:
    """Make sure that ROS can write its logs; call this before rclpy.init.

    ROS writes into `ROS_LOG_DIR`, `$ROS_HOME/log` or `~/.ros/log`. If it cannot, for example on a
    robot with a read-only home, it ends with an error. This sets a temporary folder in that case.

    Args:
        environment: variables to read, and to set `ROS_LOG_DIR` in.

    Returns:
        One line with the folder and the reason; empty if nothing was set.

    Raises:
        InputError: no temporary folder can be written either.
    """
    reason = _obstacle(environment)
    if not reason:
        return ''
    try:
        folder = tempfile.mkdtemp(prefix='diffsheg_log.')
        _write_something(Path(folder))
    except OSError as error:
        raise InputError(
            f'ROS cannot write its logs: {reason}, and there is no temporary folder '
            f'({error.strerror}); set ROS_LOG_DIR to a folder that can be written'
        ) from error
    environment['ROS_LOG_DIR'] = folder
    return f'{reason}: logs go to {folder}; ROS_LOG_DIR names another folder'


def _obstacle(environment: MutableMapping[str, str]) -> str:
    """Return the reason why ROS cannot write its logs; empty if it can."""
    home = environment.get('HOME', '')
    for variable, below in (('ROS_LOG_DIR', ''), ('ROS_HOME', 'log'), ('HOME', '.ros/log')):
        if not (value := environment.get(variable, '')):
            continue
        if variable == 'HOME' and not Path(value).is_dir():
            return f'HOME={shlex.quote(value)} is not a folder'
        if value.startswith('~'):  # ROS replaces it by HOME
            value = home + value[1:]
        folder = Path(value, below)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_something(folder)
        except (OSError, ValueError) as error:
            cause = error.strerror if isinstance(error, OSError) else str(error)
            return f'{variable}: {shlex.quote(str(folder))} cannot be written ({cause})'
        return ''
    return 'HOME is not set'


def _write_something(folder: Path) -> None:
    """Write a temporary file that is not empty, since a full disk accepts empty ones.

    Raises:
        OSError: it cannot be written.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b'x')
        file.flush()
