"""Whose frame rate to believe: a motion file's header, or the sound beside it."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError

STANDARD_RATES = (15.0, 30.0, 60.0, 120.0)
"""What motion is captured at, or was resampled to by those who passed it on, frames a second."""


def check_durations(sound_s: float, motion_s: float, tolerance_s: float, what: str) -> None:
    """Raises InputError where sound and motion are further apart than the tolerance."""
    if abs(sound_s - motion_s) > tolerance_s:
        raise InputError(
            f'durations disagree: {sound_s:.2f} s of sound, {motion_s:.2f} s of {what}'
        )


def true_rate(
    frames: int, stated_fps: float, sound_s: float, tolerance_s: float, what: str
) -> tuple[float, str]:
    """The frame rate of a motion file that says one, found out by the sound that it belongs to.

    Files that were resampled without their header being changed are common: the frames then last
    as long as the sound at another standard rate.

    Args:
        frames: that the file has.
        stated_fps: what its header says.
        sound_s: duration of the sound, seconds.
        tolerance_s: how far the durations may be apart.
        what: the file, for messages.

    Returns:
        The rate and a note, empty where the file says the truth.

    Raises:
        InputError: neither the stated rate nor a standard one fits the sound.
    """
    if abs(frames / stated_fps - sound_s) <= tolerance_s:
        return stated_fps, ''
    nearest = min(STANDARD_RATES, key=lambda rate: abs(frames / rate - sound_s))
    if abs(frames / nearest - sound_s) <= tolerance_s:
        note = (
            f'{what} says {stated_fps:.4g} fps, but its {frames} frames in {sound_s:.2f} s of '
            f'sound are {nearest:g} fps: taken as that'
        )
        return nearest, note
    raise InputError(
        f'durations disagree: {sound_s:.2f} s of sound, but {what} has {frames} frames at '
        f'{stated_fps:.4g} fps, {frames / stated_fps:.2f} s, and no standard rate fits'
    )


def frame_times(frames: int, fps: float) -> NDArray[np.float64]:
    """(frames,) seconds; frame 0 is at 0."""
    return np.arange(frames) / fps
