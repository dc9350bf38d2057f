"""The choice of reports that a node writes to its log."""

import re

from diffsheg_ros.diagnostics.report import OK, Report

#: Seconds without a fault before the log says so, and least seconds between two lines.
CALM_S = 10.0


class ReportLog:
    """Log lines for faults when they change, and one line when they are over."""

    def __init__(self) -> None:
        self._begun_s: float | None = None  # when the faults began; None without faults
        self._well_s: float | None = None  # when they ended
        self._level = OK  # worst level logged since they began
        self._said_s = 0.0
        self._known: set[str] = set()

    def line(self, now_s: float, report: Report, logged: str = '') -> tuple[int, str] | None:
        """Return level and text of a line to log now; None for no line.

        Args:
            now_s: time of any clock that only goes forward.
            report: the newest report.
            logged: the part of its message that is in the log already.
        """
        if report.level == OK:
            return self._well(now_s)
        self._well_s = None
        if self._begun_s is None:
            self._begun_s = now_s
        self._known |= _words(logged)
        words = _words(report.message)
        worse = report.level > self._level
        if words <= self._known or not (worse or now_s - self._said_s >= CALM_S):
            return None
        self._known |= words
        self._level, self._said_s = report.level, now_s
        return report.level, report.message

    def _well(self, now_s: float) -> tuple[int, str] | None:
        if self._begun_s is None:
            return None
        if self._well_s is None:
            self._well_s = now_s
        if now_s - self._well_s < CALM_S:
            return None
        seconds = self._well_s - self._begun_s
        self._begun_s = self._well_s = None
        self._level = OK
        self._known.clear()
        return OK, f'recovered after {seconds:.0f} s'


def _words(message: str) -> set[str]:
    """Return the parts of a message without their numbers."""
    return set(re.sub(r'[\d.]+', '', message).split('; '))
