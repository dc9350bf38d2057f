"""The whole way, once: a recording is spoken, the avatar moves, and what it published is written.

    python -m diffsheg_ros.demo --audio speech.wav --out out/demo

This is its command line; `demo_run` does the work and is imported when all is understood.
"""

import argparse
import signal
import sys
from pathlib import Path

from diffsheg_ros.startup.executables import CANNOT_START, end_at_once
from diffsheg_ros.startup.import_failure import import_failure

DEFAULT_AUDIO = Path(__file__).parent / 'media' / 'speech.flac'
DEFAULT_OUT = Path('out/demo')


def main(arguments: list[str] | None = None) -> int:
    """Run the demo from the command line."""
    end_at_once()
    options = _parser().parse_args(arguments)
    try:
        from rich.console import Console

        from diffsheg_model.bundle import DEFAULT_BUNDLE
        from diffsheg_model.errors import InputError
        from diffsheg_ros.demo_run import INTERRUPTED, run_demo
        from diffsheg_ros.ros.run_node import STOP_SIGNALS, end_at_signals
    except Exception as error:
        sys.stderr.write(f'error: the demo cannot start: {import_failure(error)}\n')
        return CANNOT_START
    try:
        end_at_signals()
        return run_demo(
            options.audio,
            options.out,
            options.bundle or DEFAULT_BUNDLE,
            Console(),
            view=options.view,
            stay=options.stay,
        )
    except InputError as error:
        sys.stderr.write(f'error: {error}\n')
        return CANNOT_START
    except OSError as error:  # no space left, no temporary folder, a folder that vanished
        sys.stderr.write(f'error: {error}\n')
        return CANNOT_START
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        # All is put away; one more signal changes nothing.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m diffsheg_ros.demo',
        description='Play a recording to the avatar, show and write what it publishes.',
        epilog='Example: python -m diffsheg_ros.demo --audio speech.wav --out out/mine',
    )
    parser.add_argument('--audio', type=Path, default=DEFAULT_AUDIO, help='the recording')
    parser.add_argument('--out', type=Path, default=DEFAULT_OUT, help='folder for the files')
    parser.add_argument('--bundle', type=Path, help='the model')
    parser.add_argument(
        '--view',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='show the avatar on a page in the browser',
    )
    parser.add_argument(
        '--stay',
        action=argparse.BooleanOptionalAction,
        default=sys.stdin.isatty() and sys.stdout.isatty(),
        help='leave the avatar on its page afterwards, until Ctrl-C; the default in a terminal',
    )
    return parser


if __name__ == '__main__':
    sys.exit(main())
