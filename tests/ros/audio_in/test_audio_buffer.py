import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsheg_ros.audio_in.audio_buffer import EMPTY, AudioBuffer

RATE = 1000
REORDER = 100
MAX_GAP = 5000


def signal(length: int, seed: int = 0) -> np.ndarray:
    """Never zero, so that a zero can only be a filled gap."""
    return np.random.default_rng(seed).uniform(0.1, 0.9, length).astype(np.float32)


def cut(length: int, sizes: list[int]) -> list[tuple[int, int]]:
    """Consecutive [start, end) pieces of the sizes in turn."""
    pieces, start, turn = [], 0, 0
    while start < length:
        end = min(length, start + sizes[turn % len(sizes)])
        pieces.append((start, end))
        start, turn = end, turn + 1
    return pieces


def deliver(buffer: AudioBuffer, speech: np.ndarray, pieces: list[tuple[int, int]]) -> np.ndarray:
    parts = [buffer.push(start, speech[start:end]) for start, end in pieces]
    return np.concatenate([*parts, buffer.flush()])


def test_in_order_passes_straight_through():
    buffer = AudioBuffer(RATE)
    speech = signal(500)
    for start in range(0, 500, 50):
        out = buffer.push(start, speech[start : start + 50])
        np.testing.assert_array_equal(out, speech[start : start + 50])
    assert buffer.next_sample == 500
    assert not buffer.waiting
    assert len(buffer.flush()) == 0


def test_two_swapped_chunks_come_out_in_order():
    buffer = AudioBuffer(RATE)
    speech = signal(150)
    assert len(buffer.push(0, speech[:50])) == 50
    assert len(buffer.push(100, speech[100:])) == 0
    assert buffer.waiting
    np.testing.assert_array_equal(buffer.push(50, speech[50:100]), speech[50:])
    assert buffer.reordered_chunks == 1
    assert buffer.lost_samples == buffer.late_samples == buffer.repeated_samples == 0


def test_lost_chunk_becomes_zeros_and_its_late_arrival_is_counted():
    buffer = AudioBuffer(RATE)
    speech = signal(600)
    pieces = [piece for piece in cut(600, [50]) if piece[0] != 100]
    out = deliver(buffer, speech, pieces)
    expected = speech.copy()
    expected[100:150] = 0
    np.testing.assert_array_equal(out, expected)
    assert buffer.lost_samples == 50
    assert len(buffer.push(100, speech[100:150])) == 0
    assert buffer.late_samples == 50
    assert buffer.repeated_samples == 0


def test_repeated_chunk_is_dropped():
    buffer = AudioBuffer(RATE)
    speech = signal(100)
    out = deliver(buffer, speech, [(0, 50), (0, 50), (25, 75), (50, 100)])
    np.testing.assert_array_equal(out, speech)
    assert buffer.repeated_samples == 50 + 25 + 25
    assert buffer.late_samples == 0


def test_repeated_chunk_while_something_before_it_is_missing():
    buffer = AudioBuffer(RATE)
    speech = signal(100)
    out = deliver(buffer, speech, [(50, 100), (50, 100), (0, 50)])
    np.testing.assert_array_equal(out, speech)
    assert buffer.repeated_samples == 50


def test_missing_first_chunk():
    buffer = AudioBuffer(RATE)
    speech = signal(400)
    out = deliver(buffer, speech, cut(400, [40])[1:])
    np.testing.assert_array_equal(out[40:], speech[40:])
    assert not out[:40].any()


def test_empty_chunk_delivers_nothing_but_tells_the_length():
    buffer = AudioBuffer(RATE)
    assert len(buffer.push(0, EMPTY)) == 0
    buffer.push(0, signal(50))
    assert len(buffer.push(50, EMPTY)) == 0
    assert not buffer.waiting
    buffer.push(80, EMPTY)
    assert len(buffer.flush()) == 30
    assert buffer.lost_samples == 30


@pytest.mark.parametrize('first_sample', [10**5, 2**63, 2**64 - 1, 10**30])
@pytest.mark.parametrize('count', [0, 1])
def test_a_chunk_far_off_is_rejected_and_harmless(first_sample, count):
    buffer = AudioBuffer(RATE)
    speech = signal(100)
    buffer.push(0, speech[:50])
    assert len(buffer.push(first_sample, signal(count))) == 0
    assert buffer.rejected_chunks == 1
    np.testing.assert_array_equal(buffer.push(50, speech[50:]), speech[50:])


def test_gap_up_to_the_limit_is_filled_and_a_larger_one_rejected():
    buffer = AudioBuffer(RATE)
    assert len(buffer.push(MAX_GAP + 1, signal(10))) == 0
    assert buffer.rejected_chunks == 1
    out = np.concatenate([buffer.push(MAX_GAP, signal(10)), buffer.flush()])
    assert len(out) == MAX_GAP + 10
    assert buffer.lost_samples == MAX_GAP


@pytest.mark.parametrize('target', [1_000_000, 0])
def test_sound_that_jumped_is_noticed_at_its_second_chunk(target):
    buffer = AudioBuffer(RATE, start_sample=100_000)
    buffer.push(target, signal(50))
    assert buffer.resync_at is None
    buffer.push(target + 50, signal(50))
    assert buffer.resync_at == target + 50
    assert buffer.next_sample == 100_000


def test_single_far_chunks_never_resync():
    buffer = AudioBuffer(RATE)
    for first in (900_000, 100_000, 2**40):
        buffer.push(first, signal(50))
        assert buffer.resync_at is None
        assert len(buffer.push(buffer.next_sample, signal(50))) == 50


@pytest.mark.parametrize(
    'arguments',
    [
        {'sample_rate': 0},
        {'sample_rate': 1, 'reorder_s': 9.0},
        {'sample_rate': 1, 'start_sample': -1},
    ],
)
def test_bad_settings_are_refused(arguments):
    with pytest.raises(ValueError, match='AudioBuffer'):
        AudioBuffer(**arguments)


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=6),
    delays=st.lists(st.integers(0, REORDER), min_size=1, max_size=40),
    repeats=st.lists(st.integers(0, 2), min_size=1, max_size=7),
)
def test_any_order_within_the_limit_gives_the_signal(sizes, delays, repeats):
    speech = signal(1500)
    pieces = [
        p for i, p in enumerate(cut(1500, sizes)) for _ in range(1 + repeats[i % len(repeats)])
    ]
    arrival = [piece[0] + delays[i % len(delays)] for i, piece in enumerate(pieces)]
    order = sorted(range(len(pieces)), key=arrival.__getitem__)
    buffer = AudioBuffer(RATE)
    np.testing.assert_array_equal(deliver(buffer, speech, [pieces[i] for i in order]), speech)
    assert buffer.lost_samples == buffer.late_samples == buffer.rejected_chunks == 0


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(4, 90), min_size=1, max_size=6),
    lost=st.sets(st.integers(0, 60)),
    delays=st.lists(st.integers(0, 400), min_size=1, max_size=40),
)
def test_losses_are_zeros_in_their_place_and_all_is_accounted_for(sizes, lost, delays):
    speech = signal(1500)
    pieces = [p for i, p in enumerate(cut(1500, sizes)) if i not in lost]
    arrival = [piece[0] + delays[i % len(delays)] for i, piece in enumerate(pieces)]
    order = sorted(range(len(pieces)), key=arrival.__getitem__)
    buffer = AudioBuffer(RATE)
    out = deliver(buffer, speech, [pieces[i] for i in order])
    arrived = np.zeros(1500, bool)
    for start, end in pieces:
        arrived[start:end] = True
    assert len(out) == max((end for _, end in pieces), default=0)
    right, zero = out == speech[: len(out)], out == 0
    assert (right | zero).all()
    assert not right[~arrived[: len(out)]].any()
    assert int(zero.sum()) == buffer.lost_samples
    assert int((zero & arrived[: len(out)]).sum()) == buffer.late_samples
    assert buffer.repeated_samples == 0


@settings(deadline=None)
@given(
    pushes=st.lists(
        st.tuples(
            st.one_of(st.integers(0, 20_000), st.integers(0, 2**70)),
            st.lists(st.floats(-1, 1, width=32), max_size=30),
        ),
        max_size=40,
    )
)
def test_never_fails_and_never_holds_more_than_a_gap(pushes):
    buffer = AudioBuffer(RATE)
    for first, samples in pushes:
        before = buffer.next_sample
        out = buffer.push(first, np.array(samples, np.float32))
        assert len(out) == buffer.next_sample - before
        assert len(out) + len(buffer._ahead) <= MAX_GAP + 2 * 30
        assert np.isfinite(out).all()


@settings(deadline=None)
@given(
    pushes=st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 300)), max_size=40),
    start=st.integers(0, 1000),
)
def test_every_sample_is_delivered_waiting_repeated_or_late(pushes, start):
    buffer = AudioBuffer(RATE, start_sample=start)
    pushed, out = 0, 0
    for first, count in pushes:
        out += len(buffer.push(first, signal(count)))
        pushed += count
        waiting = int(np.count_nonzero(buffer._known))
        left_out = buffer.repeated_samples + buffer.late_samples
        assert pushed == out - buffer.lost_samples + waiting + left_out
        assert buffer.next_sample == start + out
    assert buffer.rejected_chunks == 0
