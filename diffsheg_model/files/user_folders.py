"""Folders of the user, where there may be none: a robot's HOME is often missing or read-only."""

import atexit
import functools
import os
import shutil
import stat
import tempfile
from pathlib import Path


def cache_home() -> Path:
    """Return the folder that caches of this user lie in; it may be absent or read-only.

    `XDG_CACHE_HOME`, else `~/.cache`; for a user without a home a folder of this user's own beside
    the temporary files.
    """
    home = os.environ.get('XDG_CACHE_HOME', '')
    if os.path.isabs(home):  # others are to be ignored, says the XDG base directory specification
        return Path(home)
    home = os.path.expanduser('~')
    if os.path.isabs(home):
        return Path(home) / '.cache'
    return _temporary_cache()


@functools.cache
def _temporary_cache() -> Path:
    """A folder of this user's own; another one where somebody else has taken the usual name."""
    folder = Path(tempfile.gettempdir()) / f'diffsheg-cache-{os.getuid()}'
    try:
        folder.mkdir(mode=0o700)
        return folder
    except FileExistsError:
        status = folder.lstat()
    except OSError:
        return folder  # which stays absent
    own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    if own and not status.st_mode & 0o022:
        return folder
    other = tempfile.mkdtemp(prefix=f'{folder.name}.')
    atexit.register(shutil.rmtree, other, ignore_errors=True)
    return Path(other)


def prepare_matplotlib() -> None:
    """Give matplotlib a folder for its list of fonts; call it before the first import.

    Where its own cannot be written it warns at length, and makes a HOME that does not exist.
    """
    if os.environ.get('MPLCONFIGDIR'):
        return
    home = Path(os.path.expanduser('~'))
    folders = [Path(os.environ.get('XDG_CONFIG_HOME') or home / '.config'), cache_home()]
    if home.is_dir() and all(_can_hold(folder / 'matplotlib') for folder in folders):
        return
    folder = tempfile.mkdtemp(prefix='diffsheg_matplotlib.')
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ['MPLCONFIGDIR'] = folder


def _can_hold(folder: Path) -> bool:
    """Return whether a folder is there, made where missing, and can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
