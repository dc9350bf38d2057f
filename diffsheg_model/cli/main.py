"""Choice and run of a command, with errors reported in one line."""

import importlib
import io
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from cyclopts import App, CycloptsError, Parameter

from diffsheg_model import __version__
from diffsheg_model.errors import InputError, one_line, printable

COMMANDS = (
    'generate',
    'view',
    'render',
    'export',
    'livelink',
    'plot',
    'urdf',
    'convert',
    'export-speech',
    'corpus',
    'prepare',
    'train',
    'train-autoencoder',
    'evaluate',
    'selftest',
)

OLD_NAMES = {'replay': 'livelink'}
"""Former name of a command: its name today. The former names work for one more release."""

logger = logging.getLogger(__name__)


def make_app() -> App:
    """Return the command line application with all commands."""
    app = App(
        name='diffsheg',
        help='Face and gesture motion from speech. `diffsheg COMMAND --help` explains a command.',
        version=__version__,
        help_format='markdown',
        default_parameter=Parameter(negative_iterable=()),  # no --empty-NAME for lists
        suppress_keyboard_interrupt=False,  # main reports the interruption in one line
    )
    for name in COMMANDS:
        function = name.replace('-', '_')
        module = importlib.import_module(f'diffsheg_model.cli.{function}')
        app.command(
            getattr(module, function), name=name, help_epilogue=f'Example: {module.EXAMPLE}'
        )
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``diffsheg``; return the exit status.

    The status is 0 for success, 2 for unusable input, 130 for Ctrl-C and 143 for SIGTERM. It is 1
    for a fault of the program, which is reported in one line too. Python's development mode shows
    its traceback. After SIGTERM, as after Ctrl-C, temporary files are deleted and browsers closed.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    # File names may contain bytes that are not UTF-8: print them as escapes.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')
    try:
        make_app()(
            _with_todays_name(list(sys.argv[1:] if argv is None else argv)),
            exit_on_error=False,
            print_error=False,
            result_action='return_value',
        )
    except CycloptsError as error:
        return _fail(f'{" ".join(str(error).split())} (--help lists the options)')
    except InputError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f'{error.filename or "a file"}: {error.strerror or error}')
    except MemoryError:
        return _fail('there is not enough memory for this; give a shorter recording or motion')
    except UnicodeEncodeError as error:
        return _fail(f'{error.object!r}: a name that is not UTF-8 cannot be used here; rename it')
    except KeyboardInterrupt:
        sys.stderr.write('interrupted\n')
        return 130
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        sys.stderr.write(
            f'error: a fault of this program, not of what you gave it: {one_line(error)}; please '
            'report it, with what PYTHONDEVMODE=1 shows of it\n'
        )
        return 1
    return 0


def _with_todays_name(arguments: list[str]) -> list[str]:
    """Return the arguments with a former command name replaced, after a warning."""
    if not arguments or arguments[0] not in OLD_NAMES:
        return arguments
    old, name = arguments[0], OLD_NAMES[arguments[0]]
    logger.warning(
        '`diffsheg %s` is now called `diffsheg %s`; the next release drops the old name', old, name
    )
    return [name, *arguments[1:]]


def _end(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second signal must not interrupt the clean-up
    raise SystemExit(128 + number)


def _fail(message: str) -> int:
    sys.stderr.write(f'error: {printable(message)}\n')
    return 2


if __name__ == '__main__':
    sys.exit(main())
