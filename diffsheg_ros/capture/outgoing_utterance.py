"""The queue of an utterance that is being sent: samples go in, counted pieces come out."""

from collections import deque

import numpy as np

from diffsheg_ros.audio_in.audio_piece import AudioPiece


class OutgoingUtterance:
    """The samples of one utterance that wait to be sent; for use in one thread.

    Attributes:
        utterance_id: the utterance's name.
        sample_rate: Hz.
        sent: number of samples taken out as pieces.
        waiting: number of samples in the queue.
    """

    def __init__(self, utterance_id: str, sample_rate: int) -> None:
        self.utterance_id = utterance_id
        self.sample_rate = sample_rate
        self.sent = 0
        self.waiting = 0
        self._blocks: deque[np.ndarray] = deque()

    def push(self, samples: np.ndarray) -> None:
        """Append samples (n,) float32, which must not change afterwards."""
        self._blocks.append(samples)
        self.waiting += len(samples)

    def drop_waiting(self) -> None:
        """Drop the samples that wait; `sent` does not change."""
        self._blocks.clear()
        self.waiting = 0

    def piece(self, most: int, start_ns: int, end: bool = False) -> AudioPiece:
        """Take the next samples out of the queue as a piece.

        Args:
            most: largest number of samples; fewer are taken if fewer wait.
            start_ns: time at which the first of them is heard, nanoseconds.
            end: True for the last piece of the utterance.
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
