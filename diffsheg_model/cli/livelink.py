"""``diffsheg livelink``: a motion file moves a face in Unreal Engine."""

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter

from diffsheg_model.errors import InputError

if TYPE_CHECKING:
    from diffsheg_model.motion_files.livelink.sender import LiveLinkSender

EXAMPLE = 'diffsheg livelink out/motion.npz --to 127.0.0.1:11111'

logger = logging.getLogger(__name__)

#: Packets a second.
_RATES = (1, 240)
_SPEEDS = (0.1, 10.0)


def livelink(
    motion: Path,
    *,
    to: Annotated[str, Parameter(name=('--to', '--livelink'))],
    audio: Path | None = None,
    rate: int = 60,
    speed: float = 1.0,
    loop: bool = False,
    name: str = 'diffsheg',
    fps: float | None = None,
) -> None:
    """Send a motion's face and head to Unreal Engine in real time, as Live Link Face does.

    In Unreal, enable the plugins Live Link and Apple ARKit Face Support. The face appears among
    the Live Link sources under its name. The last packet is a neutral face, also after Ctrl-C.

    Args:
        motion: a motion file with a face (.npz, .mcap, .csv, .json).
        to: address of Unreal as HOST:PORT. The default port is 11111.
        audio: recording to play on this machine at the same time. Needs requirements/audio.txt.
        rate: packets a second, 1 to 240. The motion is interpolated to this rate.
        speed: speed of the motion, 0.1 to 10. 2 is twice as fast.
        loop: start again at the end, until interrupted.
        name: name of the face in Unreal.
        fps: frame rate of the motion file, instead of the rate that the file gives.
    """
    from diffsheg_model.audio.loudspeaker import playing
    from diffsheg_model.motion.resampling import at_rate
    from diffsheg_model.motion_files.livelink.curves import livelink_curves
    from diffsheg_model.motion_files.livelink.sender import LiveLinkSender
    from diffsheg_model.motion_files.read import read_motion

    if not _RATES[0] <= rate <= _RATES[1]:
        raise InputError(f'--rate {rate}: must be from {_RATES[0]} to {_RATES[1]}')
    if not _SPEEDS[0] <= speed <= _SPEEDS[1]:
        raise InputError(f'--speed {speed:g}: must be from {_SPEEDS[0]:g} to {_SPEEDS[1]:g}')
    if audio is not None and (loop or speed != 1):
        raise InputError('--audio plays once at its own speed: leave out --loop and --speed')
    moving = read_motion(motion, fps)
    sound = None if audio is None else _sound_from(audio, moving.start_frame / moving.fps)
    moving = at_rate(dataclasses.replace(moving, fps=moving.fps * speed), rate)
    try:
        curves = livelink_curves(moving)
    except InputError as error:
        raise InputError(f'{motion}: {error}') from error
    with contextlib.ExitStack() as stack:
        sender = stack.enter_context(LiveLinkSender(to, rate, name, _frame_of_day(rate)))
        update = stack.enter_context(_progress(len(curves), rate))
        if sound is not None:
            time.sleep(stack.enter_context(playing(*sound)))
        _send(sender, curves, loop, update)


def _send(
    sender: 'LiveLinkSender', curves: np.ndarray, loop: bool, update: Callable[[int], None]
) -> None:
    """Send each frame (F, 61) at its time, and a neutral face at the end."""
    from diffsheg_model.motion_files.livelink.pacing import paced

    skipped, last = 0, -1
    try:
        for index in paced(None if loop else len(curves), sender.rate):
            skipped += index - last - 1
            sender.send(curves[index % len(curves)], index - last)
            last = index
            update(index % len(curves) + 1)
    finally:
        sender.send(np.zeros(curves.shape[1]))
        logger.info(
            '%d faces sent to %s, %d left out because they were late',
            sender.sent - 1,
            sender.target,
            skipped,
        )


def _sound_from(path: Path, start_s: float) -> tuple[np.ndarray, int]:
    """Return the samples of a recording from a time on, and their rate in Hz."""
    from diffsheg_model.audio.sound_file import read_audio

    samples, rate = read_audio(path)
    return samples[round(start_s * rate) :], rate


def _frame_of_day(rate: int) -> int:
    """Return the local time of day in frames: Unreal compares it with its own clock."""
    now = time.localtime()
    return ((now.tm_hour * 60 + now.tm_min) * 60 + now.tm_sec) * rate


@contextlib.contextmanager
def _progress(frames: int, rate: int) -> Iterator[Callable[[int], None]]:
    """Show the seconds sent on a terminal's stderr; yield the function to call with the frames."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn('sending'),
        BarColumn(),
        TextColumn('{task.fields[seconds]:.1f}/{task.fields[whole]:.1f} s'),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task('', total=frames, seconds=0.0, whole=frames / rate)
    with bar:
        yield lambda done: bar.update(task, completed=done, seconds=done / rate)
