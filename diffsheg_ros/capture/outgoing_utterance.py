"""An utterance on its way out: samples go in as they come, and leave as counted pieces."""

from collections import deque

import numpy as np

from diffsheg_ros.audio_in.audio_piece import AudioPiece


class OutgoingUtterance:
    """The samples of one utterance that wait to be sent; belongs to one thread.

    Attributes:
        utterance_id: its name.
        sample_rate: Hz.
        sent: samples that have left.
        waiting: samples that have not.
    """

    def __init__(self, utterance_id: str, sample_rate: int) -> None:
        self.utterance_id = utterance_id
        self.sample_rate = sample_rate
        self.sent = 0
        self.waiting = 0
        self._blocks: deque[np.ndarray] = deque()

    def add(self, samples: np.ndarray) -> None:
        """Takes samples (n,) float32, which must not change afterwards."""
        self._blocks.append(samples)
        self.waiting += len(samples)

    def drop_waiting(self) -> None:
        """Forget the samples that wait; those that have left stay counted."""
        self._blocks.clear()
        self.waiting = 0

    def piece(self, most: int, start_ns: int, end: bool = False) -> AudioPiece:
        """The next samples, as many as wait and at most so many.

        Args:
            most: samples.
            start_ns: when the first of them is heard.
            end: whether nothing follows.
        """
        taken: list[np.ndarray] = []
        missing = min(most, self.waiting)
        self.waiting -= missing
        while missing:
            block = self._blocks.popleft()
            if len(block) > missing:
                self._blocks.appendleft(block[missing:])
                block = block[:missing]
            taken.append(block)
            missing -= len(block)
        samples = np.concatenate(taken) if taken else np.zeros(0, np.float32)
        samples.flags.writeable = False
        first, self.sent = self.sent, self.sent + len(samples)
        return AudioPiece(self.utterance_id, first, self.sample_rate, samples, start_ns, end)
