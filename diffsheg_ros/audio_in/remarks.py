"""Counters of what senders do wrong, each with a text that names the newest case."""

from collections import Counter

from diffsheg_ros.audio_in.counters import RemarkCounters

#: The names of the counters.
REMARK_COUNTERS = tuple(RemarkCounters.declarations())


class Remarks:
    """Counts and describes unusual chunks.

    Attributes:
        counts: by counter, one of `REMARK_COUNTERS`.
        texts: by counter, what the newest case was and what to do about it; a counter without a
            text is described by its advice, see `RemarkCounters`.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(REMARK_COUNTERS, 0))
        self.texts: dict[str, str] = {}

    def note(self, counter: str, text: str = '') -> None:
        """Count a chunk; a text replaces that of the one before."""
        self.counts[counter] += 1
        if text:
            self.texts[counter] = text
