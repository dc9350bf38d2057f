"""Finds the command, runs it, reports what is wrong with its input in one line."""

import importlib
import io
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from cyclopts import App, CycloptsError

from diffsheg_model import __version__
from diffsheg_model.errors import InputError, one_line, printable

COMMANDS = (
    'generate',
    'view',
    'render',
    'export',
    'replay',
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


def make_app() -> App:
    """The command line with all its commands."""
    app = App(
        name='diffsheg',
        help='Speech to face and gesture motion. `diffsheg COMMAND --help` tells more.',
        version=__version__,
        help_format='plaintext',
        suppress_keyboard_interrupt=False,  # main says in one line that it was interrupted
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

    It is 0, 2 for unusable input, 130 for an interruption and 1 for a fault of the program, which
    is told in one line too; Python's development mode shows the traceback.

    SIGTERM ends it with 143, in order: temporary files, browsers and faces are put away as by
    Ctrl-C.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    # Names of files may hold bytes that are not UTF-8: they are printed as escapes.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')
    try:
        make_app()(
            sys.argv[1:] if argv is None else argv,
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


def _end(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # one more would cut the putting away short
    raise SystemExit(128 + number)


def _fail(message: str) -> int:
    sys.stderr.write(f'error: {printable(message)}\n')
    return 2


if __name__ == '__main__':
    sys.exit(main())
