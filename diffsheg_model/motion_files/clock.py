"""Frame rate of a motion file: from its header, or from the duration of the sound."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.track import ReadOptions

STANDARD_RATES = (15.0, 30.0, 60.0, 120.0)
"""Frames a second of captured or resampled motion files."""

_CLOSE = 0.005
"""Relative distance below which a rate is rounded to a whole one: times have few digits."""

_EXACT = 1e-4
_NTSC = 1000 / 1001
# Correlation of one step between frames with the next. It is 0.2 to 0.5 for recorded bodies and
# faces at 15 fps, 0.4 to 0.75 at 30, and 0.65 to 0.8 at 60.
_DENSE = 0.55
_DENSE_FPS = 30.0
_NEAR = 0.5


def common_note(sound_s: float, motion_s: float, tolerance_s: float, what: str) -> str:
    """Return a note if the durations of sound and motion differ by more than the tolerance.

    The common part is used, because recordings usually start together and end at different times.
    """
    if abs(sound_s - motion_s) <= tolerance_s:
        return ''
    return (
        f'durations disagree: {sound_s:.2f} s of sound, {motion_s:.2f} s of {what}: the '
        f'{min(sound_s, motion_s):.2f} s that both have are used'
    )


def nearest_rate(fps: float) -> float:
    """Return the whole or NTSC rate that is next to a measured one, or else the measured one."""
    whole = round(fps)
    if whole and abs(fps / (whole * _NTSC) - 1) < _EXACT:
        return whole * _NTSC
    return float(whole) if abs(fps - whole) <= _CLOSE * whole else fps


def true_rate(
    values: NDArray[np.floating], stated_fps: float, sound_s: float, options: ReadOptions, what: str
) -> tuple[float, str]:
    """Return the true frame rate of a motion file, and a note if its header has another one.

    Many files were resampled without a change of their header. With the right standard rate the
    motion then lasts as long as the sound. If no rate fits, the sound or the motion ends early. The
    stated rate is then used if its duration is the nearest, or if the motion is as smooth as usual
    at that rate.

    Args:
        values: (F, ...) of the motion.
        stated_fps: rate in the header. It is used if ``options.fps`` is given.
        sound_s: duration of the sound, seconds.
        options: tolerance between the durations.
        what: name of the file in messages.

    Raises:
        InputError: no rate fits.
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

    smooth = _smoothness(values)  # NaN compares false both ways
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
    """Return the correlation of steps between frames with the next steps; NaN without motion."""
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
    """Return (frames,) times in seconds; frame 0 is at 0."""
    return np.arange(frames) / fps
