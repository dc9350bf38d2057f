"""Tables of face weights: face.csv, and the ARKit tables of Live Link Face and other apps.

face.csv of a BEAT motion is an ARKit table too: a column of time and one for each blendshape, by
Apple's names. `livelink.csv` writes the table of Live Link Face.
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.arkit_names import (
    arkit_columns,
    arkit_name,
    as_unit,
    missing_note,
)
from diffsheg_model.motion_files.checks import check_rate, check_weights
from diffsheg_model.motion_files.clock import common_note
from diffsheg_model.motion_files.row_times import RowTimes, row_times
from diffsheg_model.motion_files.table import (
    Table,
    header_of,
    number,
    read_table,
)
from diffsheg_model.motion_files.track import ReadOptions, Track
from diffsheg_model.untrusted.reading import reader

TIMECODE = 'timecode'
BLENDSHAPE_COUNT = 'blendshapecount'

# Seconds. Trackers lose a face for moments; a longer gap is reported.
_GAP_S = 0.25
# Largest share of the rows without a face.
_LARGEST_LOSS = 0.1
_NTSC = 1001 / 1000


def is_live_link(path: Path) -> bool:
    """Return True if a table has the layout of the app Live Link Face."""
    return {TIMECODE, BLENDSHAPE_COUNT} <= {name.lower() for name in header_of(path)}


def is_arkit(path: Path) -> bool:
    """Return True if a table has a column of an ARKit blendshape."""
    return any(arkit_name(name) for name in header_of(path))


@reader('a table of ARKit weights')
def read_arkit_csv(
    path: Path, sound_s: float | None, options: ReadOptions
) -> tuple[Track, tuple[str, ...]]:
    """Read a table with a header line, a column per weight, and one of time or timecode.

    Live Link Face leaves the cells blank while it has lost the face. A few such rows are left out
    and interpolated later.

    Args:
        path: the file.
        sound_s: duration of the sound for the motion, seconds. None without sound: the first row
            is then at 0.
        options: options.fps replaces the table's times.

    Returns:
        The weights, and notes for the user.

    Raises:
        InputError: the table cannot be read, has no ARKit column, no times or NaN, or its times do
            not match the sound's.
    """
    table, notes = _whole_rows(read_table(path))
    columns = arkit_columns(table.header, str(path))
    times = row_times(table, options.fps, sound_s)
    times_s, more = _beside_sound(times, sound_s, options, path.name)
    notes += [*missing_note(columns, path.name), *more]
    cells = [table.column(column) for column in columns.values()]
    tracked = np.array([all(row) for row in zip(*cells, strict=True)])
    lost = int((~tracked).sum())
    if lost > _LARGEST_LOSS * len(tracked):
        raise InputError(f'{path}: the face is lost in {lost} of {len(tracked)} rows')
    if lost:
        notes.append(f'{path.name} lost the face in {lost} of {len(tracked)} rows: bridged')
    weights = np.array([[number(cell) for cell in column] for column in cells]).T[tracked]
    gap = float(np.max(np.diff(times_s[tracked]), initial=0.0))
    if gap > _GAP_S:
        notes.append(f'{path.name} has a gap of {gap:.2f} s: bridged')
    track = Track(tuple(columns), as_unit(weights, str(path)), times_s[tracked], times.fps)
    return track, tuple(notes)


def _whole_rows(table: Table) -> tuple[Table, list[str]]:
    """Return the table without a last row that was cut off, and a note about it."""
    rows = table.rows
    if len(rows) < 2 or len(rows[-1]) >= len(rows[-2]):
        return table, []
    note = f'{table.path.name}: its last row is cut: left out'
    return Table(table.path, table.header, rows[:-1], table.lines[:-1]), [note]


def _beside_sound(
    times: RowTimes, sound_s: float | None, options: ReadOptions, what: str
) -> tuple[NDArray[np.float64], list[str]]:
    """Return the rows' times in seconds of the sound, and notes on corrections."""
    first = times.times_s[0]
    # Timecodes, and times that begin after the end of the sound, are clock times.
    is_clock = times.is_timecode or sound_s is None or not 0 <= first < sound_s
    times_s = times.times_s - first if is_clock else times.times_s
    if sound_s is None:
        return times_s, []
    if times_s[0] > options.tolerance_s:
        raise InputError(
            f'{what} begins {times_s[0]:.2f} s after its sound: let both begin together, or '
            f'raise --tolerance ({options.tolerance_s:g} s)'
        )
    end_s = times_s[-1] + 1 / times.fps
    slow_s = end_s * _NTSC
    is_off = end_s * (_NTSC - 1) > 0.1 and abs(slow_s - sound_s) < abs(end_s - sound_s) / 4
    if times.is_timecode and is_off and options.fps is None and times.fps == round(times.fps):
        note = (
            f'{what} has timecodes of {times.fps:g} fps and lasts as long as its sound at '
            f'{times.fps / _NTSC:.2f} fps: taken as that'
        )
        return times_s * _NTSC, [note]
    note = common_note(sound_s, end_s, options.tolerance_s, what)
    return times_s, [note] if note else []


def write_face_csv(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write face.csv: times and weights with six decimals under a header line.

    The first column, `time_s`, counts from the start of the utterance. The other columns have the
    motion's weight names: ARKit's for BEAT, FLAME coefficients for SHOW.

    Raises:
        InputError: no weights, weights that are not finite, or a path that cannot be written.
    """
    if not motion.weight_names:
        raise InputError(f'cannot write {path}: the motion has no face')
    check_rate(motion)
    check_weights(motion)
    times_s = (motion.start_frame + np.arange(len(motion))) / motion.fps
    rows = np.column_stack([times_s, motion.weights.astype(np.float64)])
    with atomic_path(path) as temporary, open(temporary, 'w', encoding='utf-8') as file:
        file.write(','.join(('time_s', *motion.weight_names)) + '\n')
        np.savetxt(file, np.round(rows, 6) + 0.0, fmt='%.6f', delimiter=',')
