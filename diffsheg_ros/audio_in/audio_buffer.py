"""One utterance's audio in its right order: numbered chunks in, contiguous samples out.

Chunks travel over a best-effort topic, so they may be lost, repeated, reordered or corrupt. Only
the sample index says where a chunk belongs; a clock is never asked.
"""

import operator
from collections import deque
from typing import Any

import numpy as np

from diffsheg_model.audio.sound_file import MAX_AMPLITUDE

EMPTY = np.zeros(0, dtype=np.float32)

_REMEMBERED_LOSSES = 512


class AudioBuffer:
    """Puts the chunks of one utterance in order and fills what is lost with silence.

    A missing sample is waited for until a chunk has come that starts more than `reorder_s` after
    it; then it is lost, and a zero stands in its place. A chunk farther than `max_gap_s` from
    what is expected is rejected: it is either corrupt or the sound went on without us for longer
    than silence could be made up. Where two such chunks continue each other, `resync_at` says
    where the sound now is; what to do about it (start anew there) is the caller's matter.

    Nothing that is pushed makes this raise, or hold more than `max_gap_s` of audio and one chunk.

    Attributes:
        next_sample: index of the first sample that was not delivered yet.
        resync_at: index that the sound has jumped to, or None.
        lost_samples: samples delivered as zeros because they had not come.
        repeated_samples: samples that came again.
        late_samples: samples that came after a zero had been delivered in their place.
        reordered_chunks: chunks that came after one that starts later.
        rejected_chunks: chunks dropped whole: not finite, too loud, negative or far-off index.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        reorder_s: float = 0.1,
        max_gap_s: float = 5.0,
        start_sample: int = 0,
    ) -> None:
        if sample_rate < 1 or start_sample < 0 or not 0 <= reorder_s <= max_gap_s:
            raise ValueError(
                f'AudioBuffer({sample_rate=}, {reorder_s=}, {max_gap_s=}, {start_sample=}): must '
                'have sample_rate >= 1, 0 <= reorder_s <= max_gap_s, start_sample >= 0'
            )
        self._reorder = round(reorder_s * sample_rate)
        self._max_gap = round(max_gap_s * sample_rate)
        self._ahead = EMPTY  # samples from next_sample on, as far as any have come
        self._known = np.zeros(0, dtype=bool)  # which of them have come
        self._highest_start = start_sample
        self._far_end: int | None = None
        self._losses: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED_LOSSES)
        self.next_sample = start_sample
        self.resync_at: int | None = None
        self.lost_samples = 0
        self.repeated_samples = 0
        self.late_samples = 0
        self.reordered_chunks = 0
        self.rejected_chunks = 0

    @property
    def waiting(self) -> bool:
        """Whether something that came is held back because something before it is missing."""
        return len(self._ahead) > 0

    def push(self, first_sample: int, samples: Any) -> np.ndarray:
        """Takes a chunk and returns what is now contiguous.

        Args:
            first_sample: index of the chunk's first sample within the utterance.
            samples: (n,) mono, -1..1; an empty chunk only says that the sound reaches to there.

        Returns:
            (m,) float32: the samples from the former `next_sample` on; often empty or longer
            than the chunk.
        """
        chunk = checked_chunk(first_sample, samples)
        if chunk is None:
            self.rejected_chunks += 1
            return EMPTY
        first, samples = chunk
        end = first + len(samples)
        if first - self.next_sample > self._max_gap or self.next_sample - end > self._max_gap:
            self.rejected_chunks += 1
            continues = self._far_end is not None and abs(first - self._far_end) <= self._reorder
            self.resync_at = first if continues else None
            self._far_end = end
            return EMPTY
        self._far_end = self.resync_at = None

        if first < self.next_sample:
            already = min(end, self.next_sample) - first
            late = self._lost_within(first, first + already)
            self.late_samples += late
            self.repeated_samples += already - late
            if end <= self.next_sample:
                return EMPTY
            first, samples = self.next_sample, samples[already:]
        if first < self._highest_start and len(samples):
            self.reordered_chunks += 1
        self._highest_start = max(self._highest_start, first)
        if first == self.next_sample and not self.waiting:
            self.next_sample = end
            return samples
        self._store(first - self.next_sample, samples)
        return self._release(self._highest_start - self._reorder - self.next_sample)

    def flush(self) -> np.ndarray:
        """Delivers all that has come, zeros where something is missing: the utterance is over."""
        return self._release(len(self._ahead))

    def _store(self, offset: int, samples: np.ndarray) -> None:
        end = offset + len(samples)
        if (growth := end - len(self._ahead)) > 0:
            self._ahead = np.concatenate([self._ahead, np.zeros(growth, np.float32)])
            self._known = np.concatenate([self._known, np.zeros(growth, bool)])
        new = ~self._known[offset:end]
        self.repeated_samples += len(samples) - int(np.count_nonzero(new))
        self._ahead[offset:end][new] = samples[new]
        self._known[offset:end] = True

    def _release(self, overdue: int) -> np.ndarray:
        """Delivers the first `overdue` samples come what may, and what is known after them."""
        overdue = max(overdue, 0)
        missing = np.flatnonzero(~self._known)
        lost = missing[missing < overdue]
        count = int(missing[len(lost)]) if len(lost) < len(missing) else len(self._ahead)
        if len(lost):
            self.lost_samples += len(lost)
            for run in np.split(lost, np.flatnonzero(np.diff(lost) > 1) + 1):
                start = self.next_sample + int(run[0])
                self._losses.append((start, start + len(run)))
        released = self._ahead[:count]
        self._ahead, self._known = self._ahead[count:].copy(), self._known[count:].copy()
        self.next_sample += count
        return released

    def _lost_within(self, first: int, end: int) -> int:
        return sum(max(0, min(end, b) - max(first, a)) for a, b in self._losses)


def checked_chunk(first_sample: Any, samples: Any) -> tuple[int, np.ndarray] | None:
    """The chunk with its own copy of the samples, (n,) float32, or None where it is not one."""
    try:
        first = operator.index(first_sample)
        with np.errstate(over='ignore'):
            array = np.array(samples, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        return None
    if first < 0 or array.ndim != 1:
        return None
    # Not written as "any above": a NaN fails this comparison too.
    if array.size and not np.abs(array).max() <= MAX_AMPLITUDE:
        return None
    return first, array
