"""Counters of what senders do wrong, each with a text that names the newest case."""

from diffsheg_ros.audio_in.counters import RemarkCounters


class Remarks:
    """Counts and describes unusual chunks.

    Attributes:
        counts: the counters.
        texts: by counter, what the newest case was and what to do about it; a counter without a
            text is described by its advice, see `RemarkCounters`.
    """

    def __init__(self, counts: RemarkCounters | None = None) -> None:
        """Count nothing yet.

        Args:
            counts: counters to raise; default: new ones.
        """
        self.counts = RemarkCounters() if counts is None else counts
        self.texts: dict[str, str] = {}

    def note(self, counter: str, text: str = '') -> None:
        """Count a chunk; a text replaces that of the one before."""
        setattr(self.counts, counter, getattr(self.counts, counter) + 1)
        if text:
            self.texts[counter] = text
