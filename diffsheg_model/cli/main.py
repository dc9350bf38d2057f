"""Finds the command, builds its options from its function, runs it, reports errors in one line."""

import importlib
import inspect
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import jsonargparse

from diffsheg_model import __version__
from diffsheg_model.errors import InputError

COMMANDS = ('generate', 'convert', 'export_speech', 'corpus', 'train')


def main(argv: Sequence[str] | None = None) -> int:
    """Runs ``diffsheg``; returns the exit status: 0, 2 for unusable input, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    if not arguments or arguments[0] in ('-h', '--help'):
        sys.stdout.write(_overview() + '\n')
        return 0
    if arguments[0] == '--version':
        sys.stdout.write(f'diffsheg {__version__}\n')
        return 0
    name = arguments[0].replace('-', '_')
    if name not in COMMANDS:
        return _fail(f'unknown command {arguments[0]!r}: choose one of {_spelled(COMMANDS)}')
    try:
        module, function = _command(name)
        options = _parser(module, function).parse_args(arguments[1:])
        function(**options.as_dict())
    except InputError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f'{error.filename or "a file"}: {error.strerror or error}')
    except KeyboardInterrupt:
        sys.stderr.write('interrupted\n')
        return 130
    return 0


def _command(name: str) -> tuple[ModuleType, Callable[..., None]]:
    module = importlib.import_module(f'diffsheg_model.cli.{name}')
    return module, getattr(module, name)


def _parser(module: ModuleType, function: Callable[..., None]) -> jsonargparse.ArgumentParser:
    parser = jsonargparse.ArgumentParser(
        prog=f'diffsheg {function.__name__.replace("_", "-")}',
        description=inspect.getdoc(function).split('\n\nArgs:')[0],  # type: ignore[union-attr]
        epilog=f'example: {module.EXAMPLE}',
        formatter_class=jsonargparse.DefaultHelpFormatter,
    )
    skip: set[str | int] = set()
    output = inspect.signature(function).parameters.get('output')
    if output is not None:
        # Added by hand because a signature has no place for a short option.
        skip.add('output')
        required = output.default is inspect.Parameter.empty
        parser.add_argument(
            '-o',
            '--output',
            type=Path,
            required=required,
            default=None if required else output.default,
            help='the file or folder to write',
        )
    parser.add_function_arguments(
        function, as_group=False, as_positional=getattr(module, 'POSITIONAL', False), skip=skip
    )
    return parser


def _overview() -> str:
    lines = [
        f'diffsheg {__version__}: speech to face and gesture motion',
        '',
        'usage: diffsheg COMMAND [options]; diffsheg COMMAND --help tells more',
        '',
    ]
    for name in COMMANDS:
        module, function = _command(name)
        summary = inspect.getdoc(function).split('\n')[0]  # type: ignore[union-attr]
        lines += [f'  {name.replace("_", "-"):<15} {summary}', f'  {"":<15}   {module.EXAMPLE}']
    return '\n'.join(lines)


def _spelled(names: Sequence[str]) -> str:
    return ', '.join(name.replace('_', '-') for name in names)


def _fail(message: str) -> int:
    sys.stderr.write(f'error: {message}\n')
    return 2


if __name__ == '__main__':
    sys.exit(main())
