"""Time of an utterance: by its stamps, by its arrival, or after the utterance before it."""

from diffsheg_model.audio.sample_clock import SampleClock
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.heard_chunk import Utterance
from diffsheg_ros.audio_in.remarks import Remarks
from diffsheg_ros.audio_in.sender_clock import (
    ClockWatch,
    Stamped,
    clock_text,
    offset_ns,
)

#: Nanoseconds. A chunk farther than this from its utterance's other sound does not move its end.
_LONGEST_JUMP_NS = 60 * NS
#: Successive chunks stamped too early from which on the sender is at fault.
_EARLY_CHUNKS = 2
_EARLY_TEXT = (
    'chunks are stamped with their time of sending and come faster than they are heard: they are '
    'placed one after the other, from the first stamp on. Stamp each with the time at which its '
    'first sample is heard (if the sound is live, sample_rate or the number of channels is wrong)'
)


class Placement:
    """Follows the times of the newest utterance and notes what is unusual about them.

    Attributes:
        end_ns: when its last sample known so far is heard; None where there is none.
        newest_ns: when the first sample of the newest chunk is heard.
    """

    def __init__(self, remarks: Remarks) -> None:
        """Knows no utterance yet; `remarks` takes what is unusual."""
        self.end_ns: int | None = None
        self.newest_ns = 0
        self._remarks = remarks
        self._clock = SampleClock(1, 0, 0)
        self._watch = ClockWatch()
        self._sent = False  # the stamps do not say when the sound is heard

    def times_of(self, piece: AudioPiece) -> Stamped:
        """Return the times of a chunk; one without a stamp is stamped with its arrival."""
        start_ns = piece.start_ns
        if not start_ns and piece.arrival_ns:
            self._remarks.note('unstamped_chunks')
            start_ns = piece.arrival_ns
        duration_ns = len(piece.samples) * NS // piece.sample_rate
        whole = piece.end and piece.first_sample == 0
        return Stamped(start_ns, piece.arrival_ns or start_ns, duration_ns, whole)

    def offset_ns(self, piece: AudioPiece, stamped: Stamped, waits: bool) -> int:
        """Return what to add to the stamps of an utterance that begins with a chunk.

        Args:
            piece: the chunk.
            stamped: its times.
            waits: whether one without a stamp begins only when the one before is over.
        """
        free_ns = stamped.arrival_ns if self.end_ns is None else self.end_ns
        if piece.start_ns:
            return offset_ns(stamped, free_ns)
        return max(0, free_ns - stamped.start_ns) if waits else 0

    def begin(self, utterance: Utterance) -> None:
        """Follow another utterance."""
        self._clock = SampleClock(
            utterance.sample_rate, utterance.origin_sample, utterance.start_ns
        )
        self._watch = ClockWatch()
        self._sent = False
        self.end_ns = None

    def hear(
        self, utterance: Utterance, piece: AudioPiece, stamped: Stamped, mistaken: bool
    ) -> None:
        """Take a chunk of the utterance.

        Args:
            utterance: the newest.
            piece: the chunk.
            stamped: its times.
            mistaken: whether its sender makes a mistake that explains odd times.
        """
        first, end = piece.first_sample, piece.first_sample + len(piece.samples)
        expected_ns = self._clock.time_ns(first)
        if self.end_ns is None or abs(expected_ns - self.end_ns) <= _LONGEST_JUMP_NS:
            if len(piece.samples):
                self._clock.hear(first, stamped.start_ns + utterance.offset_ns)
            end_ns = self._clock.time_ns(end)
            self.end_ns = end_ns if self.end_ns is None else max(self.end_ns, end_ns)
            self.newest_ns = self._clock.time_ns(first)
        if mistaken or not piece.start_ns:
            return
        if self._clock.early >= _EARLY_CHUNKS:
            self._sent = True
            self._remarks.note('early_chunks', _EARLY_TEXT)
        if piece.arrival_ns and not self._sent:
            self._judge_clock(utterance.offset_ns, stamped)

    def _judge_clock(self, moved_ns: int, stamped: Stamped) -> None:
        behind_ns = self._watch.see(stamped)
        if moved_ns or behind_ns:
            text = clock_text(moved_ns or behind_ns, moved=bool(moved_ns))
            self._remarks.note('untimely_chunks', text)
