"""One rule for when received speech is heard, whatever its sender does with stamps and chunks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.inbox import Inbox
from diffsheg_ros.audio_in.speech_feed import Sound, SpeechFeed
from tests.support.bundles import speech_like

RATE = 16000
START_NS = 1_700_000_000 * NS
SPEECH = speech_like(6.0)
STAMPINGS = ('right', 'sent', 'same', 'none')


def arrivals(
    sizes: list[int], stamping: str, pace: float, *, name: str = 'u', start_ns: int = START_NS
) -> list[tuple[AudioPiece, int]]:
    """Pieces of `SPEECH`, each with its time of arrival.

    Args:
        sizes: samples of the chunks, taken in turn.
        stamping: 'right', 'sent' (time of sending), 'same' or 'none'.
        pace: seconds that pass for a second of sound; 0: all is sent at once.
        name: of the utterance.
        start_ns: when sending begins.
    """
    pieces, first = [], 0
    while first < len(SPEECH):
        samples = SPEECH[first : first + sizes[len(pieces) % len(sizes)]]
        sent_ns = start_ns + round(pace * first * NS / RATE)
        stamp_ns = {
            'right': start_ns + first * NS // RATE,
            'sent': sent_ns,
            'same': start_ns,
            'none': 0,
        }[stamping]
        end = first + len(samples) >= len(SPEECH)
        pieces.append((AudioPiece(name, first, RATE, samples, stamp_ns, end), sent_ns))
        first += len(samples)
    return pieces


def heard(pieces: list[tuple[AudioPiece, int]], feed: SpeechFeed | None = None) -> list[Sound]:
    """All sound that a listener passes on who looks every 20 ms."""
    feed = feed or SpeechFeed()
    sounds: list[Sound] = []
    pieces = sorted(pieces, key=lambda item: item[1])
    begin_ns = pieces[0][1]
    for now_ns in range(begin_ns, pieces[-1][1] + 15 * NS, NS // 50):
        while pieces and pieces[0][1] <= now_ns:
            feed.hear(*pieces.pop(0))
        # As with a playout delay of a second.
        until_ns = now_ns - NS // 2
        sounds += feed.due(until_ns, now_ns=now_ns, late_ns=now_ns - NS)
    return sounds


def check_whole(sounds: list[Sound], start_ns: int = START_NS) -> None:
    """Every sample is there once, in order, and at the time that its index says."""
    np.testing.assert_array_equal(np.concatenate([sound.samples for sound in sounds]), SPEECH)
    first = 0
    for sound in sounds:
        assert sound.start_ns == pytest.approx(start_ns + first * NS // RATE, abs=NS // 100)
        first += len(sound.samples)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(40, 24_000), min_size=1, max_size=6),
    st.sampled_from(STAMPINGS),
    st.sampled_from([0.0, 0.02, 0.1, 0.3, 0.5, 0.8]),
)
def test_speech_that_comes_faster_than_it_is_heard_is_heard_whole(sizes, stamping, pace):
    check_whole(heard(arrivals(sizes, stamping, pace)))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(100, 3000), min_size=1, max_size=4),
    st.floats(0.0, 30.0),
    st.integers(0, 1000),
)
def test_stamps_that_jitter_are_followed_without_loss(sizes, jitter_ms, seed):
    random = np.random.default_rng(seed)
    pieces = [
        (
            piece._replace(
                start_ns=piece.start_ns + round(random.uniform(-jitter_ms, jitter_ms) * 1e6)
            ),
            at_ns,
        )
        for piece, at_ns in arrivals(sizes, 'right', 1.0)
    ]
    sounds = heard(pieces)
    np.testing.assert_array_equal(np.concatenate([sound.samples for sound in sounds]), SPEECH)
    for sound in sounds:
        assert abs(sound.start_ns - START_NS - sound.first_sample * NS // RATE) < NS // 20


@pytest.mark.parametrize('pace', [0.0, 0.1, 1.0])
@pytest.mark.parametrize('behind_s', [-1800.0, -90.0, 0.6, 2.0, 5.0, 30.0, 90.0, 1e8])
def test_a_sender_with_a_clock_of_its_own_is_heard_as_it_comes(behind_s, pace):
    offset_ns = round(behind_s * NS)
    pieces = [
        (piece._replace(start_ns=piece.start_ns - offset_ns), at_ns)
        for piece, at_ns in arrivals([640], 'right', pace)
    ]
    check_whole(heard(pieces))


@pytest.mark.parametrize('stamping', STAMPINGS)
def test_a_pause_of_the_sender_is_a_pause(stamping):
    pieces = [
        (
            piece._replace(start_ns=piece.start_ns and piece.start_ns + late_ns),
            at_ns + late_ns,
        )
        for piece, at_ns in arrivals([800], stamping, 0.02)
        for late_ns in [10 * NS * (piece.first_sample >= 3 * RATE)]
    ]
    sounds = heard(pieces)
    np.testing.assert_array_equal(np.concatenate([sound.samples for sound in sounds]), SPEECH)
    last = sounds[-1]
    pause_ns = last.start_ns - START_NS - last.first_sample * NS // RATE
    # The sound before the pause was sent ahead: it lasts 3 s of these 10.
    expected_ns = 10 * NS if stamping == 'right' else 7 * NS
    assert pause_ns == pytest.approx(expected_ns, abs=NS // 5)


def test_utterances_without_stamps_wait_for_each_other_and_stamped_ones_interrupt():
    def both(stamping: str) -> list[Sound]:
        first = arrivals([1600], stamping, 0.05, name='a')
        second = arrivals([1600], stamping, 0.05, name='b', start_ns=START_NS + NS)
        return heard(first + second)

    sounds = both('none')
    assert sum(len(sound.samples) for sound in sounds) == 2 * len(SPEECH)
    second = next(sound for sound in sounds if sound.utterance_id == 'b')
    assert second.start_ns == pytest.approx(START_NS + 6 * NS, abs=NS // 50)
    sounds = both('sent')
    assert sum(len(sound.samples) for sound in sounds if sound.utterance_id == 'b') == len(SPEECH)
    assert sum(len(sound.samples) for sound in sounds if sound.utterance_id == 'a') < 2 * RATE


def test_a_sender_joined_late_and_one_that_begins_again():
    pieces = arrivals([640], 'sent', 1.0)
    late = [item for item in pieces if item[0].first_sample >= 2 * RATE]
    sounds = heard(late)
    np.testing.assert_array_equal(
        np.concatenate([sound.samples for sound in sounds]), SPEECH[late[0][0].first_sample :]
    )
    crashed = [item for item in pieces if item[0].first_sample < 2 * RATE]
    again = arrivals([640], 'sent', 1.0, start_ns=START_NS + 3 * NS)
    sounds = heard(crashed + again)
    check_whole(
        [sound for sound in sounds if sound.start_ns >= START_NS + 3 * NS - 1], START_NS + 3 * NS
    )


def test_the_listeners_clock_that_goes_back_begins_the_utterance_anew_there():
    pieces = [
        (piece._replace(start_ns=piece.start_ns - back_ns), at_ns - back_ns)
        for piece, at_ns in arrivals([640], 'right', 1.0)
        for back_ns in [3600 * NS * (piece.first_sample >= 3 * RATE)]
    ]
    inbox = Inbox()
    for piece, at_ns in pieces:
        inbox.push(piece._replace(arrival_ns=at_ns))
    assert inbox.counters.utterances == 2 and inbox.counters.interrupts == 1
    chunk = inbox.take()
    assert chunk.first_sample == 3 * RATE == chunk.utterance.origin_sample
    assert chunk.utterance.start_ns == START_NS + 3 * NS - 3600 * NS


def test_what_waits_is_bounded_in_seconds_and_bytes():
    inbox = Inbox(max_queue_s=10.0)
    for rate, seconds in ((16000, 10), (192000, 2)):
        samples = np.zeros(rate * 100, np.float32)
        taken, _ = inbox.push(AudioPiece('u', 0, rate, samples, START_NS, False, START_NS))
        assert not taken and len(inbox) == seconds
        assert inbox.counters.dropped_chunks == 100 - seconds
        inbox = Inbox(max_queue_s=10.0)


def test_a_piece_far_in_the_future_holds_nothing_back_and_an_old_one_is_left_out():
    feed = SpeechFeed()
    far = AudioPiece('far', 0, RATE, SPEECH, START_NS + 50 * NS, True)
    feed.hear(far, START_NS)
    assert feed.hear(AudioPiece('now', 0, RATE, SPEECH, START_NS, True), START_NS)
    sounds = list(feed.due(START_NS + 10 * NS, now_ns=START_NS, late_ns=START_NS))
    assert {sound.utterance_id for sound in sounds} == {'now'}
    feed.hear(AudioPiece('old', 0, RATE, SPEECH, START_NS + 10 * NS, True), START_NS + 10 * NS)
    later = {'now_ns': START_NS + 40 * NS, 'late_ns': START_NS + 40 * NS}
    assert not list(feed.due(START_NS + 40 * NS, over_ns=START_NS + 30 * NS, **later))
    assert feed.overdue == 6 == feed.left_out
