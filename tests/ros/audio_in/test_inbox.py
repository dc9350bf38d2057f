import itertools
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.inbox import Inbox

RATE = 16000
T0 = 1_700_000_000 * NS
CHUNK = np.full(1600, 0.1, np.float32)


def put(inbox, utterance='a', index=0, start_ns=T0, end=False, rate=RATE):
    """Pushes the 100 ms chunk of that index."""
    start_ns += index * NS // 10
    return inbox.push(AudioPiece(utterance, 1600 * index, rate, CHUNK, start_ns, end))


def epochs(inbox) -> list[int]:
    found = []
    while (chunk := inbox.take()) is not None:
        found.append(chunk.utterance.epoch)
    return found


def test_chunks_wait_in_order_with_their_utterance():
    inbox = Inbox()
    for index in range(3):
        assert put(inbox, index=index) == (True, None)
    assert len(inbox) == 3
    assert inbox.queued_s == pytest.approx(0.3)
    chunks = [inbox.take() for _ in range(3)]
    assert [chunk.first_sample for chunk in chunks] == [0, 1600, 3200]
    assert {chunk.utterance for chunk in chunks} == {chunks[0].utterance}
    assert chunks[0].utterance.start_ns == T0
    assert inbox.take() is None
    assert inbox.queued_s == 0.0


def test_a_new_utterance_after_the_end_waits_for_the_one_before():
    inbox = Inbox()
    put(inbox, 'a', 0, end=True)
    assert put(inbox, 'b', 0, T0 + NS // 10) == (True, None)
    assert epochs(inbox) == [1, 2]
    assert inbox.counters.interrupts == 0


def test_a_new_utterance_interrupts_an_unfinished_one():
    inbox = Inbox()
    put(inbox, 'a', 0)
    taken, epoch = put(inbox, 'b', 0, T0 + NS)
    assert taken
    assert epoch == 2
    assert inbox.is_stale(1)
    assert epochs(inbox) == [3]
    assert inbox.counters.stale_chunks == 1


def test_a_new_utterance_interrupts_one_that_would_still_be_heard():
    inbox = Inbox()
    for index in range(20):
        put(inbox, 'a', index, end=index == 19)
    assert put(inbox, 'b', 0, T0 + NS)[1] is not None
    assert len(epochs(inbox)) == 1


def test_what_comes_for_an_interrupted_utterance_is_stale_until_it_begins_anew():
    inbox = Inbox()
    put(inbox, 'a', 0)
    inbox.interrupt()
    assert put(inbox, 'a', 1) == (False, None)
    assert put(inbox, 'a', 0) == (False, None)  # the same chunk again
    assert inbox.counters.stale_chunks == 3
    assert put(inbox, 'a', 0, T0 + 5 * NS)[0]
    assert put(inbox, 'a', 1, T0 + 5 * NS)[0]
    assert len(epochs(inbox)) == 2


def test_a_late_chunk_of_the_utterance_before_does_not_bring_it_back():
    inbox = Inbox()
    put(inbox, 'a', 0)
    put(inbox, 'b', 0, T0 + NS)
    assert put(inbox, 'a', 1) == (False, None)
    assert put(inbox, 'b', 1, T0 + NS) == (True, None)


def test_one_that_stalled_begins_anew_where_its_sound_goes_on():
    inbox = Inbox()
    put(inbox)
    put(inbox, index=1)
    utterance = inbox.current
    inbox.stall(utterance)
    assert inbox.current is None
    assert put(inbox, index=1) == (False, None), 'it was heard before'
    assert put(inbox, index=25) == (True, None)
    assert inbox.current.id == 'a' and inbox.current.origin_sample == 25 * 1600
    assert inbox.current.start_ns == T0 + 25 * NS // 10
    assert epochs(inbox) == [utterance.epoch] * 2 + [inbox.current.epoch]
    assert (
        inbox.counters.utterances == 2
        and inbox.counters.interrupts == 0
        and inbox.counters.stale_chunks == 1
    )


@pytest.mark.parametrize('what', ['interrupted', 'another has begun', 'ended'])
def test_one_that_stalled_is_over_when_it_is(what):
    inbox = Inbox()
    put(inbox)
    utterance = inbox.current
    inbox.close(utterance) if what == 'ended' else inbox.stall(utterance)
    if what == 'interrupted':
        inbox.interrupt()
    elif what == 'another has begun':
        put(inbox, 'b', start_ns=T0 + 2 * NS)
    before = inbox.current
    assert put(inbox, index=25) == (False, None)
    assert inbox.current is before


def test_a_sender_that_starts_again_under_the_same_id():
    inbox = Inbox()
    for index in range(5):
        put(inbox, 'a', index)
    assert put(inbox, 'a', 0) == (True, None)  # a repeated chunk is no beginning
    taken, epoch = put(inbox, 'a', 0, T0 + 2 * NS)
    assert taken
    assert epoch is not None
    assert len(epochs(inbox)) == 1


def test_joining_late_begins_where_we_joined():
    inbox = Inbox()
    put(inbox, 'a', 50)
    utterance = inbox.take().utterance
    assert utterance.origin_sample == 80_000
    assert utterance.start_ns == T0 + 5 * NS
    # But a chunk that only overtook the first one does not.
    put(inbox, 'b', 1, T0 + 60 * NS)
    utterance = inbox.take().utterance
    assert utterance.origin_sample == 0
    assert utterance.start_ns == T0 + 60 * NS


def test_rate_changes_and_impossible_rates_are_rejected():
    inbox = Inbox()
    put(inbox, 'a', 0)
    assert put(inbox, 'a', 1, rate=48000) == (False, None)
    assert inbox.counters.rate_changes == 1
    for rate in (0, 1, 7999, 10**9):
        assert put(inbox, 'c', 0, rate=rate) == (False, None)
    assert inbox.counters.rejected_chunks == 4
    assert epochs(inbox) == [1]


def test_a_corrupt_chunk_neither_begins_nor_interrupts():
    inbox = Inbox()
    put(inbox, 'a', 0)
    assert inbox.push(AudioPiece('b', 0, RATE, CHUNK * np.nan, T0 + NS, False)) == (False, None)
    assert inbox.push(AudioPiece('b', -1, RATE, CHUNK, T0 + NS, False)) == (False, None)
    assert not inbox.is_stale(1)
    assert inbox.counters.rejected_chunks == 2


def test_the_caller_may_reuse_its_array():
    inbox = Inbox()
    mine = CHUNK.copy()
    inbox.push(AudioPiece('a', 0, RATE, mine, T0, False))
    mine[:] = 0
    assert inbox.take().samples.all()


def test_a_full_queue_drops_and_counts_but_keeps_the_end():
    inbox = Inbox(max_queue_s=1.0)
    for index in range(15):
        put(inbox, 'a', index, end=index == 14)
    assert inbox.counters.dropped_chunks == 5
    assert inbox.queued_s <= 1.0
    chunks = []
    while (chunk := inbox.take()) is not None:
        chunks.append(chunk)
    assert chunks[-1].end
    assert chunks[-1].first_sample == 15 * 1600
    assert len(chunks[-1].samples) == 0


def test_a_flood_of_empty_chunks_is_bounded():
    inbox = Inbox(max_queue_s=0.1)
    for _ in range(1000):
        inbox.push(AudioPiece('a', 0, RATE, CHUNK[:0], T0, False))
    assert len(inbox) <= 64
    assert inbox.counters.dropped_chunks >= 900


def test_restart_moves_what_waits_to_a_new_utterance():
    inbox = Inbox()
    for index in (0, 100, 101, 102):
        put(inbox, 'a', index)
    inbox.take()
    inbox.take()
    chunk, epoch = inbox.restart(inbox.take())
    assert chunk.utterance.origin_sample == 161_600
    assert chunk.utterance.start_ns == T0 + 101 * NS // 10
    assert chunk.utterance.epoch > epoch - 1
    assert inbox.take().utterance is chunk.utterance
    assert inbox.counters.stale_chunks == 0


def test_restart_of_an_utterance_that_is_not_the_newest_does_nothing():
    inbox = Inbox()
    put(inbox, 'a', 0, end=True)
    put(inbox, 'b', 0, T0 + NS)
    assert inbox.restart(inbox.take()) is None
    assert inbox.take().utterance.id == 'b'


def test_take_waits_and_wakes():
    inbox = Inbox()
    assert inbox.take(0.01) is None
    taken = []
    thread = threading.Thread(target=lambda: taken.append(inbox.take(None)))
    thread.start()
    put(inbox, 'a', 0)
    thread.join(5)
    assert taken[0].first_sample == 0
    thread = threading.Thread(target=lambda: taken.append(inbox.take(None)))
    thread.start()
    inbox.wake()
    thread.join(5)
    assert taken[1] is None


def test_who_waits_for_one_utterance_is_not_given_anothers_chunk():
    inbox = Inbox()
    put(inbox, 'a', 0)
    epoch = inbox.take().utterance.epoch
    taken = []
    thread = threading.Thread(target=lambda: taken.append(inbox.take(None, epoch)))
    thread.start()
    put(inbox, 'b', 0, T0 + NS)
    thread.join(5)
    assert taken == [None]
    assert inbox.take(0.0, epoch) is None
    assert inbox.take().utterance.id == 'b'


@pytest.mark.parametrize('options', [{'max_queue_s': 0}, {'reorder_s': -1}])
def test_bad_settings_are_refused(options):
    with pytest.raises(ValueError, match='max_queue_s'):
        Inbox(**options)


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.sampled_from('abc'),
                st.one_of(st.integers(-2, 40), st.integers(-(2**70), 2**70)),
                st.sampled_from([0, RATE, 48000]),
                st.integers(-(2**40), 2**40),
                st.booleans(),
            ),
            st.sampled_from(['interrupt', 'take', 'clear']),
        ),
        max_size=60,
    )
)
def test_epochs_only_rise_and_what_is_taken_is_wanted(script):
    inbox = Inbox(max_queue_s=2.0)
    last = 0
    for step in script:
        if step == 'interrupt':
            assert inbox.interrupt() == inbox.epoch
            assert len(inbox) == 0
        elif step == 'clear':
            inbox.clear()
        elif step == 'take':
            chunk = inbox.take()
            if chunk is not None:
                assert not inbox.is_stale(chunk.utterance.epoch)
                assert last <= chunk.utterance.epoch <= inbox.epoch
                last = chunk.utterance.epoch
        else:
            utterance, index, rate, shift, end = step
            inbox.push(AudioPiece(utterance, index * 1600, rate, CHUNK, T0 + shift, end))
        assert 0 <= inbox.queued_s <= 2.0 + 1e-9


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from('abc'),
            st.integers(-1, 30),
            st.sampled_from([0, RATE, RATE, 48000]),
            st.integers(-3 * NS, 3 * NS),
            st.booleans(),
        ),
        st.sampled_from(['interrupt', 'take', 'take', 'restart', 'clear', 'close']),
    ),
    max_size=80,
)


@settings(deadline=None)
@given(STEPS)
def test_every_chunk_is_accounted_for(script):
    inbox = Inbox(max_queue_s=0.2)
    pushed = taken = 0
    utterance = None
    for step in script:
        if step in ('interrupt', 'clear'):
            getattr(inbox, step)()
        elif step == 'close':
            if utterance is not None:
                inbox.close(utterance)
        elif step in ('take', 'restart'):
            chunk = inbox.take()
            if chunk is not None:
                taken += 1
                utterance = chunk.utterance
                if step == 'restart':
                    inbox.restart(chunk)
        else:
            name, index, rate, shift, end = step
            dropped = inbox.counters.dropped_chunks
            inbox.push(AudioPiece(name, index * 1600, rate, CHUNK, T0 + shift, end))
            # The end of one that is dropped stays as a chunk of its own.
            pushed += 1 + (end and inbox.counters.dropped_chunks > dropped)
        counted = inbox.counters.rejected_chunks + inbox.counters.rate_changes
        counted += inbox.counters.dropped_chunks + inbox.counters.stale_chunks
        assert pushed == counted + taken + len(inbox)


@pytest.fixture
def hurried():
    """Threads that take turns a thousand times as often."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(interval)


def test_threads_that_push_and_interrupt_at_once_lose_nothing(hurried):
    inbox = Inbox(max_queue_s=3.0)
    speakers, rounds, chunks = 3, 60, 5
    done = threading.Event()
    taken, told = [], []

    def speak(name):
        for number in range(rounds):
            for index in range(chunks):
                # Of one length and without ends: every chunk is taken, stale or dropped.
                told.append(put(inbox, f'{name}{number}', index, T0 + number * NS)[1])

    def interrupt():
        while not done.is_set():
            told.append(inbox.interrupt())

    def take():
        while not done.is_set() or len(inbox):
            chunk = inbox.take(0.001)
            if chunk is not None:
                taken.append(chunk)

    takers = [threading.Thread(target=take), threading.Thread(target=interrupt)]
    pushers = [threading.Thread(target=speak, args=(name,)) for name in 'abc'[:speakers]]
    for thread in takers + pushers:
        thread.start()
    for thread in pushers:
        thread.join(60)
    done.set()
    for thread in takers:
        thread.join(60)
    epochs = [chunk.utterance.epoch for chunk in taken]
    assert epochs == sorted(epochs) and inbox.epoch >= max(epochs, default=0)
    # An epoch is one utterance's, and its chunks keep their order.
    for before, after in itertools.pairwise(taken):
        if before.utterance.epoch == after.utterance.epoch:
            assert before.utterance is after.utterance
            assert before.first_sample < after.first_sample
    told = [epoch for epoch in told if epoch is not None]
    assert len(told) == len(set(told)) == inbox.counters.interrupts
    assert inbox.counters.rejected_chunks == inbox.counters.rate_changes == len(inbox) == 0
    assert (
        len(taken) + inbox.counters.stale_chunks + inbox.counters.dropped_chunks
        == speakers * rounds * chunks
    )
