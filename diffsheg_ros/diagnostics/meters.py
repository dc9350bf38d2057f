"""Meters of latency and rate."""

from collections import deque

import numpy as np


class Spans:
    """The newest durations of a repeated action."""

    def __init__(self, remembered: int = 256) -> None:
        self._seconds: deque[float] = deque(maxlen=remembered)

    def add(self, seconds: float) -> None:
        self._seconds.append(seconds)

    def percentile(self, percent: float) -> float:
        """Return a percentile of the durations in seconds; 0 before the first."""
        seconds = list(self._seconds)
        return float(np.percentile(seconds, percent)) if seconds else 0.0


class Rate:
    """Events per second over the last seconds; 0 until half of that time has passed."""

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
    """Arrival times of audio, from which the latency of its motion follows."""

    def __init__(self, remembered: int = 8192) -> None:
        self._chunks: deque[tuple[int, int, float]] = deque(maxlen=remembered)

    def add(self, start_ns: int, end_ns: int, now_s: float) -> None:
        """Note that a chunk heard from `start_ns` to `end_ns` arrived at `now_s`."""
        self._chunks.append((start_ns, end_ns, now_s))

    def arrived_s(self, time_ns: int) -> float | None:
        """Return the arrival time of the sample heard at a moment; None if it is forgotten."""
        for start_ns, end_ns, arrived_s in reversed(self._chunks.copy()):
            if start_ns <= time_ns < end_ns:
                return arrived_s
        return None
