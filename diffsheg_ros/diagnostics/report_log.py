"""Which of a node's reports are worth a line in its log. No ROS."""

import re

from diffsheg_ros.diagnostics.report import OK, Report

#: All must be well for so long until that is said, and between two lines lies as much time.
CALM_S = 10.0


class ReportLog:
    """Says what is wrong when that changes, and once that all is well again."""

    def __init__(self) -> None:
        self._begun_s: float | None = None  # of the trouble; None where there is none
        self._well_s: float | None = None  # since when there is none any more
        self._level = OK  # of the worst that was said of it
        self._said_s = 0.0
        self._known: set[str] = set()

    def line(self, now_s: float, report: Report, logged: str = '') -> tuple[int, str] | None:
        """What to log now, if anything: level and text.

        Args:
            now_s: of any clock that only goes forward.
            report: of now.
            logged: what of the report's message stands in the log already.
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
        return OK, f'well again after {seconds:.0f} s'


def _words(message: str) -> set[str]:
    """What a message says, whatever its numbers are."""
    return set(re.sub(r'[\d.]+', '', message).split('; '))
