"""One utterance's audio in its right order: numbered chunks in, contiguous samples out.

Chunks travel over a best-effort topic, so they may be lost, repeated or reordered. Only the sample
index says where a chunk belongs; no clock is read.
"""

from collections import deque

import numpy as np

EMPTY = np.zeros(0, dtype=np.float32)

_REMEMBERED_LOSSES = 512


class AudioBuffer:
    """Puts the chunks of one utterance in order and fills what is lost with silence.

    A missing sample is waited for until a chunk has come that starts more than `reorder_s` after
    it; then it is lost, and a zero stands in its place. A chunk farther than `max_gap_s` from
    the expected sample is rejected: it is corrupt, or more sound was lost than silence may replace.
    Where two such chunks continue each other, `resync_at` says where the sound now is. The caller
    then starts anew there.

    Nothing that is pushed makes this raise, or hold more than `max_gap_s` of audio and one chunk.

    Attributes:
        next_sample: index of the first sample that was not delivered yet.
        resync_at: index that the sound has jumped to, or None.
        lost_samples: samples delivered as zeros because they had not come.
        repeated_samples: samples that came again.
        late_samples: samples that came after a zero had been delivered in their place.
        reordered_chunks: chunks that came after one that starts later.
        rejected_chunks: chunks dropped whole, because their index is far off.
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
        """True while samples are held back because some before them are missing."""
        return len(self._ahead) > 0

    def push(self, first_sample: int, samples: np.ndarray) -> np.ndarray:
        """Take a chunk and return the samples that are now contiguous.

        Args:
            first_sample: index of the chunk's first sample within the utterance, 0 or more.
            samples: (n,) float32, checked (`checked_piece`); they must not change afterwards. An
                empty chunk only says that the sound reaches to there.

        Returns:
            (m,) float32: the samples from the former `next_sample` on; often empty or longer
            than the chunk.
        """
        first, end = first_sample, first_sample + len(samples)
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
        """Deliver all that has come, zeros where samples are missing: the utterance is over."""
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
        """Deliver the first `overdue` samples in any case, and those known after them."""
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
