"""``diffsheg replay``: a motion file moves a face in Unreal Engine."""

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from diffsheg_model.errors import InputError

EXAMPLE = 'diffsheg replay out/motion.npz --livelink 127.0.0.1:11111'

logger = logging.getLogger(__name__)

_RATES = (1, 240)
_SPEEDS = (0.1, 10.0)


def replay(
    motion: Path,
    *,
    livelink: str,
    audio: Path | None = None,
    rate: int = 60,
    speed: float = 1.0,
    loop: bool = False,
    name: str = 'diffsheg',
    fps: float | None = None,
) -> None:
    """Sends a motion's face and head in real time, as the app Live Link Face does.

    In Unreal: plugins Live Link and Apple ARKit Face Support; the face appears among the Live
    Link sources under its name. Ends with a neutral face, also when it is interrupted, so that
    nothing is left in the middle of a word.

    Args:
        motion: the file (.npz, .mcap, .csv, .json): a motion with a face.
        livelink: HOST:PORT of Unreal, port 11111 where only a host is given.
        audio: the recording to play here at the same time; needs requirements/audio.txt.
        rate: packets a second, 1 to 240; the motion is interpolated.
        speed: 1 is as it was, 2 twice as fast; 0.1 to 10.
        loop: begin again at the end, until interrupted.
        name: of the face in Unreal.
        fps: frames a second of the motion file, instead of what it says.
    """
    from diffsheg_model.audio.loudspeaker import playing
    from diffsheg_model.motion.resampling import at_rate
    from diffsheg_model.motion_files.livelink.curves import LIVELINK_CURVES, livelink_curves
    from diffsheg_model.motion_files.livelink.pacing import paced
    from diffsheg_model.motion_files.livelink.sender import LiveLinkSender
    from diffsheg_model.motion_files.read import read_motion

    if not _RATES[0] <= rate <= _RATES[1]:
        raise InputError(f'--rate {rate}: must be from {_RATES[0]} to {_RATES[1]}')
    if not _SPEEDS[0] <= speed <= _SPEEDS[1]:
        raise InputError(f'--speed {speed:g}: must be from {_SPEEDS[0]:g} to {_SPEEDS[1]:g}')
    if audio is not None and (loop or speed != 1):
        raise InputError('--audio is played once and as it is: leave out --loop and --speed')
    moving = read_motion(motion, fps)
    sound = None if audio is None else _sound_from(audio, moving.start_frame / moving.fps)
    moving = at_rate(dataclasses.replace(moving, fps=moving.fps * speed), rate)
    try:
        curves = livelink_curves(moving)
    except InputError as error:
        raise InputError(f'{motion}: {error}') from error
    neutral = np.zeros(len(LIVELINK_CURVES))
    skipped = 0
    with contextlib.ExitStack() as stack:
        sender = stack.enter_context(LiveLinkSender(livelink, rate, name, _frame_of_day(rate)))
        update = stack.enter_context(_progress(len(curves), rate))
        if sound is not None:
            time.sleep(stack.enter_context(playing(*sound)))
        last = -1
        try:
            for index in paced(None if loop else len(curves), rate):
                skipped += index - last - 1
                sender.send(curves[index % len(curves)], index - last)
                last = index
                update(index % len(curves) + 1)
        finally:
            sender.send(neutral)
            logger.info(
                '%d faces sent to %s, %d left out for being late',
                sender.sent - 1,
                livelink,
                skipped,
            )


def _sound_from(path: Path, start_s: float) -> tuple[np.ndarray, int]:
    """A recording from where the motion begins, and its rate."""
    from diffsheg_model.audio.sound_file import read_audio

    samples, rate = read_audio(path)
    return samples[round(start_s * rate) :], rate


def _frame_of_day(rate: int) -> int:
    """The local time of day in frames: Unreal compares it with its own clock."""
    now = time.localtime()
    return ((now.tm_hour * 60 + now.tm_min) * 60 + now.tm_sec) * rate


@contextlib.contextmanager
def _progress(frames: int, rate: int) -> Iterator[Callable[[int], None]]:
    """Seconds of the motion on a terminal's stderr, nothing elsewhere; yields what to tell."""
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
