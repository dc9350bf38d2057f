"""Spans of emphasis that are still to be published, gathered so that many go together."""

import math
import threading
from collections.abc import Callable

#: Seconds, at least, between publications of plans that spans have changed.
EMPHASIS_PERIOD_S = 0.2


class EmphasisBatch:
    """Beginnings of new spans, given out together once in a while. Safe to use from any thread.

    A plan of seconds takes as long to compute as a pose may, and spans come in crowds.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        """Begin empty; `seconds` is a clock that only goes forward."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._starts_ns: list[int] = []
        self._given_s = -math.inf

    def add(self, start_ns: int) -> None:
        """Note the beginning of a span."""
        with self._lock:
            self._starts_ns.append(start_ns)

    def due(self) -> list[int]:
        """Return the beginnings noted since the last batch, in order; none before it is time."""
        with self._lock:
            now_s = self._seconds()
            if not self._starts_ns or now_s - self._given_s < EMPHASIS_PERIOD_S:
                return []
            starts_ns, self._starts_ns, self._given_s = sorted(self._starts_ns), [], now_s
            return starts_ns
