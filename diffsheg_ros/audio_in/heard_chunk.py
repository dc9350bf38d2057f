"""Received speech as the inbox hands it on: utterances, and chunks of at most a second."""

from dataclasses import dataclass

import numpy as np

from diffsheg_model.time_units import NS


@dataclass(frozen=True)
class Utterance:
    """One utterance, as the worker generates it.

    Attributes:
        epoch: higher than that of every utterance before.
        ordinal: 0 for the first since the last `clear`.
        id: the sender's name of it.
        sample_rate: Hz.
        origin_sample: the sender's index of its first sample; not 0 where we joined late.
        start_ns: time at which that sample is heard; the time of frame 0.
        offset_ns: what was added to its sender's stamps, see `sender_clock`.
    """

    epoch: int
    ordinal: int
    id: str
    sample_rate: int
    origin_sample: int
    start_ns: int
    offset_ns: int = 0

    @property
    def stamp_0_ns(self) -> int:
        """Time at which sample 0 is heard, by the sender's stamps."""
        return self.start_ns - self.offset_ns - self.origin_sample * NS // self.sample_rate


@dataclass(frozen=True)
class HeardChunk:
    """A piece of an utterance; `start_ns` is when its own first sample is heard."""

    utterance: Utterance
    first_sample: int
    samples: np.ndarray
    start_ns: int
    end: bool

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.utterance.sample_rate
