"""Tables of ARKit weights: Live Link Face's, our own face.csv, and others with a time column."""

import csv
import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.readers.arkit_names import arkit_columns, arkit_name, as_unit, missing_note
from diffsheg_model.readers.clock import check_durations, frame_times
from diffsheg_model.readers.recording import ReadOptions, Track, read_text
from diffsheg_model.reading import reader

TIMECODE = 'timecode'
BLENDSHAPE_COUNT = 'blendshapecount'
_SECONDS = {'time': 1.0, 'time_s': 1.0, 'seconds': 1.0, 'timestamp': 1.0, 'time_ms': 1e-3}
"""Names of columns that hold a time, and their unit in seconds."""

_TIMECODE_RATES = (24, 25, 30, 50, 60)
_DAY_S = 24 * 3600.0
# Trackers lose a face for moments; what lasts longer is not bridged unsaid.
_GAP_S = 0.25
_LARGEST_LOSS = 0.1


def header_of(path: Path) -> list[str]:
    """The plain lower-case names of a table's columns; none where it is no text."""
    try:
        with path.open(encoding='utf-8-sig') as file:
            first = file.readline(100_000)
    except (OSError, UnicodeDecodeError):
        return []
    return [name.strip().lower() for name in next(csv.reader([first]), [])]


def is_live_link(path: Path) -> bool:
    """Whether a table is laid out as the Live Link Face app writes it."""
    return {TIMECODE, BLENDSHAPE_COUNT} <= set(header_of(path))


def is_arkit(path: Path) -> bool:
    """Whether a table has a column of an ARKit blendshape."""
    return any(arkit_name(name) for name in header_of(path))


@reader('a table of ARKit weights')
def read_arkit_csv(
    path: Path, sound_s: float | None, options: ReadOptions
) -> tuple[Track, tuple[str, ...]]:
    """Reads a table with a header line, a column per weight, and one of time or timecode.

    Rows of a lost face, as Live Link Face writes them with blank cells, are bridged where they
    are few.

    Args:
        path: of the file.
        sound_s: duration of the sound beside it, seconds; None where there is none to compare
            the times with: the first row is then at 0.
        options: fps overrules the table's times.

    Returns:
        The weights, and notes.

    Raises:
        InputError: unreadable, no ARKit column, no times, NaN, or of another duration.
    """
    rows = [row for row in _rows(path) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise InputError(f'{path}: has no rows; record or export it again')
    header, body = [name.strip() for name in rows[0]], rows[1:]
    columns = arkit_columns(header, str(path))
    times_s, stated = _times(path, header, body, sound_s, options.fps)
    tracked = np.array([_is_tracked(row, columns) for row in body])
    notes = list(missing_note(columns, path.name))
    lost = int((~tracked).sum())
    if lost > _LARGEST_LOSS * len(body):
        raise InputError(f'{path}: the face is lost in {lost} of {len(body)} rows')
    if lost:
        notes.append(f'{path.name} lost the face in {lost} of {len(body)} rows: bridged')
    if sound_s is not None:
        check_durations(sound_s, times_s[-1] + 1 / stated, options.tolerance_s, path.name)
    weights = np.array(
        [
            [_number(row[column]) for column in columns.values()]
            for row, seen in zip(body, tracked, strict=True)
            if seen
        ]
    )
    gap = float(np.max(np.diff(times_s[tracked]), initial=0.0))
    if gap > _GAP_S:
        notes.append(f'{path.name} has a gap of {gap:.2f} s: bridged')
    return Track(tuple(columns), as_unit(weights, str(path)), times_s[tracked]), tuple(notes)


def _rows(path: Path) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(read_text(path))))
    except csv.Error as error:
        raise InputError(f'{path}: is no table ({error}); export it again') from error


def _is_tracked(row: list[str], columns: dict[str, int]) -> bool:
    return all(column < len(row) and row[column].strip() for column in columns.values())


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan


def _times(
    path: Path, header: list[str], body: list[list[str]], sound_s: float | None, fps: float | None
) -> tuple[NDArray[np.float64], float]:
    """Seconds of every row (F,), and their rate."""
    if fps is not None:
        return frame_times(len(body), fps), fps
    plain = [name.lower() for name in header]
    if TIMECODE in plain:
        column = plain.index(TIMECODE)
        times_s = _from_timecodes(path, [row[column] for row in body])
        times_s -= times_s[0]
    else:
        column = next((index for index, name in enumerate(plain) if name in _SECONDS), -1)
        if column < 0:
            raise InputError(f'{path}: has no column of time or timecode: give its rate by --fps')
        times_s = np.array([_number(row[column]) for row in body]) * _SECONDS[plain[column]]
        # Times that begin after the sound are those of a clock.
        if sound_s is None or not 0 <= times_s[0] < sound_s:
            times_s -= times_s[0]
    steps = np.diff(times_s)
    if not np.isfinite(times_s).all() or not (steps > 0).all():
        row = int(np.argmin(np.concatenate([[True], steps > 0])))
        raise InputError(f'{path}: the times of its rows do not rise (row {row + 2})')
    return times_s, 1.0 / float(np.median(steps)) if len(steps) else 60.0


def _from_timecodes(path: Path, codes: list[str]) -> NDArray[np.float64]:
    """Seconds of HH:MM:SS:FF[.fraction]; the frames of a second are told by the largest FF."""
    parts = []
    for row, code in enumerate(codes):
        match = re.fullmatch(r'\s*(\d+):(\d+):(\d+)[:;](\d+(?:\.\d+)?)\s*', code)
        if not match:
            raise InputError(f'{path}: {code!r} is no timecode HH:MM:SS:FF (row {row + 2})')
        parts.append([float(part) for part in match.groups()])
    hours, minutes, seconds, frames = np.array(parts).T
    largest = int(frames.max())
    rate = next((rate for rate in _TIMECODE_RATES if rate > largest), largest + 1)
    if len(codes) < 3 * rate:
        # Too short to have seen the last frame of a second: Live Link Face's rate.
        rate = max(rate, 60)
    times_s = 3600 * hours + 60 * minutes + seconds + frames / rate
    past_midnight = np.cumsum(np.diff(times_s, prepend=times_s[0]) < -_DAY_S / 2)
    return np.asarray(times_s + _DAY_S * past_midnight)
