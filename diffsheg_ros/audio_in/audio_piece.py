"""One piece of speech, as it travels from a node's topic to the motion worker."""

from typing import NamedTuple

import numpy as np

from diffsheg_model.time_units import NS

#: Nanoseconds. A longer piece was not recorded live, so the next one may come at once.
_LONGEST_NS = NS


class AudioPiece(NamedTuple):
    """The content of an AudioChunk.

    Attributes:
        utterance_id: the sender's name of the utterance.
        first_sample: index of its first sample within the utterance.
        sample_rate: Hz.
        samples: (n,) float32 mono, -1 to 1 if the sender keeps to the rules; read-only.
        start_ns: when its first sample is, or will be, heard; 0 or less if unknown.
        end: True for the utterance's last piece.
        arrival_ns: when it came, by the clock of `start_ns`; None if stamps are not to be compared
            with arrivals.
    """

    utterance_id: str
    first_sample: int
    sample_rate: int
    samples: np.ndarray
    start_ns: int
    end: bool
    arrival_ns: int | None = None


def spoken_ns(piece: AudioPiece) -> int:
    """Return how much later than a piece the next one may come: its length, 1 s at most."""
    if piece.end or piece.sample_rate < 1:
        return 0
    return min(len(piece.samples) * NS // piece.sample_rate, _LONGEST_NS)
