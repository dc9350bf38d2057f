"""The queue of an utterance that is being sent."""

import numpy as np
import pytest

from diffsheg_ros.capture.outgoing_utterance import OutgoingUtterance


@pytest.fixture
def utterance() -> OutgoingUtterance:
    """Return an utterance with ten samples in blocks of four, one and five."""
    made = OutgoingUtterance('said', 16000)
    for block in np.split(np.arange(10, dtype=np.float32), [4, 5]):
        made.push(block)
    return made


def test_pieces_have_all_samples_in_order(utterance):
    assert (utterance.waiting, utterance.sent) == (10, 0)
    pieces = [utterance.piece(3, start_ns=index) for index in range(3)]
    pieces.append(utterance.piece(3, start_ns=3, end=True))
    assert [len(piece.samples) for piece in pieces] == [3, 3, 3, 1]
    assert np.array_equal(np.concatenate([piece.samples for piece in pieces]), np.arange(10))
    assert [piece.first_sample for piece in pieces] == [0, 3, 6, 9]
    assert [piece.start_ns for piece in pieces] == [0, 1, 2, 3]
    assert [piece.end for piece in pieces] == [False, False, False, True]
    assert {(piece.utterance_id, piece.sample_rate) for piece in pieces} == {('said', 16000)}
    assert (utterance.waiting, utterance.sent) == (0, 10)


def test_dropped_samples_are_not_counted_as_sent(utterance):
    utterance.piece(6, start_ns=0)
    utterance.drop_waiting()
    last = utterance.piece(3, start_ns=1, end=True)
    assert len(last.samples) == 0 and last.first_sample == 6 and last.end


def test_the_samples_of_a_piece_cannot_be_changed(utterance):
    with pytest.raises(ValueError, match='read-only'):
        utterance.piece(6, start_ns=0).samples[0] = 1.0
