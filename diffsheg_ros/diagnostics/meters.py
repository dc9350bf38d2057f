"""Meters of latency and rate."""

from collections import deque

import numpy as np


class Spans:
    """The last durations of something."""

    def __init__(self, remembered: int = 256) -> None:
        self._seconds: deque[float] = deque(maxlen=remembered)

    def add(self, seconds: float) -> None:
        self._seconds.append(seconds)

    def percentile(self, percent: float) -> float:
        """Seconds; 0 where there is none yet."""
        seconds = list(self._seconds)
        return float(np.percentile(seconds, percent)) if seconds else 0.0


class Rate:
    """How often something happens, measured over the last seconds; 0 before the first is over."""

    def __init__(self, over_s: float = 2.0) -> None:
        self._over_s = over_s
        self._times: deque[float] = deque(maxlen=4096)

    def tick(self, now_s: float) -> None:
        self._times.append(now_s)

    def per_second(self, now_s: float) -> float:
        while self._times and self._times[0] < now_s - self._over_s:
            self._times.popleft()
        if not self._times or self._times[-1] - self._times[0] < self._over_s / 2:
            return 0.0
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])


class Arrivals:
    """Remembers when audio arrived, to tell how long its motion took."""

    def __init__(self, remembered: int = 8192) -> None:
        self._chunks: deque[tuple[int, int, float]] = deque(maxlen=remembered)

    def add(self, start_ns: int, end_ns: int, now_s: float) -> None:
        """A chunk that is heard from `start_ns` to `end_ns` arrived now."""
        self._chunks.append((start_ns, end_ns, now_s))

    def arrived_s(self, time_ns: int) -> float | None:
        """When the sample that is heard at a moment arrived; None where nobody knows any more."""
        for start_ns, end_ns, arrived_s in reversed(self._chunks.copy()):
            if start_ns <= time_ns < end_ns:
                return arrived_s
        return None
