"""Where audio waits for the worker: sorts chunks into utterances and bounds what may pile up.

Whatever arrives on a topic comes through here, from any thread. Every utterance gets an epoch, a
number that only rises. Interrupting raises the lowest epoch that is still wanted; all work of a
lower one is stale.
"""

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffsheg_model.audio import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_buffer import checked_chunk

#: Stamps of one utterance's end and the next one's beginning may overlap by this much and still
#: mean "one after the other".
OVERLAP_TOLERANCE_NS = NS // 4

#: A first sample that comes again with a stamp so far from the first time's is a new beginning.
RESTART_NS = NS // 2

#: An utterance's name goes along with every pose, so a long one would cost at every moment.
MAX_ID_LENGTH = 1000

_REMEMBERED_UTTERANCES = 32


@dataclass(frozen=True)
class Utterance:
    """One stretch of speech as the worker generates it.

    Attributes:
        epoch: higher than that of every utterance before.
        ordinal: 0 for the first since the last `clear`.
        id: the sender's name for it.
        sample_rate: Hz.
        origin_sample: the sender's index of its first sample; not 0 where we joined late.
        start_ns: when that sample is heard; the time of frame 0.
    """

    epoch: int
    ordinal: int
    id: str
    sample_rate: int
    origin_sample: int
    start_ns: int


@dataclass(frozen=True)
class Chunk:
    """A piece of an utterance; `start_ns` is when its own first sample is heard."""

    utterance: Utterance
    first_sample: int
    samples: np.ndarray
    start_ns: int
    end: bool

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.utterance.sample_rate


class Inbox:
    """A bounded queue of chunks by utterance. Safe to use from any thread.

    Which utterance a chunk belongs to:

    - A new `utterance_id` begins a new utterance. The one before is interrupted if its end has not
      come, or if it would still be heard when the new one begins.
    - An utterance that is over stays over: chunks that come for it are stale. One that has only
      stalled begins anew where its sound goes on, unless another has begun or it was interrupted.
    - Its id may be used anew, from sample 0 and with another stamp; so is that of the utterance
      under way by a sender that starts again.
    - One that is joined late (its first chunk here is not its first) begins where it was joined.
    - The sample rate is that of an utterance's first chunk; a chunk with another is rejected.

    Attributes:
        dropped_chunks: chunks dropped because the queue was full.
        stale_chunks: chunks of utterances that are over, and those waiting when interrupted.
        rejected_chunks: chunks that were no audio: numbers, index or rate; or whose name is too
            long.
        rate_changes: chunks rejected because their rate is not their utterance's.
        utterances: utterances begun.
        interrupts: utterances interrupted.
    """

    def __init__(self, max_queue_s: float = 300.0, reorder_s: float = 0.1) -> None:
        if not max_queue_s > 0 or not reorder_s >= 0:
            raise ValueError(
                f'max_queue_s = {max_queue_s}: must be above 0; reorder_s = {reorder_s}: 0 or more'
            )
        self._max_queue_s = max_queue_s
        # Chunks cost more than their samples; a flood of tiny ones is bounded by this.
        self._max_chunks = max(64, round(200 * max_queue_s))
        self._reorder_s = reorder_s
        self._changed = threading.Condition()
        self._queue: deque[Chunk] = deque()
        self._queued_s = 0.0
        self._epoch = 0
        self._min_epoch = 0
        self._current: Utterance | None = None
        self._current_ended = False
        self._end_ns: int | None = None  # when the newest utterance's last sample is heard
        self._over: OrderedDict[str, int] = OrderedDict()  # id -> when its sample 0 was heard
        self._stalled_id: str | None = None  # of the newest utterance, where it has stalled
        self._ordinal = 0
        self._woken = False
        self.dropped_chunks = 0
        self.stale_chunks = 0
        self.rejected_chunks = 0
        self.rate_changes = 0
        self.utterances = 0
        self.interrupts = 0

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def queued_s(self) -> float:
        """Seconds of audio that wait."""
        return self._queued_s

    @property
    def epoch(self) -> int:
        """The newest epoch."""
        return self._epoch

    @property
    def current(self) -> Utterance | None:
        """The newest utterance; None where it is over."""
        return self._current

    def is_stale(self, epoch: int) -> bool:
        """Whether work of this epoch is not wanted any more."""
        return epoch < self._min_epoch

    def push(
        self,
        utterance_id: str,
        first_sample: int,
        sample_rate: int,
        samples: Any,
        start_ns: int,
        end: bool = False,
    ) -> tuple[bool, int | None]:
        """Takes a chunk as it came; never raises for what is in it.

        Args:
            utterance_id: the sender's name of the utterance, `MAX_ID_LENGTH` characters at most.
            first_sample: index of `samples[0]` within it.
            sample_rate: Hz.
            samples: (n,) mono, -1..1; may be empty.
            start_ns: when `samples[0]` is heard.
            end: whether the utterance ends after this chunk.

        Returns:
            Whether the chunk was taken, and the new lowest wanted epoch if it interrupted the
            utterance before (None if not).
        """
        checked = checked_chunk(first_sample, samples)
        allowed = (
            MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE and len(utterance_id) <= MAX_ID_LENGTH
        )
        with self._changed:
            if checked is None or not allowed:
                self.rejected_chunks += 1
                return False, None
            first_sample, samples = checked
            interrupted = None
            current = self._current
            if (
                current is None
                or current.id != utterance_id
                or (first_sample == 0 and abs(start_ns - _sample_0_ns(current)) > RESTART_NS)
            ):
                if self._is_over(utterance_id, first_sample, start_ns):
                    self.stale_chunks += 1
                    return False, None
                interrupted = self._supersede(start_ns)
                current = self._begin(utterance_id, first_sample, sample_rate, start_ns)
            elif sample_rate != current.sample_rate:
                self.rate_changes += 1
                return False, interrupted
            chunk = Chunk(current, first_sample, samples, start_ns, end)
            taken = (
                self._queued_s + chunk.duration_s <= self._max_queue_s
                and len(self._queue) < self._max_chunks
            )
            if not taken:
                self.dropped_chunks += 1
                # Its end is kept all the same, or the utterance would have none.
                chunk = Chunk(current, first_sample + len(samples), samples[:0], start_ns, end)
            if taken or end:
                self._queue.append(chunk)
                self._queued_s += chunk.duration_s
                self._changed.notify()
            self._current_ended = self._current_ended or end
            end_ns = start_ns + len(samples) * NS // sample_rate
            self._end_ns = end_ns if self._end_ns is None else max(self._end_ns, end_ns)
            return taken, interrupted

    def interrupt(self) -> int:
        """Makes all that was pushed so far stale; returns the new lowest wanted epoch."""
        with self._changed:
            self.interrupts += 1
            return self._interrupt()

    def clear(self) -> None:
        """Forgets everything but counters and epochs, which still only rise."""
        with self._changed:
            self._interrupt()
            self._over.clear()
            self._ordinal = 0

    def restart(self, chunk: Chunk) -> tuple[Chunk, int] | None:
        """Begins the chunk's utterance anew with this chunk, because its sound has jumped.

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
            utterance = self._begin(old.id, chunk.first_sample, old.sample_rate, chunk.start_ns)
            self._current_ended = ended
            moved = [
                Chunk(utterance, other.first_sample, other.samples, other.start_ns, other.end)
                for other in [chunk, *waiting]
            ]
            self._queue.extend(moved[1:])
            self._queued_s = sum(other.duration_s for other in moved[1:])
            self.stale_chunks -= len(waiting)
            return moved[0], epoch

    def next_epoch(self) -> int | None:
        """Epoch of the chunk that waits in front; None where none does."""
        with self._changed:
            return self._queue[0].utterance.epoch if self._queue else None

    def take(self, timeout_s: float | None = 0.0, epoch: int | None = None) -> Chunk | None:
        """The chunk in front, waited for up to a time (None: for ever); None where none came.

        Args:
            timeout_s: how long to wait.
            epoch: only a chunk of this one is taken. Another utterance may begin during the wait.
        """
        with self._changed:
            if not self._queue and not self._woken and timeout_s != 0:
                self._changed.wait(timeout_s)
            self._woken = False
            if not self._queue or epoch not in (None, self._queue[0].utterance.epoch):
                return None
            chunk = self._queue.popleft()
            self._queued_s = self._queued_s - chunk.duration_s if self._queue else 0.0
            return chunk

    def wake(self) -> None:
        """Makes the present or next `take` return at once."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self, utterance: Utterance) -> None:
        """Says that an utterance is over: what still comes for it is stale."""
        with self._changed:
            self._close(utterance)

    def stall(self, utterance: Utterance) -> bool:
        """Says that an utterance is over because nothing came of it any more.

        Returns:
            Whether more should have come: it is the newest, and its end has not been seen.
        """
        with self._changed:
            stalled = self._current is utterance and not self._current_ended
            self._close(utterance)
            if stalled:
                self._stalled_id = utterance.id
            return stalled

    def _goes_on(self, utterance_id: str, start_ns: int) -> bool:
        """Whether sound follows on what was heard of an utterance before it stalled."""
        return (
            utterance_id == self._stalled_id
            and self._end_ns is not None
            and start_ns >= self._end_ns
        )

    def _is_over(self, utterance_id: str, first_sample: int, start_ns: int) -> bool:
        begun_ns = self._over.get(utterance_id)
        anew = first_sample == 0 and start_ns != begun_ns
        return begun_ns is not None and not anew and not self._goes_on(utterance_id, start_ns)

    def _supersede(self, start_ns: int) -> int | None:
        """Interrupts the newest utterance if one beginning now would cut into it."""
        unfinished = self._current is not None and not self._current_ended
        overlaps = self._end_ns is not None and start_ns < self._end_ns - OVERLAP_TOLERANCE_NS
        if unfinished or overlaps:
            self.interrupts += 1
            return self._interrupt()
        if self._current is not None:
            self._close(self._current)
        return None

    def _interrupt(self) -> int:
        self._epoch += 1
        self._min_epoch = self._epoch
        self.stale_chunks += len(self._queue)
        self._queue.clear()
        self._queued_s = 0.0
        self._end_ns = None
        self._stalled_id = None
        if self._current is not None:
            self._close(self._current)
        self._woken = True
        self._changed.notify_all()
        return self._epoch

    def _begin(
        self, utterance_id: str, first_sample: int, sample_rate: int, start_ns: int
    ) -> Utterance:
        # Up to the reorder limit the chunks before this one may still come.
        joined_late = first_sample > self._reorder_s * sample_rate
        origin = first_sample if joined_late else 0
        begin_ns = start_ns - (first_sample - origin) * NS // sample_rate
        self._epoch += 1
        self._current = Utterance(
            self._epoch, self._ordinal, utterance_id, sample_rate, origin, begin_ns
        )
        self._ordinal += 1
        self._current_ended = False
        self._end_ns = None
        self._stalled_id = None
        self._over.pop(utterance_id, None)
        self.utterances += 1
        return self._current

    def _close(self, utterance: Utterance) -> None:
        self._over[utterance.id] = _sample_0_ns(utterance)
        while len(self._over) > _REMEMBERED_UTTERANCES:
            self._over.popitem(last=False)
        if self._current is utterance:
            self._current = None


def _sample_0_ns(utterance: Utterance) -> int:
    return utterance.start_ns - utterance.origin_sample * NS // utterance.sample_rate
