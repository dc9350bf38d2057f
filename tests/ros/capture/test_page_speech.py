"""Speech of pages: microphones, recordings, interruptions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.capture.page_speech import AHEAD_NS, LONGEST_S, PageSpeech

RATE = 16000
START_NS = 100 * NS


def ramp(count: int) -> np.ndarray:
    return (np.arange(count) / count).astype(np.float32)


def test_a_recording_is_sent_in_real_time():
    speech, samples = PageSpeech(), ramp(3 * RATE)
    speech.begin(1, 'file', 'my talk.wav', RATE, START_NS)
    for first in range(0, len(samples), RATE):
        speech.add(1, samples[first : first + RATE].tobytes())
    speech.end(1)
    heard, now_ns = [], START_NS
    while not heard or not heard[-1].end:
        for piece in speech.due(now_ns):
            # Neither later than it is heard nor long before.
            assert now_ns - NS // 50 <= piece.start_ns <= now_ns + AHEAD_NS + piece.end * NS // 25
            heard.append(piece)
        now_ns += NS // 50
    assert {piece.utterance_id for piece in heard} == {heard[0].utterance_id}
    assert heard[0].utterance_id.startswith('my_talk.wav-')
    assert np.array_equal(np.concatenate([piece.samples for piece in heard]), samples)
    for piece in heard:
        assert piece.start_ns == START_NS + piece.first_sample * NS // RATE
        assert len(piece.samples) <= RATE // 25
    assert heard[-1].first_sample == len(samples)
    assert speech.due(now_ns + NS) == []


def test_a_microphone_is_sent_at_once():
    speech = PageSpeech()
    speech.begin(4, 'microphone', 'microphone', 48000, START_NS)
    assert speech.due(START_NS) == []
    speech.add(4, ramp(1920).tobytes())
    (piece,) = speech.due(START_NS + NS)
    assert piece.start_ns == START_NS + NS and len(piece.samples) == 1920 and not piece.end
    assert speech.listener_of(piece.utterance_id) == 4
    assert speech.listener_of('other') is None
    speech.end(4)
    (last,) = speech.due(START_NS + 2 * NS)
    assert last.end and last.first_sample == 1920 and last.utterance_id == piece.utterance_id


def test_a_page_that_begins_interrupts_the_one_before():
    speech = PageSpeech()
    speech.begin(1, 'file', 'a', RATE, START_NS)
    speech.add(1, ramp(10 * RATE).tobytes())
    first = speech.due(START_NS)
    speech.begin(2, 'file', 'b', RATE, START_NS + NS)
    speech.add(2, ramp(RATE).tobytes())
    # The interrupted page may not know it yet.
    speech.add(1, ramp(10).tobytes())
    assert speech.dropped == 1
    pieces = speech.due(START_NS + NS)
    assert pieces[0].end and pieces[0].utterance_id == first[0].utterance_id
    assert pieces[1].utterance_id != first[0].utterance_id and pieces[1].first_sample == 0


@pytest.mark.parametrize('way', ['leave', 'stop'])
def test_interrupted_speech_ends_at_once(way):
    speech = PageSpeech()
    speech.begin(1, 'file', 'a', RATE, START_NS)
    speech.add(1, ramp(10 * RATE).tobytes())
    sent = sum(len(piece.samples) for piece in speech.due(START_NS))
    speech.leave(1) if way == 'leave' else speech.stop()
    (last,) = speech.due(START_NS + NS)
    assert last.end and last.first_sample == sent
    assert speech.due(START_NS + 2 * NS) == []


def test_another_page_that_leaves_interrupts_nothing():
    speech = PageSpeech()
    speech.begin(1, 'file', 'a', RATE, START_NS)
    speech.add(1, ramp(RATE).tobytes())
    speech.leave(2)
    speech.end(2)
    assert not any(piece.end for piece in speech.due(START_NS))


@pytest.mark.parametrize(
    ('values', 'words'),
    [
        (('song', 'a', RATE), 'of kind microphone or file'),
        (('file', 3, RATE), 'have a name'),
        (('file', 'a', 400), '8000 to 192000'),
        (('file', 'a', float('nan')), '8000 to 192000'),
        (('file', 'a', '16000'), '8000 to 192000'),
    ],
)
def test_an_invalid_beginning_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        PageSpeech().begin(1, *values, START_NS)


def test_invalid_bytes_and_unexpected_samples_are_refused():
    speech = PageSpeech()
    with pytest.raises(InputError, match='begin to speak'):
        speech.add(1, ramp(4).tobytes())
    speech.begin(1, 'file', 'a', RATE, START_NS)
    for data in (b'', b'abc'):
        with pytest.raises(InputError, match='not float32 samples'):
            speech.add(1, data)


def test_an_endless_recording_is_stopped():
    speech = PageSpeech()
    speech.begin(1, 'file', 'a', 8000, START_NS)
    piece = ramp(60 * 8000).tobytes()
    with pytest.raises(InputError, match='longer than'):
        for _ in range(round(LONGEST_S / 60) + 2):
            speech.add(1, piece)
    speech.add(1, piece)
    assert speech.dropped == 1


@pytest.mark.parametrize('jump_ns', [3600 * NS, -3600 * NS])
def test_a_clock_that_jumps_neither_floods_nor_stops_the_speech(jump_ns):
    speech = PageSpeech()
    speech.begin(1, 'file', 'a', RATE, START_NS)
    speech.add(1, ramp(60 * RATE).tobytes())
    speech.due(START_NS)
    pieces = speech.due(START_NS + jump_ns)
    assert 0 < sum(len(piece.samples) for piece in pieces) <= RATE // 2
    assert abs(pieces[0].start_ns - START_NS - jump_ns) <= NS


@given(
    pieces=st.lists(st.integers(1, 3000), min_size=1, max_size=20),
    steps_ns=st.lists(st.integers(0, NS // 2), min_size=1, max_size=40),
)
def test_no_sample_is_lost_or_repeated_for_any_pieces_and_times(pieces, steps_ns):
    speech, samples = PageSpeech(), ramp(sum(pieces))
    speech.begin(1, 'file', 'a', RATE, START_NS)
    first = 0
    for length in pieces:
        speech.add(1, samples[first : first + length].tobytes())
        first += length
    speech.end(1)
    now_ns, heard = START_NS, []
    for step_ns in [*steps_ns, *[NS // 5] * 40]:
        now_ns += step_ns
        heard += speech.due(now_ns)
    assert [piece.end for piece in heard].count(True) == 1 and heard[-1].end
    places = np.cumsum([0, *(len(piece.samples) for piece in heard)])
    assert [piece.first_sample for piece in heard] == list(places[:-1])
    assert np.array_equal(np.concatenate([piece.samples for piece in heard]), samples)
