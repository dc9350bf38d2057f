"""Whose frame rate to believe: a motion file's header, or the sound beside it."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.track import ReadOptions

STANDARD_RATES = (15.0, 30.0, 60.0, 120.0)
"""What motion is captured at, or was resampled to by those who passed it on, frames a second."""


_CLOSE = 0.005
"""Rates this close to a whole number are that number: times are written with few digits."""

_EXACT = 1e-4
_NTSC = 1000 / 1001
# Steps from frame to frame are like the ones before where frames are dense. Of recorded bodies and
# faces this is 0.2 to 0.5 at 15 fps, 0.4 to 0.75 at 30, and 0.65 to 0.8 at 60.
_DENSE = 0.55
_DENSE_FPS = 30.0
_NEAR = 0.5


def common_note(sound_s: float, motion_s: float, tolerance_s: float, what: str) -> str:
    """Return a note where sound and motion are further apart than the tolerance, else nothing.

    What both have is used: recordings were begun together and not ended together.
    """
    if abs(sound_s - motion_s) <= tolerance_s:
        return ''
    return (
        f'durations disagree: {sound_s:.2f} s of sound, {motion_s:.2f} s of {what}: the '
        f'{min(sound_s, motion_s):.2f} s that both have are used'
    )


def nearest_rate(fps: float) -> float:
    """Return the rate that a measured one stands for: a whole one, or one of NTSC's."""
    whole = round(fps)
    if whole and abs(fps / (whole * _NTSC) - 1) < _EXACT:
        return whole * _NTSC
    return float(whole) if abs(fps - whole) <= _CLOSE * whole else fps


def true_rate(
    values: NDArray[np.floating], stated_fps: float, sound_s: float, options: ReadOptions, what: str
) -> tuple[float, str]:
    """Return the frame rate of a motion file that says one, and a note where that is not it.

    Files that were resampled without their header being changed are common: the frames then last
    as long as the sound at another standard rate. Where neither rate lasts as long as the sound,
    one of both was ended sooner. The stated rate is then believed where its duration is the
    nearest, or where frames follow each other as smoothly as at that rate.

    Args:
        values: (F, ...) of the motion.
        stated_fps: what its header says; believed where ``options`` say it.
        sound_s: duration of the sound, seconds.
        options: how far the durations may be apart.
        what: the file, for messages.

    Raises:
        InputError: neither rate can be believed.
    """
    frames, tolerance_s = len(values), options.tolerance_s
    motion_s = frames / stated_fps
    if options.fps is not None or abs(motion_s - sound_s) <= tolerance_s:
        return stated_fps, common_note(sound_s, motion_s, tolerance_s, what)
    nearest = min(STANDARD_RATES, key=lambda rate: abs(frames / rate - sound_s))
    says = f'{what} says {stated_fps:.4g} fps, but its {frames} frames in {sound_s:.2f} s of sound'
    if abs(frames / nearest - sound_s) <= tolerance_s:
        return nearest, f'{says} are {nearest:g} fps: taken as that'

    def apart(rate: float) -> float:
        return float(abs(np.log(frames / rate / sound_s)))

    smooth = _smoothness(values)  # NaN is neither dense nor sparse
    likely = min(STANDARD_RATES, key=apart)
    if apart(stated_fps) <= apart(likely) or (smooth > _DENSE and stated_fps >= _DENSE_FPS):
        return stated_fps, common_note(sound_s, motion_s, tolerance_s, what)
    if smooth <= _DENSE and likely < stated_fps and apart(likely) < _NEAR:
        note = common_note(sound_s, frames / likely, tolerance_s, what)
        return likely, f'{says} move like {likely:g} fps: taken as that; {note}'
    raise InputError(
        f'durations disagree: {sound_s:.2f} s of sound, but {what} has {frames} frames at '
        f'{stated_fps:.4g} fps, {motion_s:.2f} s, and no standard rate fits: give its rate by '
        f'--fps, or raise --tolerance ({tolerance_s:g} s)'
    )


def _smoothness(values: NDArray[np.floating]) -> float:
    """Return how alike the steps between frames are: 1 for equal ones, NaN for none."""
    steps = np.diff(values.reshape(len(values), -1).astype(np.float64), axis=0)
    if len(steps) < 2:
        return np.nan
    before, after = steps[:-1], steps[1:]
    size = np.sqrt((before**2).sum(0) * (after**2).sum(0))
    moves = size > 1e-9 * max(1e-9, float(size.max(initial=0.0)))
    if not moves.any():
        return np.nan
    return float(np.median((before * after).sum(0)[moves] / size[moves]))


def frame_times(frames: int, fps: float) -> NDArray[np.float64]:
    """(frames,) seconds; frame 0 is at 0."""
    return np.arange(frames) / fps
