"""The folder of ROS' own logs, which rclpy.init cannot do without."""

import os
import shlex
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

from diffsheg_model.errors import InputError


def ensure_log_folder(environment: MutableMapping[str, str] = os.environ) -> str:
    """Make sure that ROS can write its logs; call it before rclpy.init.

    ROS writes into `ROS_LOG_DIR`, `$ROS_HOME/log` or `~/.ros/log`, and ends with an error where it
    cannot, as on a robot whose home is read-only. A temporary folder is set in its place then.

    Args:
        environment: Variables to read, and to set `ROS_LOG_DIR` in.

    Returns:
        One line that says what was set and why; empty where nothing had to be.

    Raises:
        InputError: No temporary folder can be written either.
    """
    reason = _obstacle(environment)
    if not reason:
        return ''
    try:
        folder = tempfile.mkdtemp(prefix='diffsheg_log.')
        _write_something(Path(folder))
    except OSError as error:
        raise InputError(
            f'ROS can write its logs nowhere: {reason}, nor is there a temporary folder '
            f'({error.strerror}); set ROS_LOG_DIR to a folder that can be written'
        ) from error
    environment['ROS_LOG_DIR'] = folder
    return f'{reason}: logs go to {folder}; ROS_LOG_DIR names another folder'


def _obstacle(environment: MutableMapping[str, str]) -> str:
    """Return why ROS cannot write its logs; empty where it can."""
    home = environment.get('HOME', '')
    for variable, below in (('ROS_LOG_DIR', ''), ('ROS_HOME', 'log'), ('HOME', '.ros/log')):
        if not (value := environment.get(variable, '')):
            continue
        if variable == 'HOME' and not Path(value).is_dir():
            return f'HOME={shlex.quote(value)} is no folder'  # it is not ours to make
        if value.startswith('~'):  # ROS takes it for HOME
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
    """Write a file that vanishes; a full disk lets empty ones be made.

    Raises:
        OSError: It cannot be written.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b'x')
        file.flush()
