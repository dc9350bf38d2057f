"""SMPTE timecodes: hours, minutes, seconds and frames, without a stated rate."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CODE = re.compile(r'(\d{1,2}):(\d{1,2}):(\d{1,2})([:;])(\d{1,3}(?:[.,]\d{1,9})?)')

RATES = (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 72, 75, 90, 100, 120, 240)
"""Frames that a second of timecode may have."""

_USUAL = (24, 25, 30, 50, 60)
_DAY_S = 24 * 3600
_NTSC = 1000 / 1001
# Frames. Error of timecodes that come from a clock.
_JITTER = 0.45
# Frames that may be missing at the change from one second to the next, if there is only one.
_DROPPED = 2


@dataclass(frozen=True)
class Timecodes:
    """Timecodes of rows.

    Attributes:
        seconds: (F,) whole seconds, counting on after midnight.
        frames: (F,) frames within the second, with a fraction.
        marked_drop: True if a semicolon marks drop-frame timecode.
    """

    seconds: NDArray[np.float64]
    frames: NDArray[np.float64]
    marked_drop: bool

    @property
    def step(self) -> float | None:
        """The usual step between rows, in frames; None if no two rows are in one second."""
        steps = np.diff(self.frames)[np.diff(self.seconds) == 0]
        steps = steps[steps > 0]
        return float(np.median(steps)) if len(steps) else None

    def times_s(self, rate: int) -> tuple[NDArray[np.float64], float]:
        """Return the time of every row in seconds and the true rate, for a nominal rate."""
        if not self._drops(rate):
            return self.seconds + self.frames / rate, float(rate)
        minutes = self.seconds // 60
        left_out = _left_out(rate) * (minutes - minutes // 10)
        fps = rate * _NTSC
        return (self.seconds * rate + self.frames - left_out) / fps, fps

    def rate(self) -> tuple[int | None, tuple[int, ...]]:
        """Return the nominal rate or None, and all possible rates.

        The last frame number of one second and the first of the next give the rate, unless frames
        are missing. If all rows lie in one second, only a large number gives it.
        """
        least = int(self.frames.max()) + 1
        possible = tuple(rate for rate in RATES if rate >= least)
        whole = self._seconds_seen()
        if whole is not None:
            found, slack = whole
            near = [rate for rate in possible if rate >= found - slack]
            step = self.step
            most = _DROPPED * (step or 0.0) + slack
            if near and (near[0] - found <= most or near[0] == least):
                return near[0], possible
        usual = tuple(rate for rate in _USUAL if rate >= least)
        if whole is None and len(usual) == 1:
            return usual[0], usual
        return None, usual or possible

    def _seconds_seen(self) -> tuple[float, float] | None:
        """Return the frames from one second to the next and the tolerance; None for one second."""
        next_second = np.diff(self.seconds) == 1
        if not next_second.any():
            return None
        step = self.step
        found = -np.diff(self.frames)[next_second] + (1.0 if step is None else step)
        parts = np.mod(self.frames, 1.0)
        if np.ptp(parts) < 1e-6 or np.isin(np.mod(2 * parts, 1.0).round(6), (0.0, 1.0)).all():
            return float(found.max()), 1e-6
        return float(np.median(found)), _JITTER

    def _drops(self, rate: int) -> bool:
        """Return True for drop-frame timecode, as at 29.97 and 59.94 fps."""
        if rate % 30:
            return False
        if self.marked_drop:
            return True
        count = _left_out(rate)
        minute = self.seconds // 60
        begins = (np.diff(minute) == 1) & (np.diff(self.seconds) == 1) & (minute[1:] % 10 != 0)
        if not begins.any():
            return False
        before, after = self.frames[:-1][begins], self.frames[1:][begins]
        return bool(((np.floor(after) == count) & (np.floor(before) == rate - 1)).all())


def parse(codes: list[str]) -> Timecodes | int:
    """Return the timecodes HH:MM:SS:FF[.fraction], or the index of the first invalid one."""
    parts, dropped = np.zeros((len(codes), 4)), False
    for index, code in enumerate(codes):
        match = CODE.fullmatch(code.strip())
        if not match:
            return index
        hours, minutes, seconds, mark, frames = match.groups()
        if int(minutes) > 59 or int(seconds) > 59:
            return index
        parts[index] = int(hours), int(minutes), int(seconds), float(frames.replace(',', '.'))
        dropped |= mark == ';'
    seconds_s = parts[:, :3] @ (3600.0, 60.0, 1.0)
    past_midnight = np.cumsum(np.diff(seconds_s, prepend=seconds_s[0]) < -_DAY_S / 2)
    return Timecodes(seconds_s + _DAY_S * past_midnight, parts[:, 3], dropped)


def _left_out(rate: int) -> int:
    """Return the frame numbers that each minute but the tenth leaves out at its beginning."""
    return rate // 30 * 2
