"""A piece of speech as it travels between the nodes and what lies behind them."""

from typing import NamedTuple

import numpy as np


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
