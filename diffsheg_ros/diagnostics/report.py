"""Diagnostic reports: level, message and values."""

from collections import deque
from dataclasses import dataclass

OK, WARN, ERROR = 0, 1, 2

#: Seconds for which the rise of a counter stays in the message.
RECENT_S = 10.0


#: Values that messages of counters refer to.
_TOLD = ('last_refusal', 'last_gap', 'last_pose_error', 'layer_error')


@dataclass(frozen=True)
class Report:
    """One diagnostic status: level, one line, and values by name."""

    level: int
    message: str
    values: dict[str, str]


class Rises:
    """Rises of counters within the last `RECENT_S`."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, dict[str, int]]] = deque()

    def since(self, now_s: float, counters: dict[str, int]) -> dict[str, int]:
        """Return the recent rises by name, and remember the counters.

        Args:
            now_s: time of any clock that only goes forward.
            counters: counts by name; the names are the same in each call.
        """
        while self._past and self._past[0][0] < now_s - RECENT_S:
            self._past.popleft()
        # Counters start at 0 with each configuration.
        before = self._past[0][1] if self._past else dict.fromkeys(counters, 0)
        self._past.append((now_s, counters))
        return {name: value - before.get(name, 0) for name, value in counters.items()}


def report(words: list[tuple[int, str]], state: str, values: dict[str, str]) -> Report:
    """Return a report.

    Args:
        words: level and message of each fault; the report names the worst first.
        state: message of the report if there is no fault.
        values: values by name.
    """
    words = sorted(words, key=lambda word: -word[0])
    level = max((word[0] for word in words), default=OK)
    return Report(level, '; '.join(word[1] for word in words) or state, values)
