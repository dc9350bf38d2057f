"""Faults of engine, receivers and senders do not end the worker."""

import threading

import pytest

from diffsheg_model.engines.fallback import Candidate, FallbackEngine
from diffsheg_model.session.generate import generate
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.avatar.worker import MotionWorker
from tests.support.bundles import speech_like
from tests.support.faulty_engine import FaultyEngine
from tests.support.motion_worker import (
    LIMIT_S,
    PATIENT,
    RATE,
    T0,
    Gate,
    push,
    send,
)


@pytest.mark.parametrize('fault, message', [('raise', 'out of memory'), ('nan', 'not finite')])
def test_a_failing_engine_costs_windows_and_nothing_else(worker, receiver, gate, fault, message):
    gate.fault = fault
    send(worker, 'bad', speech_like(5.0))
    receiver.wait_last('bad')
    assert [len(window.motion) for window in receiver.of('bad')] == [0]
    stats = worker.stats()
    assert stats.counters.failed_windows == 3
    assert message in stats.last_error
    assert '\n' not in stats.last_error
    gate.fault = None
    send(worker, 'good', speech_like(3.0), T0 + 9 * NS)
    receiver.wait_last('good')
    assert len(receiver.motion('good')) == 45


def test_a_failure_in_the_middle_leaves_a_gap(worker, receiver, gate):
    original = gate.denoiser
    windows = iter(range(100))

    def denoiser(conditions, steps):
        gate.fault = 'raise' if next(windows) == 1 else None
        return original(conditions, steps)

    gate.denoiser = denoiser
    send(worker, 'gap', speech_like(8.0))
    receiver.wait_last('gap')
    assert [w.start_frame for w in receiver.of('gap')] == [0, 60, 90]
    assert worker.stats().counters.failed_windows == 1


@pytest.mark.parametrize('fault', ['raise', 'nan', 'hang'])
def test_another_engine_takes_over_in_the_middle_of_a_window(
    fast_bundle, tiny_engine, receiver, fault
):
    faulty = FaultyEngine(tiny_engine, fault, 25 + 3 + 2)
    candidates = [
        Candidate('first', lambda: faulty),
        Candidate('second', lambda: Gate(tiny_engine)),
    ]
    engine = FallbackEngine(fast_bundle.config, candidates[0], candidates[1:], 2.0)
    worker = MotionWorker(fast_bundle, engine, receiver.on_window, hearing=PATIENT)
    worker.start()
    speech = speech_like(8.0)
    send(worker, 'x', speech)
    receiver.wait_last('x')
    # Both engines run the same network: from the audience, nothing has happened.
    offline = generate(fast_bundle, tiny_engine, [speech], RATE)
    live = receiver.motion('x')
    assert live.rotations.tobytes() == offline.rotations.tobytes()
    assert live.weights.tobytes() == offline.weights.tobytes()
    stats = worker.stats()
    assert (stats.counters.windows, stats.counters.failed_windows, stats.last_error) == (4, 0, '')
    assert [fallback.window for fallback in engine.fallbacks] == [3]
    faulty.released.set()
    assert worker.stop(LIMIT_S)
    engine.close()


def test_a_hanging_engine_is_interrupted_within_its_time(fast_bundle, tiny_engine, receiver):
    faulty = FaultyEngine(tiny_engine, 'hang', 25 + 2)
    engine = FallbackEngine(
        fast_bundle.config,
        Candidate('first', lambda: faulty),
        [Candidate('second', lambda: Gate(tiny_engine))],
        1.0,
    )
    worker = MotionWorker(fast_bundle, engine, receiver.on_window, hearing=PATIENT)
    worker.start()
    send(worker, 'old', speech_like(6.0), end=False)
    assert faulty.hanging.wait(LIMIT_S)
    worker.interrupt()
    send(worker, 'new', speech_like(3.0), T0 + 9 * NS)
    receiver.wait_last('new')
    assert len(receiver.of('old')) == 1 and len(receiver.motion('new')) == 45
    assert engine.name == 'gate' and worker.stats().counters.failed_windows == 0
    faulty.released.set()
    assert worker.stop(LIMIT_S)
    engine.close()


def test_a_receiver_that_raises_is_counted(worker, receiver):
    def fail():
        raise ValueError('no subscriber')

    receiver.on_next = fail
    send(worker, 'x', speech_like(3.0))
    receiver.wait_last('x')
    receiver.on_next = None
    send(worker, 'y', speech_like(1.0), T0 + 5 * NS)
    receiver.wait_last('y')
    stats = worker.stats()
    assert stats.counters.callback_errors == 2
    assert 'no subscriber' in stats.last_error


def test_stop_keeps_its_limit_while_the_engine_computes(worker, receiver, gate):
    gate.open.clear()
    send(worker, 'x', speech_like(3.0))
    assert gate.entered.wait(LIMIT_S)
    assert not worker.stop(0.05)
    assert worker.stats().state == 'stopped'
    assert not push(worker, 'y', 0, RATE, [0.1], T0)
    with pytest.raises(RuntimeError, match='runs already'):
        worker.start()
    gate.open.set()
    assert worker.stop(LIMIT_S)
    assert receiver.windows == []
    worker.start()
    send(worker, 'z', speech_like(1.0))
    receiver.wait_last('z')


def test_corrupt_chunks_are_counted_and_never_end_it(worker, receiver):
    speech = speech_like(3.0)
    junk = [
        ('x', -1, RATE, speech[:10]),
        ('x', 2**64 - 1, RATE, speech[:10]),
        ('x', 100, RATE, [float('nan')]),
        ('x', 100, RATE, [1e30]),
        ('x', 100, 0, speech[:10]),
        ('x', 100, RATE, None),
    ]
    send(worker, 'x', speech[:16000], end=False)
    for utterance, first, rate, samples in junk:
        push(worker, utterance, first, rate, samples, T0)
    send(worker, 'x', speech, first=16000)
    receiver.wait_last('x')
    assert len(receiver.motion('x')) == 45
    assert worker.stats().counters.rejected_chunks == len(junk)


def test_a_queue_that_overflows_counts_and_goes_on(fast_bundle, gate, receiver):
    worker = MotionWorker(
        fast_bundle, gate, receiver.on_window, hearing=HearingOptions(max_queue_s=5.0, stall_s=30.0)
    )
    worker.start()
    gate.open.clear()
    send(worker, 'x', speech_like(3.0), end=False)
    assert gate.entered.wait(LIMIT_S)
    speech = speech_like(20.0)
    send(worker, 'x', speech, first=48000)
    stats = worker.stats()
    assert stats.counters.dropped_chunks >= 119
    assert stats.queue_s < 5.0 + 4.0
    gate.open.set()
    receiver.wait_last('x')
    assert worker.stop(LIMIT_S)


def test_start_and_stop_many_times_leaves_no_thread(fast_bundle, tiny_engine, receiver):
    before = threading.active_count()
    worker = MotionWorker(fast_bundle, tiny_engine, receiver.on_window)
    assert worker.stop()
    for number in range(30):
        worker.start()
        send(worker, f'u{number}', speech_like(2.5), T0 + number * NS)
        assert worker.stop(LIMIT_S)
        assert worker.stop(LIMIT_S)
    assert threading.active_count() == before
    assert worker.stats().state == 'stopped'
