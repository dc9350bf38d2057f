"""Cache folders of the user, also if HOME is missing or read-only, as on many robots."""

import atexit
import functools
import os
import shutil
import stat
import tempfile
from pathlib import Path


def cache_home() -> Path:
    """Return the folder for caches of this user; it may be absent or read-only.

    This is `XDG_CACHE_HOME`, else `~/.cache`. A user without a home gets a folder of their own
    in the system's folder for temporary files.
    """
    home = os.environ.get('XDG_CACHE_HOME', '')
    if os.path.isabs(home):  # the XDG base directory specification ignores relative paths
        return Path(home)
    home = os.path.expanduser('~')
    if os.path.isabs(home):
        return Path(home) / '.cache'
    return _temporary_cache()


@functools.cache
def _temporary_cache() -> Path:
    """Return a private temporary folder; with another name if the usual one is not this user's."""
    folder = Path(tempfile.gettempdir()) / f'diffsheg-cache-{os.getuid()}'
    try:
        folder.mkdir(mode=0o700)
        return folder
    except FileExistsError:
        status = folder.lstat()
    except OSError:
        return folder  # stays absent
    own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    if own and not status.st_mode & 0o022:
        return folder
    other = tempfile.mkdtemp(prefix=f'{folder.name}.')
    atexit.register(shutil.rmtree, other, ignore_errors=True)
    return Path(other)


def prepare_matplotlib() -> None:
    """Give matplotlib a folder for its list of fonts; call it before importing matplotlib.

    If its own folder cannot be written, matplotlib logs long warnings and creates a missing HOME.
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
    """Return True if a folder, created if missing, can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
