"""Times of a table's rows, from its column of times, timecodes or frame numbers."""

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files import timecodes
from diffsheg_model.motion_files.clock import frame_times, nearest_rate
from diffsheg_model.motion_files.table import Table, number

_UNITS = {
    **dict.fromkeys(('s', 'sec', 'secs', 'second', 'seconds'), 1.0),
    **dict.fromkeys(('ms', 'msec', 'msecs', 'millis', 'millisecond', 'milliseconds'), 1e-3),
    **dict.fromkeys(('us', 'µs', 'usec', 'usecs', 'micros', 'microsecond', 'microseconds'), 1e-6),
    **dict.fromkeys(('ns', 'nsec', 'nsecs', 'nanos', 'nanosecond', 'nanoseconds'), 1e-9),
}
_NAMES = {1.0: 'seconds', 1e-3: 'milliseconds', 1e-6: 'microseconds', 1e-9: 'nanoseconds'}
_TIME = {'time', 'times', 'timestamp', 'timestamps', 'timecode', 'stamp', 't', 'ts', 'clock',
         'elapsed', 'unix', 'epoch', 'pts', 'smpte', 'datetime'}  # fmt: skip
_BESIDE = {
    'code',
    'in',
    'of',
    'since',
    'start',
    'utc',
    'audio',
    'video',
    'system',
    'capture',
    'frame',
}
_FRAME = {'frame', 'frames', 'framenumber', 'frameindex', 'index', 'idx'}
_BESIDE_FRAME = {'number', 'no', 'num', 'nr', 'id', 'index', 'idx', 'count'}

# Steps between rows that can only be in seconds.
_SECONDS = (1e-3, 1.0)
# Frames a second at which a step in another unit is recognised.
_TOLD_RATES = (10.0, 250.0)
# Frames a second of any motion.
_RATES = (1.0, 1000.0)
# Smallest share of the time from first to last row that the rows may cover.
_LEAST_COVERED = 0.5
_CLOCK = re.compile(r'(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?')


@dataclass(frozen=True)
class RowTimes:
    """Times of rows.

    Attributes:
        times_s: (F,) rising, seconds from any start.
        fps: usual rate of the rows.
        is_timecode: True if the times are timecodes HH:MM:SS:FF.
    """

    times_s: NDArray[np.float64]
    fps: float
    is_timecode: bool = False


def row_times(table: Table, fps: float | None, sound_s: float | None) -> RowTimes:
    """Return the times of a table's rows.

    Args:
        table: a table with a column of times, timecodes or frame numbers, unless ``fps`` is given.
        fps: rate of the rows, instead of their times, and of the frame numbers.
        sound_s: duration of the sound for the motion. It helps if timecodes leave the rate open.

    Raises:
        InputError: the table has no such column, its times do not rise, or their unit or rate is
            unclear.
    """
    column = next((i for i, name in enumerate(table.header) if _is_time(name)), None)
    if fps is not None:
        return _at_rate(table, column, fps)
    if column is None:
        if _frame_column(table) is not None:
            raise InputError(
                f'{table.path}: has frame numbers and no times: give its rate with --fps'
            )
        raise InputError(
            f'{table.path}: has no column of time or timecode: give its rate with --fps'
        )
    cells = table.column(column)
    codes = timecodes.parse(cells)
    if isinstance(codes, timecodes.Timecodes):
        found = _of_timecodes(table, codes, sound_s)
    elif codes:
        raise _no_code(table, cells, codes)
    elif ':' in cells[0]:
        found = _of_clock(table, cells)
    else:
        found = _of_numbers(table, column, cells)
    _check_covered(table, found)
    return found


def _is_time(name: str) -> bool:
    words = _words(name)
    if not words or not words <= _TIME | _BESIDE | set(_UNITS):
        return False
    return bool(words & (_TIME | set(_UNITS)))


def _words(name: str) -> set[str]:
    """Return the words of a name: timestampMs, time_ms and "Time [ms]" all contain ms."""
    parted = re.sub(r'([a-z])([A-Z])', r'\1 \2', name)
    return {word for word in re.split(r'[\W_]+', parted.lower()) if word}


def _frame_column(table: Table) -> int | None:
    for index, name in enumerate(table.header):
        words = _words(name)
        if words & _FRAME and words <= _FRAME | _BESIDE_FRAME:
            return index
    return None


def _at_rate(table: Table, column: int | None, fps: float) -> RowTimes:
    """Return times at a given rate. Gaps in the frame numbers or timecodes stay gaps."""
    even = RowTimes(frame_times(len(table.rows), fps), fps)
    codes = timecodes.parse(table.column(column)) if column is not None else 0
    if isinstance(codes, timecodes.Timecodes):
        rate = next((r for r in timecodes.RATES if abs(r - fps) < 0.002 * r), None)
        if rate is None or codes.frames.max() >= rate:
            return even
        times_s, exact = codes.times_s(rate)
    elif (numbered := _frame_column(table)) is not None:
        times_s = np.array([number(cell) for cell in table.column(numbered)]) / fps
        exact = fps
    else:
        return even
    steps = np.diff(times_s)
    rises = np.isfinite(times_s).all() and (steps > 0).all()
    covered = len(times_s) / fps / (times_s[-1] - times_s[0] + 1 / fps) if rises else 0.0
    if not 2 * _LEAST_COVERED - 0.2 <= covered <= 1.01:
        return even
    return RowTimes(times_s - times_s[0], exact)


def _of_timecodes(table: Table, codes: timecodes.Timecodes, sound_s: float | None) -> RowTimes:
    if len(table.rows) == 1:
        return RowTimes(np.zeros(1), 60.0, True)
    rate, possible = codes.rate()
    if rate is None and sound_s is not None:
        rate = _by_sound(codes, possible, sound_s)
    if rate is None:
        if not possible:
            raise InputError(
                f'{table.path}: its timecodes count up to {codes.frames.max():g} frames in a '
                f'second: write milliseconds as HH:MM:SS.fff, or give its rate with --fps'
            )
        some = ', '.join(map(str, possible))
        raise InputError(
            f'{table.path}: its {len(table.rows)} timecodes do not determine their rate (it may be '
            f'{some} fps): give it with --fps'
        )
    times_s, _ = codes.times_s(rate)
    _check_rising(table, times_s)
    return RowTimes(times_s, _usual_rate(times_s), True)


def _by_sound(codes: timecodes.Timecodes, possible: tuple[int, ...], sound_s: float) -> int | None:
    """Return the only rate at which the rows last as long as the sound, within two frames."""
    fits = []
    for rate in possible:
        times_s, _ = codes.times_s(rate)
        lasts_s = times_s[-1] - times_s[0] + (codes.step or 1.0) / rate
        if abs(lasts_s - sound_s) <= 2.0 / rate:
            fits.append(rate)
    return fits[0] if len(fits) == 1 else None


def _no_code(table: Table, cells: list[str], index: int) -> InputError:
    return InputError(
        f'{table.path}: {cells[index][:40]!r} is not a timecode HH:MM:SS:FF and no time '
        f'HH:MM:SS.fff (row {table.lines[index]})'
    )


def _of_clock(table: Table, cells: list[str]) -> RowTimes:
    """Return clock times: HH:MM:SS.fff, MM:SS.fff, or the same after a date."""
    times_s = np.zeros(len(cells))
    for index, cell in enumerate(cells):
        match = _CLOCK.fullmatch(cell)
        if match and (match[1] is not None or match[4] is not None) and int(match[3]) < 60:
            hours, minutes, seconds, parts = (int(part or 0) for part in match.groups())
            fraction = parts / 10 ** len(match[4]) if match[4] else 0.0
            times_s[index] = 3600 * hours + 60 * minutes + seconds + fraction
            continue
        try:
            times_s[index] = datetime.fromisoformat(cell.replace(',', '.')).timestamp()
        except (ValueError, OverflowError) as error:
            raise _no_code(table, cells, index) from error
    times_s += 86400.0 * np.cumsum(np.diff(times_s, prepend=times_s[0]) < -43200.0)
    _check_rising(table, times_s)
    rate = _usual_rate(times_s)
    if not _RATES[0] < rate <= _RATES[1]:
        raise InputError(
            f'{table.path}: its rows are {1 / rate:g} s apart, which is not a plausible '
            f'frame rate: give the rate with --fps'
        )
    return RowTimes(times_s, rate)


def _of_numbers(table: Table, column: int, cells: list[str]) -> RowTimes:
    values = np.array([number(cell) for cell in cells])
    _check_rising(table, values)
    if len(values) == 1:
        return RowTimes(np.zeros(1), 60.0)
    name, step = table.header[column], float(np.median(np.diff(values)))
    stated = [_UNITS[word] for word in _words(name) if word in _UNITS]
    unit = stated[0] if stated else _unit_of(step)
    if unit is None:
        raise InputError(
            f'{table.path}: its column {name} rises by {step:g} a row, in an unknown '
            f'unit: name it time_s, time_ms, time_us or time_ns, or give its rate with --fps'
        )
    if not 1 / _RATES[1] <= step * unit <= 1 / _RATES[0]:
        raise InputError(
            f'{table.path}: its column {name} rises by {step:g} {_NAMES[unit]} a row, which is '
            f'not a plausible frame rate: name its true unit, or give its rate with --fps'
        )
    # Differences are scaled, because Unix times would lose their fractions.
    first = values[0] * unit
    times_s = (values - values[0]) * unit
    return RowTimes(
        times_s + first if abs(first) < 1e6 else times_s + round(first), _usual_rate(times_s)
    )


def _unit_of(step: float) -> float | None:
    """Return the only unit in which a step between rows makes a plausible rate, or None."""
    if _SECONDS[0] <= step < _SECONDS[1]:
        return 1.0
    for unit in (1e-3, 1e-6, 1e-9):
        if 1 / _TOLD_RATES[1] <= step * unit <= 1 / _TOLD_RATES[0]:
            return unit
    return None


def _usual_rate(times_s: NDArray[np.float64]) -> float:
    """Return the rows a second, gaps included: rounding errors vanish over all rows."""
    steps = np.diff(times_s)
    if not len(steps):
        return 60.0
    step = float(np.median(steps))
    rows = np.maximum(1.0, np.round(steps / step))
    # The number of rows that are missing in a long gap is uncertain.
    near = rows <= 4
    return nearest_rate(float(rows[near].sum() / steps[near].sum()))


def _check_rising(table: Table, times: NDArray[np.float64]) -> None:
    steps = np.diff(times)
    if np.isfinite(times).all() and (steps > 0).all():
        return
    bad = ~np.isfinite(times)
    bad[1:] |= ~(steps > 0) & np.isfinite(times[1:])
    row = int(np.argmax(bad))
    raise InputError(
        f'{table.path}: the times of its rows do not rise (row {table.lines[row]}): correct them '
        f'there, or give its rate with --fps'
    )


def _check_covered(table: Table, found: RowTimes) -> None:
    """Raise InputError if most of the time is in gaps between rows: the times are misread."""
    times_s = found.times_s
    lasts_s = times_s[-1] - times_s[0] + 1 / found.fps
    if len(times_s) > 1 and len(times_s) / found.fps < _LEAST_COVERED * lasts_s:
        raise InputError(
            f'{table.path}: the times of its {len(times_s)} frames jump, they last '
            f'{lasts_s:.0f} s: cut the file there, or give its rate with --fps'
        )
