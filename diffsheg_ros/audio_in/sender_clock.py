"""Differences between a sender's clock and the listener's, found from stamps and arrivals.

A stamp may lie in the future: a synthesiser sends sound before it is heard. It cannot lie far in
the past, because sound that was over before it came is of no use. So an utterance that comes too
late by its stamps is placed by its arrival. The same holds for one too far in the future.
"""

from collections import deque
from typing import NamedTuple

from diffsheg_model.time_units import NS

#: Nanoseconds. An utterance that comes later than this after its stamp is placed by arrival.
LATE_NS = NS // 2
#: Nanoseconds. An utterance stamped farther beyond all waiting speech is placed by arrival.
FAR_NS = 60 * NS
#: Nanoseconds. A live sender with stamps that are always older has a clock that is behind.
_BEHIND_NS = NS // 4
#: Nanoseconds. A live sender with stamps always farther in the future has a clock that is ahead.
_AHEAD_NS = NS
#: Seconds of sound on which a difference is judged, at the pace of hearing or slower.
_JUDGED_S = 1.0
_LEAST_PACE = 0.8
#: Seconds. Longer chunks are not recorded live: their first sample is new when they are sent.
_LONGEST_LIVE_S = 1.0
_MOST_CHUNKS = 1000


class Stamped(NamedTuple):
    """A chunk's times.

    Attributes:
        start_ns: when its first sample is heard, as the sender says.
        arrival_ns: when it came, by the listener's clock.
        duration_ns: of its samples.
        whole: whether it is an utterance of its own.
    """

    start_ns: int
    arrival_ns: int
    duration_ns: int
    whole: bool = False

    @property
    def late_ns(self) -> int:
        """By how much it came later than a live chunk does, which is sent at its end."""
        live = not self.whole and self.duration_ns <= _LONGEST_LIVE_S * NS
        return self.arrival_ns - self.start_ns - (self.duration_ns if live else 0)


def offset_ns(first: Stamped, free_ns: int) -> int:
    """Return what to add to the stamps of an utterance; 0 where they can be kept.

    Args:
        first: the times of its first chunk.
        free_ns: when all speech before it is over.
    """
    late_ns = first.arrival_ns - first.start_ns
    if first.late_ns > LATE_NS or -late_ns > FAR_NS + max(0, free_ns - first.arrival_ns):
        return late_ns
    return 0


def clock_text(behind_ns: int, *, moved: bool) -> str:
    """Describe a difference of clocks; above 0 the sender's clock is behind.

    Args:
        behind_ns: the difference.
        moved: whether the sound is placed by its arrival.
    """
    seconds = abs(behind_ns) / NS
    side = 'behind' if behind_ns > 0 else 'ahead of'
    text = f"The sender's clock is {seconds:.1f} s {side} this node's: synchronise the clocks "
    text += '(chrony, ntp)'
    if seconds > FAR_NS / NS:
        text += ', or set use_sim_time on all nodes or on none'
    return text + ('; its sound is placed by its arrival' if moved else '')


class ClockWatch:
    """Finds out whether the clock of a live sender differs; for one utterance."""

    def __init__(self) -> None:
        self._recent: deque[Stamped] = deque(maxlen=_MOST_CHUNKS)
        self._heard_ns = 0  # of the recent chunks
        self._behind_ns = 0

    def see(self, chunk: Stamped) -> int:
        """Take a chunk.

        Returns:
            By how much the sender's clock is behind, ns; below 0 it is ahead; 0 where no
            difference is known.
        """
        if not chunk.duration_ns:
            return self._behind_ns
        self._recent.append(chunk)
        self._heard_ns += chunk.duration_ns
        if self._heard_ns >= _JUDGED_S * NS and len(self._recent) > 1:
            self._behind_ns = self._judge()
            self._recent.clear()
            self._heard_ns = 0
        return self._behind_ns

    def _judge(self) -> int:
        late_ns = min(chunk.late_ns for chunk in self._recent)
        if late_ns > _BEHIND_NS:
            return min(chunk.arrival_ns - chunk.start_ns for chunk in self._recent)
        lead_ns = min(chunk.start_ns - chunk.arrival_ns for chunk in self._recent)
        span_ns = self._recent[-1].arrival_ns - self._recent[0].arrival_ns
        heard_ns = self._heard_ns - self._recent[-1].duration_ns
        live = span_ns >= _LEAST_PACE * heard_ns
        return -lead_ns if live and lead_ns > _AHEAD_NS else 0
