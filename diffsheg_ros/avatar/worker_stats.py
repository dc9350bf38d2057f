"""A snapshot of the motion worker, for diagnostics, and the times that windows took."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from diffsheg_ros.avatar.counters import WorkerCounters

#: Windows that percentiles are made from.
_REMEMBERED_WINDOWS = 256


@dataclass(frozen=True)
class WorkerStats:
    """State, speed and counters of the worker at one moment.

    Attributes:
        state: 'stopped', 'idle' (no utterance) or 'speaking'.
        utterance_id: of the utterance under way, or empty.
        epoch: the newest.
        queue_chunks: chunks that wait.
        queue_s: seconds of audio that wait, in chunks or as features.
        latency_p50_s, latency_p95_s: time that generating a window took, of the last windows; 0
            before the first.
        generated_fps: frames generated per second of that time.
        counters: counts since the worker was made.
        remarks: messages on the newest unusual chunks, by counter; see `Remarks`.
        last_error: the newest failure in one line, or empty.
    """

    state: str
    utterance_id: str
    epoch: int
    queue_chunks: int
    queue_s: float
    latency_p50_s: float
    latency_p95_s: float
    generated_fps: float
    counters: WorkerCounters
    remarks: dict[str, str]
    last_error: str


class WindowTimes:
    """Times that generating the last windows took."""

    def __init__(self) -> None:
        self._windows: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED_WINDOWS)

    def add(self, span_s: float, frames: int) -> None:
        """Note a window: the seconds that it took, and its final frames."""
        self._windows.append((span_s, frames))

    def percentile_s(self, percent: float) -> float:
        """Return a percentile of the times, seconds; 0 before the first window."""
        spans_s = [span_s for span_s, _ in self._windows.copy()]
        return float(np.percentile(spans_s, percent)) if spans_s else 0.0

    @property
    def frames_per_s(self) -> float:
        """Frames generated per second of these times; 0 before the first window."""
        windows = self._windows.copy()
        busy_s = sum(span_s for span_s, _ in windows)
        return sum(frames for _, frames in windows) / busy_s if busy_s > 0 else 0.0
