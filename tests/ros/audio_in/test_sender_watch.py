"""Mistakes of programs that send speech are named, and what is right is not."""

import numpy as np
import pytest

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.inbox import Inbox
from tests.support.bundles import speech_like

RATE = 16000
START_NS = 1_700_000_000 * NS
SPEECH = speech_like(4.0)


def chunks(size: int = 1600, rate: int = RATE, burst: bool = False) -> list[tuple[AudioPiece, int]]:
    """A sender without a fault, chunk by chunk with its time of arrival."""
    made = []
    for first in range(0, len(SPEECH), size):
        samples = SPEECH[first : first + size]
        at_ns = START_NS + first * NS // rate
        end = first + size >= len(SPEECH)
        sent_ns = START_NS if burst else at_ns
        made.append((AudioPiece('u', first, rate, samples, at_ns, end), sent_ns))
    return made


def remark(pieces: list[tuple[AudioPiece, int]], counter: str = 'sender_mistakes') -> str:
    """What an inbox says about its sender; empty where it says nothing."""
    inbox = Inbox()
    for piece, arrival_ns in pieces:
        inbox.push(piece._replace(arrival_ns=arrival_ns))
    assert bool(getattr(inbox.counters, counter)) == bool(inbox.remarks.texts.get(counter))
    return inbox.remarks.texts.get(counter, '')


def changed(pieces: list[tuple[AudioPiece, int]], change) -> list[tuple[AudioPiece, int]]:
    """The pieces with what `change(index, piece)` gives for each."""
    return [(piece._replace(**change(i, piece)), at) for i, (piece, at) in enumerate(pieces)]


@pytest.mark.parametrize('size', [80, 320, 1600, 16000])
@pytest.mark.parametrize('burst', [False, True])
def test_a_sender_without_a_fault_is_not_blamed(size, burst):
    pieces = chunks(size, burst=burst)
    random = np.random.default_rng(size)
    lossy = [item for item in pieces if random.random() > 0.4]
    double = [item for item in pieces for _ in range(2)]
    order = np.argsort(np.arange(len(pieces)) + random.uniform(0, 3, len(pieces)))
    for sent in (pieces, lossy, double, [pieces[index] for index in order]):
        assert remark(sent) == ''
    again = [(piece, at_ns + 6 * NS) for piece, at_ns in pieces]
    again = changed(again, lambda i, piece: {'start_ns': piece.start_ns + 6 * NS})
    assert remark(pieces + again) == ''
    # An id that is used again: a whole utterance, then another one in chunks.
    whole = (pieces[0][0]._replace(samples=SPEECH[::-1].copy(), end=True), START_NS - 9 * NS)
    assert remark([whole, *pieces]) == ''
    for counter in ('untimely_chunks', 'early_chunks', 'rejected_chunks'):
        assert remark(pieces + again, counter) == ''


@pytest.mark.parametrize('stamped', [True, False])
@pytest.mark.parametrize('size', [160, 320, 1600, 8000])
@pytest.mark.parametrize(
    ('count', 'words'),
    [
        (lambda first, size: 0, 'first_sample is 0 in every chunk'),
        (lambda first, size: 4800, 'first_sample is 4800 in every chunk'),
        (lambda first, size: first // size, 'as if it counted chunks'),
        (lambda first, size: 2 * first, 'as if it counted bytes of 16-bit samples'),
        (lambda first, size: 4 * first, 'as if it counted bytes:'),
        (lambda first, size: first * 1000 // RATE, 'as if it counted milliseconds'),
        (lambda first, size: first * 1_000_000 // RATE, 'as if it counted microseconds'),
        (lambda first, size: first // 2, 'as if it counted frames of two channels'),
        (lambda first, size: 3 * first, 'first_sample rises by'),
    ],
)
def test_a_wrong_count_of_samples_is_named(count, words, size, stamped):
    def change(index: int, piece: AudioPiece) -> dict:
        return {
            'first_sample': count(piece.first_sample, size),
            'start_ns': piece.start_ns if stamped else 0,
            'end': False,
        }

    assert words in remark(changed(chunks(size), change))


def test_a_name_for_each_chunk_is_named():
    for end in (False, True):
        for counted in (False, True):
            sent = changed(
                chunks(),
                lambda i, piece, end=end, counted=counted: {
                    'utterance_id': f'c{i}',
                    'first_sample': piece.first_sample if counted else 0,
                    'end': end,
                },
            )
            assert 'each chunk has an utterance_id of its own' in remark(sent)


def test_an_end_in_each_chunk_or_in_the_middle_is_named():
    for ends in (lambda i: True, lambda i: i == 20):
        sent = changed(chunks(), lambda i, piece, ends=ends: {'end': ends(i)})
        assert 'set end_of_utterance in the last chunk only' in remark(sent)


def test_two_senders_of_one_name_are_named():
    other = [
        (piece._replace(samples=-piece.samples, start_ns=at + NS // 4), at + NS // 4)
        for piece, at in chunks(320)
    ]
    both = sorted(chunks(320) + other, key=lambda item: item[1])
    assert 'two senders use it' in remark(both)


def test_chunks_without_samples_are_named():
    assert 'no samples' in remark(
        changed(chunks(), lambda i, piece: {'samples': np.zeros(0, np.float32), 'end': False})
    )


def test_two_channels_are_named():
    sent = changed(
        chunks(),
        lambda i, piece: {
            'samples': np.repeat(piece.samples, 2),
            'first_sample': 2 * piece.first_sample,
        },
    )
    assert 'pairs of equal values' in remark(sent)


def test_a_sample_rate_that_is_not_that_of_the_sound_is_named():
    sent = changed(chunks(), lambda i, piece: {'sample_rate': 48000})
    assert 'about 16000 samples arrive per second, but sample_rate is 48000' in remark(sent)
    # Sound that comes faster than its rate says looks like a synthesiser's.
    sent = changed(chunks(), lambda i, piece: {'sample_rate': 8000})
    assert 'sample_rate or the number of channels is wrong' in remark(sent, 'early_chunks')


def test_utterances_that_cut_each_other_off_are_named():
    sent = [
        (piece._replace(utterance_id=f's{i}', start_ns=START_NS + i * NS), START_NS + i * NS)
        for i in range(3)
        for piece, _ in chunks()
    ]
    assert 'stamp it with the end of the previous utterance' in remark(sent)


@pytest.mark.parametrize('size', [320, 1600])
@pytest.mark.parametrize(
    ('behind_s', 'words'),
    [
        (5.0, "The sender's clock is 5.0 s behind this node's: synchronise the clocks"),
        (30.0, "The sender's clock is 30.0 s behind this node's"),
        (0.7, "The sender's clock is 0.7 s behind this node's"),
        (0.4, "The sender's clock is 0.4 s behind this node's"),
        (-3.0, "The sender's clock is 3.0 s ahead of this node's: synchronise the clocks"),
        (-10.0, "The sender's clock is 10.0 s ahead of this node's"),
        (-3600.0, "The sender's clock is 3600.0 s ahead of this node's"),
        (86400.0, 'use_sim_time on all nodes or on none'),
    ],
)
def test_a_clock_that_differs_is_named(behind_s, words, size):
    offset_ns = round(behind_s * NS)
    sent = changed(chunks(size), lambda i, piece: {'start_ns': piece.start_ns - offset_ns})
    text = remark(sent, 'untimely_chunks')
    assert words in text and ('placed by its arrival' in text) == (not -60 <= behind_s <= 0.5)
    assert remark(sent) == ''


def test_speech_that_is_sent_ahead_is_no_matter_of_clocks():
    ahead = changed(chunks(burst=True), lambda i, piece: {'start_ns': piece.start_ns + 40 * NS})
    assert remark(ahead, 'untimely_chunks') == ''


def test_chunks_stamped_on_sending_are_named_once_they_come_too_fast():
    sent = [
        (piece._replace(start_ns=START_NS + (at - START_NS) // 4), START_NS + (at - START_NS) // 4)
        for piece, at in chunks()
    ]
    assert 'stamped with their time of sending' in remark(sent, 'early_chunks')
    assert remark(sent) == ''


@pytest.mark.parametrize('senders', [2, 3])
@pytest.mark.parametrize('run', [1, 5])
def test_senders_that_speak_at_once_are_told(senders, run):
    sent = []
    for index in range(0, len(chunks()), run):
        for sender in range(senders):
            for piece, at_ns in chunks()[index : index + run]:
                late_ns = at_ns + sender * 10_000_000
                sent.append((piece._replace(utterance_id=f's{sender}'), late_ns))
    assert 'two senders speak at once' in remark(sent)


def test_utterances_with_names_that_come_again_are_no_senders_at_once():
    sent = []
    for turn in range(8):
        for piece, at_ns in chunks(16000):
            shift_ns = turn * 6 * NS
            moved = piece._replace(
                utterance_id=('yes', 'no')[turn % 2], start_ns=piece.start_ns + shift_ns
            )
            sent.append((moved, at_ns + shift_ns))
    assert remark(sent) == ''


def test_sound_that_was_scaled_twice_is_named():
    double = changed(chunks(), lambda i, piece: {'samples': piece.samples / 32768})
    assert 'divided by 32768 twice' in remark(double)
    pauses = changed(chunks(), lambda i, piece: {'samples': piece.samples * (i == 0)})
    assert remark(pauses) == ''
    fades = changed(
        chunks(), lambda i, piece: {'samples': piece.samples * (1.0 if i == 3 else 1e-5)}
    )
    assert remark(fades) == ''
