"""A piece of speech as it travels between the nodes and what lies behind them."""

from typing import NamedTuple

import numpy as np

from diffsheg_model.time_units import NS

#: Longer pieces are not sent while they are spoken.
_LONGEST_NS = NS


class AudioPiece(NamedTuple):
    """What an AudioChunk says, in the order in which the motion worker takes it.

    Attributes:
        utterance_id: the utterance that it belongs to.
        first_sample: index of its first sample within the utterance.
        sample_rate: Hz.
        samples: (n,) float32 mono, -1 to 1 if the sender keeps to the rules; read-only.
        start_ns: when its first sample is, or will be, heard.
        end: whether it is the utterance's last.
    """

    utterance_id: str
    first_sample: int
    sample_rate: int
    samples: np.ndarray
    start_ns: int
    end: bool


def spoken_ns(piece: AudioPiece) -> int:
    """Return how much later than a piece the next one may come: its length, 1 s at most."""
    if piece.end or piece.sample_rate < 1:
        return 0
    return min(len(piece.samples) * NS // piece.sample_rate, _LONGEST_NS)
