"""The queue of received audio: sorts chunks into utterances and bounds what may wait.

All audio that arrives on a topic comes through here, from any thread. Every utterance gets an
epoch, a number that only rises. Interrupting raises the lowest epoch that is still wanted; all work
of a lower one is stale.
"""

import threading
from collections import OrderedDict, deque

from diffsheg_model.audio.sample_clock import STEP_NS
from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.counters import InboxCounters
from diffsheg_ros.audio_in.heard_chunk import HeardChunk, Utterance
from diffsheg_ros.audio_in.piece_check import checked_piece
from diffsheg_ros.audio_in.placement import Placement
from diffsheg_ros.audio_in.remarks import Remarks
from diffsheg_ros.audio_in.sender_clock import Stamped
from diffsheg_ros.audio_in.sender_watch import SenderWatch

#: Stamps of one utterance's end and the next one's beginning may overlap by this much and still
#: mean "one after the other".
OVERLAP_TOLERANCE_NS = NS // 4

#: A first sample that comes again with a stamp so far from the first time's is a new beginning.
RESTART_NS = NS // 2

#: The queue's bytes are bounded by what its seconds take at this rate, in float32.
_BYTES_A_SECOND = 4 * 48000

_REMEMBERED_UTTERANCES = 32
_CUT_TEXT = (
    'each utterance starts, by its stamp, before the end of the previous one, and interrupts it: '
    'stamp it with the end of the previous utterance'
)


class Inbox:
    """A bounded queue of chunks by utterance. Safe to use from any thread.

    Which utterance a chunk belongs to:

    - A new `utterance_id` begins a new utterance. It interrupts the one before if that one's end
      has not come, or lies after the new one's stamp. An utterance without a stamp begins when the
      one before is over.
    - An utterance that is over stays over: chunks that come for it are stale. One that has only
      stalled begins anew where its sound goes on, unless another has begun or it was interrupted.
    - Its id may be used anew, from sample 0 and with another stamp; so is that of the utterance
      under way by a sender that starts again.
    - One that is joined late (its first chunk here is not its first) begins where it was joined;
      so does one during which the listener's clock goes back.
    - The sample rate is that of an utterance's first chunk; a chunk with another is rejected.

    When an utterance is heard follows from its first chunk: by its stamp, or by its arrival where
    it has none or the clocks differ too much (`sender_clock`). When its samples are heard follows
    from their index and the stamps (`SampleClock`). All that hear the same chunks agree on both.

    Attributes:
        counters: counts so far. Chunks that wait when their utterance is interrupted are stale.
        queued_s: seconds of audio that wait.
        remarks: counts and texts of senders' mistakes.
        placement: times of the newest utterance.
    """

    def __init__(self, max_queue_s: float = 300.0, reorder_s: float = 0.1) -> None:
        if not max_queue_s > 0 or not reorder_s >= 0:
            raise ValueError(
                f'max_queue_s = {max_queue_s}: must be above 0; reorder_s = {reorder_s}: 0 or more'
            )
        self._max_queue_s = max_queue_s
        self._max_bytes = round(max_queue_s * _BYTES_A_SECOND)
        # Chunks cost more than their samples; a flood of tiny ones is bounded by this.
        self._max_chunks = max(64, round(200 * max_queue_s))
        self._reorder_s = reorder_s
        self._changed = threading.Condition()
        self._queue: deque[HeardChunk] = deque()
        self.queued_s = 0.0
        self._queued_bytes = 0
        self._epoch = 0
        self._min_epoch = 0
        self._current: Utterance | None = None
        self._current_ended = False
        self._cuts = 0  # successive utterances that had ended and were interrupted
        self._over: OrderedDict[str, int] = OrderedDict()  # id -> when its sample 0 was heard
        self._stalled: Utterance | None = None  # the newest utterance, where it has stalled
        self._ordinal = 0
        self._woken = False
        self._arrived_ns: int | None = None  # of the chunk before
        self._watch = SenderWatch()
        self.counters = InboxCounters()
        self.remarks = Remarks(self.counters)
        self.placement = Placement(self.remarks)

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def epoch(self) -> int:
        """The newest epoch."""
        return self._epoch

    @property
    def current(self) -> Utterance | None:
        """The newest utterance; None where it is over."""
        return self._current

    def is_stale(self, epoch: int) -> bool:
        """Return True if work of this epoch is no longer wanted."""
        return epoch < self._min_epoch

    def push(self, piece: AudioPiece) -> tuple[bool, int | None]:
        """Take a piece of speech as it came; never raise for what is in it.

        Returns:
            True if all of it was taken, and the new lowest wanted epoch if it interrupted the
            utterance before (None if not).
        """
        try:
            piece = checked_piece(piece)
        except InputError as error:
            with self._changed:
                self.remarks.note('rejected_chunks', str(error))
            return False, None
        with self._changed:
            mistake = self._watch.see(piece)
            if mistake:
                self.remarks.note('sender_mistakes', mistake)
            stamped = self.placement.times_of(piece)
            utterance, interrupted = self._utterance_of(piece, stamped)
            if utterance is None:
                return False, interrupted
            self.placement.hear(utterance, piece, stamped, bool(mistake))
            taken = self._enqueue(utterance, piece, stamped.start_ns + utterance.offset_ns)
            self._current_ended = self._current_ended or piece.end
            return taken, interrupted

    def _utterance_of(
        self, piece: AudioPiece, stamped: Stamped
    ) -> tuple[Utterance | None, int | None]:
        """Return the chunk's utterance, begun where necessary, and the epoch of an interrupt.

        The utterance is None where the chunk is not taken.
        """
        current, interrupted = self._current, None
        first, start_ns = piece.first_sample, stamped.start_ns
        begins = current is None or current.id != piece.utterance_id
        if current is not None and not begins:
            again = first == 0 and len(piece.samples) > 0
            begins = again and abs(start_ns - current.stamp_0_ns) > RESTART_NS
            if not begins and self._went_back(piece):
                self.counters.interrupts += 1
                interrupted = self._interrupt()
                self._over.pop(piece.utterance_id, None)
                begins = True
        self._arrived_ns = piece.arrival_ns or None
        if begins:
            if self._is_over(piece.utterance_id, first, start_ns):
                self.counters.stale_chunks += 1
                return None, interrupted
            waits = current is None or self._current_ended
            offset = self.placement.offset_ns(piece, stamped, waits)
            start_ns += offset
            cut = self._supersede(start_ns)
            interrupted = interrupted if cut is None else cut
            current = self._begin(piece.utterance_id, first, piece.sample_rate, start_ns, offset)
            return current, interrupted
        assert current is not None
        if piece.sample_rate != current.sample_rate:
            self.counters.rate_changes += 1
            return None, interrupted
        return current, interrupted

    def _went_back(self, piece: AudioPiece) -> bool:
        """Return whether the listener's clock has gone back since the chunk before."""
        before_ns = self._arrived_ns
        return bool(piece.arrival_ns and before_ns and piece.arrival_ns < before_ns - 2 * STEP_NS)

    def _enqueue(self, utterance: Utterance, piece: AudioPiece, start_ns: int) -> bool:
        """Queue a chunk in pieces of at most a second; return whether there was room for all.

        A whole speech may come as one chunk. In pieces, an interrupt can stop the work on it.
        """
        rate, samples = piece.sample_rate, piece.samples
        taken = True
        for begin in range(0, max(1, len(samples)), rate):
            part = samples[begin : begin + rate]
            end = piece.end and begin + rate >= len(samples)
            at_ns = start_ns + begin * NS // rate
            chunk = HeardChunk(utterance, piece.first_sample + begin, part, at_ns, end)
            fits = (
                self.queued_s + chunk.duration_s <= self._max_queue_s
                and self._queued_bytes + part.nbytes <= self._max_bytes
                and len(self._queue) < self._max_chunks
            )
            if not fits:
                taken = False
                self.counters.dropped_chunks += 1
                # Its end is kept all the same, or the utterance would have none.
                chunk = HeardChunk(utterance, chunk.first_sample + len(part), part[:0], at_ns, end)
            if fits or end:
                self._queue.append(chunk)
                self.queued_s += chunk.duration_s
                self._queued_bytes += chunk.samples.nbytes
                self._changed.notify()
        return taken

    def interrupt(self) -> int:
        """Make all audio pushed so far stale; return the new lowest wanted epoch."""
        with self._changed:
            self.counters.interrupts += 1
            return self._interrupt()

    def clear(self) -> None:
        """Forget everything but counters and epochs, which still only rise."""
        with self._changed:
            self._interrupt()
            self._over.clear()
            self._ordinal = 0

    def restart(self, chunk: HeardChunk) -> tuple[HeardChunk, int] | None:
        """Begin the chunk's utterance anew with this chunk, because its sound has jumped.

        What of it waits behind the chunk goes along.

        Returns:
            The chunk in its new utterance, and the new lowest wanted epoch; None where its
            utterance is not the newest any more.
        """
        with self._changed:
            old = chunk.utterance
            if self._current is not old:
                return None
            waiting = [other for other in self._queue if other.utterance is old]
            ended = self._current_ended
            epoch = self._interrupt()
            utterance = self._begin(
                old.id, chunk.first_sample, old.sample_rate, chunk.start_ns, old.offset_ns
            )
            self._current_ended = ended
            moved = [
                HeardChunk(utterance, other.first_sample, other.samples, other.start_ns, other.end)
                for other in [chunk, *waiting]
            ]
            self._queue.extend(moved[1:])
            self.queued_s = sum(other.duration_s for other in moved[1:])
            self._queued_bytes = sum(other.samples.nbytes for other in moved[1:])
            self.counters.stale_chunks -= len(waiting)
            return moved[0], epoch

    def front(self) -> HeardChunk | None:
        """Return the chunk that `take` gives next; None where none waits."""
        with self._changed:
            return self._queue[0] if self._queue else None

    def take(self, timeout_s: float | None = 0.0, epoch: int | None = None) -> HeardChunk | None:
        """Return the chunk in front, after waiting for one if necessary; None where none came.

        Args:
            timeout_s: longest wait, seconds; None waits without a limit.
            epoch: only a chunk of this one is taken. Another utterance may begin during the wait.
        """
        with self._changed:
            if not self._queue and not self._woken and timeout_s != 0:
                self._changed.wait(timeout_s)
            self._woken = False
            if not self._queue or epoch not in (None, self._queue[0].utterance.epoch):
                return None
            chunk = self._queue.popleft()
            self.queued_s = self.queued_s - chunk.duration_s if self._queue else 0.0
            self._queued_bytes -= chunk.samples.nbytes
            return chunk

    def wake(self) -> None:
        """Make the present or next `take` return at once."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self, utterance: Utterance) -> None:
        """Close an utterance: chunks that still come for it are stale."""
        with self._changed:
            self._close(utterance)

    def stall(self, utterance: Utterance) -> bool:
        """Close an utterance because no more chunks came for it.

        Returns:
            True if more should have come: it is the newest, and its end has not been seen.
        """
        with self._changed:
            stalled = self._current is utterance and not self._current_ended
            self._close(utterance)
            if stalled:
                self._stalled = utterance
            return stalled

    def _goes_on(self, utterance_id: str, start_ns: int) -> bool:
        """Return whether sound follows on what was heard of an utterance before it stalled."""
        stalled = self._stalled
        return (
            stalled is not None
            and utterance_id == stalled.id
            and self.placement.end_ns is not None
            and start_ns + stalled.offset_ns >= self.placement.end_ns - STEP_NS // 2
        )

    def _is_over(self, utterance_id: str, first_sample: int, start_ns: int) -> bool:
        begun_ns = self._over.get(utterance_id)
        anew = first_sample == 0 and start_ns != begun_ns
        return begun_ns is not None and not anew and not self._goes_on(utterance_id, start_ns)

    def _supersede(self, start_ns: int) -> int | None:
        """Interrupt the newest utterance if one beginning now would cut into it."""
        unfinished = self._current is not None and not self._current_ended
        overlaps = (
            self.placement.end_ns is not None
            and start_ns < self.placement.end_ns - OVERLAP_TOLERANCE_NS
        )
        if unfinished or overlaps:
            self._cuts = self._cuts + 1 if not unfinished else 0
            if self._cuts > 1:
                self.remarks.note('sender_mistakes', _CUT_TEXT)
            self.counters.interrupts += 1
            return self._interrupt()
        self._cuts = 0
        if self._current is not None:
            self._close(self._current)
        return None

    def _interrupt(self) -> int:
        self._epoch += 1
        self._min_epoch = self._epoch
        self.counters.stale_chunks += len(self._queue)
        self._queue.clear()
        self.queued_s = 0.0
        self._queued_bytes = 0
        self.placement.end_ns = None
        self._stalled = None
        if self._current is not None:
            self._close(self._current)
        self._woken = True
        self._changed.notify_all()
        return self._epoch

    def _begin(
        self, utterance_id: str, first_sample: int, sample_rate: int, start_ns: int, offset: int
    ) -> Utterance:
        # Up to the reorder limit the chunks before this one may still come.
        joined_late = first_sample > self._reorder_s * sample_rate
        origin = first_sample if joined_late else 0
        begin_ns = start_ns - (first_sample - origin) * NS // sample_rate
        self._epoch += 1
        self._current = Utterance(
            self._epoch, self._ordinal, utterance_id, sample_rate, origin, begin_ns, offset
        )
        self._ordinal += 1
        self._current_ended = False
        self.placement.begin(self._current)
        self._stalled = None
        self._over.pop(utterance_id, None)
        self.counters.utterances += 1
        return self._current

    def _close(self, utterance: Utterance) -> None:
        self._over[utterance.id] = utterance.stamp_0_ns
        while len(self._over) > _REMEMBERED_UTTERANCES:
            self._over.popitem(last=False)
        if self._current is utterance:
            self._current = None
