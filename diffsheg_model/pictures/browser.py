"""A headless browser: Chromium or Chrome shows a local page until it is stopped.

The browser gets only the address; the page talks to its server. WebGL is rendered in software, so
that neither a graphics card nor a screen is needed.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diffsheg_model.errors import InputError

#: Environment variable that names the browser.
VARIABLE = 'DIFFSHEG_BROWSER'
#: Programs to look for on PATH, in this order.
PROGRAMS = (
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
    'chrome',
    'brave-browser',
    'microsoft-edge',
)

_FLAGS = (
    '--headless=new',
    # The page fills the screen, which has the requested size.
    '--kiosk',
    '--force-device-scale-factor=1',
    '--hide-scrollbars',
    '--mute-audio',
    '--autoplay-policy=no-user-gesture-required',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    # The page's console goes into the log.
    '--enable-logging=stderr',
    # A page in the background is drawn as often as one in front.
    '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
    # Containers have a small /dev/shm.
    '--disable-dev-shm-usage',
    # No traffic but the page's own.
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-default-apps',
    '--disable-extensions',
    '--disable-quic',
    '--disable-sync',
    '--no-default-browser-check',
    '--no-first-run',
    '--disable-breakpad',
    '--disable-crash-reporter',
)
_STOP_S = 5.0
_PREFIX = 'diffsheg-'
#: Bytes: Chromium makes a socket in its temporary folder, and a socket's path has at most 107.
_LONGEST_FOLDER = 107 - len(f'/{_PREFIX}12345678/org.chromium.Chromium.123456/SingletonSocket')
#: Chromium's prefix of a message: process, thread, time, level, file and line.
_LOG_PREFIX = re.compile(r'^\[[^\]]*\] ?')
#: Harmless messages of Chromium without a desktop, and of Debian's wrapper script.
_NOISE = re.compile(r'dbus/|unexpected operator')


@dataclass(frozen=True)
class Browser:
    """A running browser.

    Attributes:
        program: path of the program.
        process: the main process; its helpers are in the same process group.
        log: file with the output of the browser and of the page's console.
    """

    program: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise InputError, with the browser's last message, if it is no longer running.

        A crash of the page alone is not noticed here; it closes the page's connections.
        """
        status = self.process.poll()
        if status is None:
            return
        if status < 0:
            how = f'was stopped by {signal.Signals(-status).name}'
        else:
            how = f'ended with status {status}'
        raise InputError(
            f'the browser {self.program} {how} too early: {_last_words(self.log)}; '
            f'name another one with --browser'
        )


def find_browser(given: str | None = None) -> str:
    """Return the path of the given browser, else of DIFFSHEG_BROWSER, else of one on PATH.

    Raises:
        InputError: the named one is no program, or no browser is found.
    """
    named = given or os.environ.get(VARIABLE)
    if named:
        found = shutil.which(os.path.expanduser(named))
        if found is None:
            where = '--browser' if given else VARIABLE
            raise InputError(f'{named}: no such program; let {where} name a Chromium or Chrome')
        return found
    for program in PROGRAMS:
        found = shutil.which(program)
        if found is not None:
            return found
    raise InputError(
        'no browser is installed: install Chromium (Debian, Ubuntu: apt install chromium) '
        'or name one with --browser'
    )


@contextlib.contextmanager
def headless(url: str, width: int, height: int, program: str | None = None) -> Iterator[Browser]:
    """Run a headless browser with a page, and stop it at the end of the block.

    It has a temporary profile; settings and cookies of the user are neither read nor changed.

    Args:
        url: address of the page.
        width, height: size of the viewport, pixels; it may apply only some frames after the
            page is loaded.
        program: as for `find_browser`.

    Yields:
        The browser, just started; call its `check` while waiting for the page.

    Raises:
        InputError: no browser is found, it cannot be started, or the temporary folder cannot
            be written.
    """
    path = find_browser(program)
    with _temporary_folder() as profile:
        log = Path(profile, 'log.txt')
        process = _start(path, url, width, height, Path(profile), log)
        try:
            yield Browser(path, process, log)
        finally:
            _stop(process)


def _temporary_folder() -> 'tempfile.TemporaryDirectory[str]':
    parent = tempfile.gettempdir()
    if len(os.fsencode(parent)) > _LONGEST_FOLDER:
        parent = '/tmp'
    try:
        return tempfile.TemporaryDirectory(prefix=_PREFIX, dir=parent, ignore_cleanup_errors=True)
    except OSError as error:
        raise InputError(
            f'cannot write into {parent}: {error.strerror or error}; '
            f'let TMPDIR name a writable folder with a short path'
        ) from error


def _start(
    program: str, url: str, width: int, height: int, profile: Path, log: Path
) -> subprocess.Popen[bytes]:
    command = [
        program,
        *_FLAGS,
        # Chromium's sandbox refuses to run for root.
        *(['--no-sandbox'] if os.geteuid() == 0 else []),
        f'--window-size={width},{height}',
        f'--screen-info={{{width}x{height}}}',
        f'--user-data-dir={profile}',
        url,
    ]
    folders = ('TMPDIR', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME')
    try:
        with log.open('wb') as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **dict.fromkeys(folders, str(profile))},
                # Its own process group can be stopped as a whole, and Ctrl-C does not reach it.
                start_new_session=True,
            )
    except OSError as error:
        raise InputError(
            f'cannot start the browser {program}: {error.strerror or error}; '
            f'name another one with --browser'
        ) from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate the process group, and kill the processes that remain."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)


def _last_words(log: Path) -> str:
    """Return the fatal message of the browser, or else its last one."""
    lines = log.read_text(errors='replace').splitlines()
    lines = [line for line in lines if line.strip() and not _NOISE.search(line)]
    fatal = [line for line in lines if ':FATAL:' in line or 'no-sandbox' in line]
    last = (fatal or lines or ['it said nothing'])[-1]
    return _LOG_PREFIX.sub('', last).strip().rstrip('.')
