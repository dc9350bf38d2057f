"""Times of an utterance and of its chunks."""

import numpy as np

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.heard_chunk import HeardChunk, Utterance


def test_the_time_of_sample_0_is_the_senders():
    utterance = Utterance(1, 0, 'u', 16000, 8000, start_ns=20 * NS, offset_ns=3 * NS)
    assert utterance.stamp_0_ns == 20 * NS - 3 * NS - NS // 2


def test_a_chunk_is_as_long_as_its_samples():
    utterance = Utterance(1, 0, 'u', 16000, 0, 0)
    assert HeardChunk(utterance, 0, np.zeros(4000, np.float32), 0, False).duration_s == 0.25
