"""Samples of an utterance in their order, with the times of their stamps."""

import numpy as np

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.heard_chunk import HeardChunk, Utterance
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.audio_in.utterance_audio import UtteranceAudio

RATE = 16000
T0 = 1_700_000_000 * NS
UTTERANCE = Utterance(1, 0, 'u', RATE, 0, T0)


def chunk(index: int, end: bool = False) -> HeardChunk:
    samples = np.full(1600, index + 1, np.float32)
    return HeardChunk(UTTERANCE, 1600 * index, samples, T0 + index * NS // 10, end)


def test_an_end_that_overtakes_a_chunk_waits_for_it():
    audio = UtteranceAudio(UTTERANCE, HearingOptions())
    assert len(audio.take(chunk(0))) == 1600
    assert len(audio.take(chunk(2, end=True))) == 0
    assert audio.end_seen and not audio.complete
    np.testing.assert_array_equal(np.unique(audio.take(chunk(1))), [2, 3])
    assert audio.complete
    assert audio.clock.time_ns(1600) == T0 + NS // 10
    assert audio.counters().reordered_chunks == 1


def test_a_chunk_far_off_does_not_belong_here():
    audio = UtteranceAudio(UTTERANCE, HearingOptions())
    assert audio.take(chunk(100)) is None and audio.buffer.resync_at is None
    assert audio.take(chunk(101)) is None and audio.buffer.resync_at == 161_600
    counters = audio.counters()
    assert counters.rejected_chunks == 2 and counters.lost_samples == 0
