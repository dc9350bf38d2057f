"""Csv files in the layout of Epic's iPhone app Live Link Face."""

import os

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.resampling import at_rate
from diffsheg_model.motion_files.checks import check_rate, check_rotations, check_weights
from diffsheg_model.motion_files.livelink.curves import (
    LIVELINK_CURVES,
    LIVELINK_FPS,
    livelink_curves,
)

# In the app's tables these pairs have the opposite order than in its packets.
_SWAPPED = {
    'JawLeft': 'JawRight',
    'JawRight': 'JawLeft',
    'MouthLeft': 'MouthRight',
    'MouthRight': 'MouthLeft',
}
COLUMNS = tuple(_SWAPPED.get(name, name) for name in LIVELINK_CURVES)
"""The 61 columns behind Timecode and BlendshapeCount."""


def write_livelink_csv(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write the face in the app's columns, with timecodes at 60 fps from 00:00:00:00.000.

    The values are those of `livelink_curves`: 52 weights, head and eye angles in radians. The
    motion is interpolated to 60 frames a second. Its start_frame shifts the timecodes.

    Raises:
        InputError: no frames, no face, values that are not finite, or a path that cannot be
            written.
    """
    if len(motion) == 0:
        raise InputError(f'cannot write {path}: the motion has no frames')
    check_rate(motion)
    check_weights(motion)
    check_rotations(motion)
    motion = at_rate(motion, LIVELINK_FPS)
    try:
        curves = livelink_curves(motion)
    except InputError as error:
        raise InputError(f'cannot write {path}: {error}') from error
    curves = curves[:, [LIVELINK_CURVES.index(name) for name in COLUMNS]]
    rows = np.round(curves, 10) + 0.0
    with atomic_path(path) as temporary, open(temporary, 'w', encoding='ascii') as file:
        file.write(','.join(('Timecode', 'BlendshapeCount', *COLUMNS)) + '\n')
        for frame, row in enumerate(rows, start=motion.start_frame):
            values = ','.join(f'{value:.10f}' for value in row)
            file.write(f'{_timecode(frame)},{len(COLUMNS)},{values}\n')


def _timecode(frame: int) -> str:
    """Return HH:MM:SS:FF.fff of a frame at 60 fps."""
    seconds, frames = divmod(frame, LIVELINK_FPS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours:02d}:{minutes:02d}:{seconds:02d}:{frames:02d}.000'
