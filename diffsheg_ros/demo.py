"""The command `python -m diffsheg_ros.demo`, which `make demo` runs.

`demo_run` does the work. It is imported when the options have been understood, so that mistakes and
missing packages are reported at once.
"""

import signal
import sys
from pathlib import Path

from diffsheg_ros.startup.executables import end_at_once, fail
from diffsheg_ros.startup.import_failure import import_failure

DEFAULT_AUDIO = Path(__file__).parent / 'media' / 'speech.flac'
DEFAULT_OUT = Path('out/demo')


def demo(
    *,
    audio: Path = DEFAULT_AUDIO,
    out: Path = DEFAULT_OUT,
    bundle: Path | None = None,
    view: bool = True,
    stay: bool | None = None,
) -> int:
    """Play a recording to the avatar, show and write what it publishes.

    Args:
        audio: the recording.
        out: folder for the files.
        bundle: the model; left out, the bundled one.
        view: show the avatar on a page in the browser.
        stay: leave the avatar on its page afterwards, until Ctrl-C; the default in a terminal.

    Returns:
        The exit status.
    """
    try:
        from rich.console import Console

        from diffsheg_model.bundle import DEFAULT_BUNDLE
        from diffsheg_model.errors import InputError
        from diffsheg_ros.demo_run import INTERRUPTED, run_demo
        from diffsheg_ros.ros.run_node import STOP_SIGNALS, end_at_signals
    except Exception as error:
        return fail(f'the demo cannot start: {import_failure(error)}')
    if stay is None:
        stay = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        end_at_signals()
        return run_demo(audio, out, bundle or DEFAULT_BUNDLE, Console(), view=view, stay=stay)
    except (InputError, OSError) as error:  # OSError: a full disk, a folder that vanished
        return fail(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        # Everything is cleaned up, so another signal must not change the exit status.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    end_at_once()
    try:
        from cyclopts import App, CycloptsError
    except Exception as error:
        return fail(f'the demo cannot start: {import_failure(error)}')
    app = App(
        name='python -m diffsheg_ros.demo',
        version_flags=[],
        help_format='plaintext',
        help_epilogue='Example: python -m diffsheg_ros.demo --audio speech.wav --out out/mine',
        suppress_keyboard_interrupt=False,
    )
    app.default(demo)
    try:
        status = app(
            arguments, exit_on_error=False, print_error=False, result_action='return_value'
        )
    except CycloptsError as error:
        return fail(f'{" ".join(str(error).split())} (--help lists the options)')
    return status or 0  # --help returns None


if __name__ == '__main__':
    sys.exit(main())
