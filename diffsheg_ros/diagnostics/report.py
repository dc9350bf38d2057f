"""What operators see: rates, delays and counters, and from those whether all is well."""

from collections import deque
from dataclasses import dataclass

OK, WARN, ERROR = 0, 1, 2

#: A counter that has risen within this time is news.
RECENT_S = 10.0


#: Facts that are a part of the news.
_TOLD = ('last_refusal', 'last_gap', 'last_pose_error', 'layer_error')


@dataclass(frozen=True)
class Report:
    """One diagnostic status: level, one line, and values by name."""

    level: int
    message: str
    values: dict[str, str]


class Rises:
    """By how much counters have risen within the last `RECENT_S`."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, dict[str, int]]] = deque()

    def since(self, now_s: float, counters: dict[str, int]) -> dict[str, int]:
        """Takes the counters of now, which are remembered.

        Args:
            now_s: of any clock that only goes forward.
            counters: the same names each time.
        """
        while self._past and self._past[0][0] < now_s - RECENT_S:
            self._past.popleft()
        # Counters start anew with each configuration.
        before = self._past[0][1] if self._past else dict.fromkeys(counters, 0)
        self._past.append((now_s, counters))
        return {name: value - before.get(name, 0) for name, value in counters.items()}


def report(words: list[tuple[int, str]], state: str, values: dict[str, str]) -> Report:
    """A report of what is wrong, if anything is: level and what to do, the worst first."""
    words = sorted(words, key=lambda word: -word[0])
    level = max((word[0] for word in words), default=OK)
    return Report(level, '; '.join(word[1] for word in words) or state, values)
