import threading
import time

import numpy as np
import pytest

from diffsheg_model.config import FoppasConfig
from diffsheg_model.engines import Engine
from diffsheg_model.engines.fallback import Candidate, FallbackEngine
from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import concatenate
from diffsheg_model.session.generate import generate
from diffsheg_model.time_units import NS
from diffsheg_ros.avatar.worker import MotionWorker
from diffsheg_ros.timeline.timeline import Timeline
from tests.support.bundles import speech_like
from tests.support.faulty_engine import FaultyEngine

RATE = 16000
T0 = 1_700_000_000 * NS
FAST = FoppasConfig(start_fraction=0.12, jump_n_sample=1)
CHUNK = 1600
LIMIT_S = 60


class Receiver:
    """Keeps what the worker gives and lets a test wait for it."""

    def __init__(self):
        self.windows = []
        self.interrupts = []
        self.changed = threading.Condition()
        self.on_next = None

    def on_window(self, epoch, utterance_id, start_ns, window):
        with self.changed:
            self.windows.append((epoch, utterance_id, start_ns, window))
            self.changed.notify_all()
        if self.on_next is not None:
            self.on_next()

    def wait(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, LIMIT_S), 'the worker gave up'

    def wait_last(self, utterance_id, times=1):
        def seen():
            ends = [w for _, i, _, w in self.windows if i == utterance_id and w.last]
            return len(ends) >= times

        self.wait(seen)

    def of(self, utterance_id):
        return [window for _, i, _, window in self.windows if i == utterance_id]

    def motion(self, utterance_id):
        return concatenate([w.motion[: w.final_frames] for w in self.of(utterance_id)])


class Gate(Engine):
    """The real engine behind a gate: calls of the network can be held, broken or counted."""

    name = 'gate'
    precision = 'fp32'

    def __init__(self, engine):
        self.engine = engine
        self.open = threading.Event()
        self.open.set()
        self.calls = 0
        self.entered = threading.Event()
        self.fault = None

    def denoiser(self, conditions, steps):
        denoise = self.engine.denoiser(conditions, steps)

        def gated(x, step):
            self.calls += 1
            self.entered.set()
            assert self.open.wait(LIMIT_S)
            if self.fault == 'raise':
                raise RuntimeError('out of memory\nlong trace')
            eps = denoise(x, step)
            return eps * np.float32(np.nan) if self.fault == 'nan' else eps

        return gated

    def close(self):
        pass


@pytest.fixture
def gate(tiny_engine):
    gate = Gate(tiny_engine)
    yield gate
    gate.open.set()


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def worker(tiny_bundle, gate, receiver):
    worker = MotionWorker(
        tiny_bundle,
        gate,
        receiver.on_window,
        on_interrupt=receiver.interrupts.append,
        foppas=FAST,
        stall_s=30.0,
    )
    worker.start()
    yield worker
    gate.open.set()
    assert worker.stop(LIMIT_S)


def send(worker, utterance, speech, start_ns=T0, rate=RATE, end=True, first=0, size=CHUNK):
    for begin in range(first, len(speech), size):
        chunk = speech[begin : begin + size]
        last = end and begin + size >= len(speech)
        worker.push(utterance, begin, rate, chunk, start_ns + begin * NS // rate, last)


@pytest.mark.parametrize('size', [160, 1600, 100_000])
def test_live_equals_offline_bit_for_bit(worker, receiver, tiny_bundle, tiny_engine, size):
    speech = speech_like(6.0)
    send(worker, 'hello', speech, size=size)
    receiver.wait_last('hello')
    offline = generate(tiny_bundle, tiny_engine, [speech], RATE, foppas=FAST)
    live = receiver.motion('hello')
    assert live.rotations.tobytes() == offline.rotations.tobytes()
    assert live.weights.tobytes() == offline.weights.tobytes()
    assert {start for _, _, start, _ in receiver.windows} == {T0}
    stats = worker.stats()
    assert stats.frames == len(offline)
    assert stats.windows == 3
    assert 0 < stats.latency_p50_s <= stats.latency_p95_s
    assert stats.generated_fps > 0
    assert stats.last_error == ''


def test_reordered_and_repeated_chunks_change_nothing(worker, receiver, tiny_bundle, tiny_engine):
    speech = speech_like(4.0)
    pieces = [(i, speech[i : i + 800]) for i in range(0, len(speech), 800)]
    order = [p for pair in zip(pieces[1::2], pieces[::2], strict=True) for p in (*pair, pair[0])]
    for first, samples in order[:-3]:
        worker.push('x', first, RATE, samples, T0 + first * NS // RATE)
    worker.push('x', pieces[-1][0], RATE, pieces[-1][1], T0 + pieces[-1][0] * NS // RATE, True)
    worker.push('x', pieces[-2][0], RATE, pieces[-2][1], T0 + pieces[-2][0] * NS // RATE)
    receiver.wait_last('x')
    offline = generate(tiny_bundle, tiny_engine, [speech], RATE, foppas=FAST)
    np.testing.assert_array_equal(receiver.motion('x').rotations, offline.rotations)
    stats = worker.stats()
    assert stats.reordered_chunks == 40
    assert stats.repeated_samples > 0
    assert stats.lost_samples == 0


def test_lost_chunks_are_silence(worker, receiver, tiny_bundle, tiny_engine):
    speech = speech_like(4.0)
    silenced = speech.copy()
    silenced[16000:17600] = 0
    for first in range(0, len(speech), CHUNK):
        if first != 16000:
            end = first + CHUNK >= len(speech)
            samples = speech[first : first + CHUNK]
            worker.push('x', first, RATE, samples, T0 + first * NS // RATE, end)
    receiver.wait_last('x')
    offline = generate(tiny_bundle, tiny_engine, [silenced], RATE, foppas=FAST)
    np.testing.assert_array_equal(receiver.motion('x').rotations, offline.rotations)
    assert worker.stats().lost_samples == 1600


def test_utterances_follow_each_other(worker, receiver):
    send(worker, 'one', speech_like(3.0))
    send(worker, 'two', speech_like(3.0, seed=1), T0 + 3 * NS)
    receiver.wait_last('two')
    assert [i for _, i, _, _ in receiver.windows] == ['one'] * 2 + ['two'] * 2
    epochs = [epoch for epoch, _, _, _ in receiver.windows]
    assert epochs[0] == epochs[1] < epochs[2] == epochs[3]
    assert {start for _, i, start, _ in receiver.windows if i == 'two'} == {T0 + 3 * NS}
    assert receiver.interrupts == []
    assert worker.stats().utterances == 2


def test_equal_utterances_do_not_move_alike(worker, receiver):
    speech = speech_like(3.0)
    send(worker, 'one', speech)
    send(worker, 'two', speech, T0 + 3 * NS)
    receiver.wait_last('two')
    assert not np.array_equal(receiver.motion('one').rotations, receiver.motion('two').rotations)


def test_a_new_style_holds_from_the_next_window_on(worker, receiver, tiny_bundle, tiny_engine):
    worker.set_style(seed=5, speaker=2)
    speech = speech_like(6.0)
    send(worker, 'a', speech, end=False)
    receiver.wait(lambda: receiver.of('a'))
    worker.set_style(seed=7, speaker=1)
    worker.push('a', len(speech), RATE, speech[:0], T0, True)
    receiver.wait_last('a')
    offline = generate(
        tiny_bundle, tiny_engine, [speech], RATE, seed=5, speaker=2, foppas=FAST
    )  # fmt: skip
    motion, first = receiver.motion('a'), receiver.of('a')[0].final_frames
    assert motion.rotations[:first].tobytes() == offline.rotations[:first].tobytes()
    assert not np.array_equal(motion.rotations[-30:], offline.rotations[-30:])
    # The utterance after it has it from the start.
    send(worker, 'b', speech)
    receiver.wait_last('b')
    offline = generate(
        tiny_bundle, tiny_engine, [speech], RATE, seed=7, speaker=1, utterance=1, foppas=FAST
    )  # fmt: skip
    assert receiver.motion('b').rotations.tobytes() == offline.rotations.tobytes()
    with pytest.raises(InputError, match='speaker = 9'):
        worker.set_style(seed=0, speaker=9)


def test_a_new_utterance_interrupts_the_old_one_in_the_middle_of_a_window(worker, receiver, gate):
    gate.open.clear()
    send(worker, 'old', speech_like(3.0), end=False)
    assert gate.entered.wait(LIMIT_S)
    send(worker, 'new', speech_like(3.0), T0 + NS)
    assert len(receiver.interrupts) == 1  # told at once, while the engine still computes
    calls = gate.calls
    gate.open.set()
    receiver.wait_last('new')
    assert receiver.of('old') == []
    assert all(epoch >= receiver.interrupts[0] for epoch, _, _, _ in receiver.windows)
    # Of the old window no call followed the one that was under way.
    assert gate.calls == calls + 25 + 3
    assert worker.stats().interrupts == 1


def test_interrupt_drops_everything_and_mutes_the_utterance(worker, receiver, gate):
    gate.open.clear()
    speech = speech_like(6.0)
    send(worker, 'old', speech[:48000], end=False)
    assert gate.entered.wait(LIMIT_S)
    epoch = worker.interrupt()
    assert receiver.interrupts == [epoch]
    gate.open.set()
    send(worker, 'old', speech, first=48000)
    assert worker.stats().queue_chunks == 0
    assert worker.stats().stale_chunks >= 30
    send(worker, 'new', speech_like(1.0), T0 + 9 * NS)
    receiver.wait_last('new')
    assert receiver.of('old') == []
    assert worker.stats().state in ('speaking', 'idle')


def test_two_hundred_interrupts_leave_it_working(worker, receiver):
    speech = speech_like(3.0)
    for number in range(200):
        send(worker, f'u{number}', speech[:40_000], T0 + number * NS, end=False)
        worker.interrupt()
    send(worker, 'final', speech, T0 + 300 * NS)
    receiver.wait_last('final')
    assert len(receiver.motion('final')) == 45
    assert worker.stats().queue_chunks == 0


@pytest.mark.parametrize('fault, message', [('raise', 'out of memory'), ('nan', 'not finite')])
def test_a_failing_engine_costs_windows_and_nothing_else(worker, receiver, gate, fault, message):
    gate.fault = fault
    send(worker, 'bad', speech_like(5.0))
    receiver.wait_last('bad')
    assert [len(window.motion) for window in receiver.of('bad')] == [0]
    stats = worker.stats()
    assert stats.failed_windows == 3
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
    assert worker.stats().failed_windows == 1


@pytest.mark.parametrize('fault', ['raise', 'nan', 'hang'])
def test_another_engine_takes_over_in_the_middle_of_a_window(
    tiny_bundle, tiny_engine, receiver, fault
):
    faulty = FaultyEngine(tiny_engine, fault, 25 + 3 + 2)
    candidates = [
        Candidate('first', lambda: faulty),
        Candidate('second', lambda: Gate(tiny_engine)),
    ]
    engine = FallbackEngine(tiny_bundle.config, candidates[0], candidates[1:], 2.0)
    worker = MotionWorker(tiny_bundle, engine, receiver.on_window, foppas=FAST, stall_s=30.0)
    worker.start()
    speech = speech_like(8.0)
    send(worker, 'x', speech)
    receiver.wait_last('x')
    # Both engines run the same network: from the audience, nothing has happened.
    offline = generate(tiny_bundle, tiny_engine, [speech], RATE, foppas=FAST)
    live = receiver.motion('x')
    assert live.rotations.tobytes() == offline.rotations.tobytes()
    assert live.weights.tobytes() == offline.weights.tobytes()
    stats = worker.stats()
    assert (stats.windows, stats.failed_windows, stats.last_error) == (4, 0, '')
    assert [fallback.window for fallback in engine.fallbacks] == [3]
    faulty.released.set()
    assert worker.stop(LIMIT_S)
    engine.close()


def test_a_hanging_engine_is_interrupted_within_its_time(tiny_bundle, tiny_engine, receiver):
    faulty = FaultyEngine(tiny_engine, 'hang', 25 + 2)
    engine = FallbackEngine(
        tiny_bundle.config,
        Candidate('first', lambda: faulty),
        [Candidate('second', lambda: Gate(tiny_engine))],
        1.0,
    )
    worker = MotionWorker(tiny_bundle, engine, receiver.on_window, foppas=FAST, stall_s=30.0)
    worker.start()
    send(worker, 'old', speech_like(6.0), end=False)
    assert faulty.hanging.wait(LIMIT_S)
    worker.interrupt()
    send(worker, 'new', speech_like(3.0), T0 + 9 * NS)
    receiver.wait_last('new')
    assert len(receiver.of('old')) == 1 and len(receiver.motion('new')) == 45
    assert engine.name == 'gate' and worker.stats().failed_windows == 0
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
    assert stats.callback_errors == 2
    assert 'no subscriber' in stats.last_error


def test_stop_keeps_its_limit_while_the_engine_computes(worker, receiver, gate):
    gate.open.clear()
    send(worker, 'x', speech_like(3.0))
    assert gate.entered.wait(LIMIT_S)
    assert not worker.stop(0.05)
    assert worker.stats().state == 'stopped'
    assert not worker.push('y', 0, RATE, [0.1], T0)
    with pytest.raises(RuntimeError, match='runs already'):
        worker.start()
    gate.open.set()
    assert worker.stop(LIMIT_S)
    assert receiver.windows == []
    worker.start()
    send(worker, 'z', speech_like(1.0))
    receiver.wait_last('z')


def test_start_and_stop_many_times_leaves_no_thread(tiny_bundle, tiny_engine, receiver):
    before = threading.active_count()
    worker = MotionWorker(tiny_bundle, tiny_engine, receiver.on_window, foppas=FAST)
    assert worker.stop()
    for number in range(30):
        worker.start()
        send(worker, f'u{number}', speech_like(2.5), T0 + number * NS)
        assert worker.stop(LIMIT_S)
        assert worker.stop(LIMIT_S)
    assert threading.active_count() == before
    assert worker.stats().state == 'stopped'


def test_an_utterance_that_stalls_ends_by_itself_and_goes_on_with_its_sound(
    tiny_bundle, tiny_engine, receiver
):
    worker = MotionWorker(
        tiny_bundle, tiny_engine, receiver.on_window, foppas=FAST, stall_s=0.2, reorder_s=0.05
    )
    worker.start()
    send(worker, 'x', speech_like(3.0), end=False)
    receiver.wait_last('x')
    assert len(receiver.motion('x')) == 45
    assert worker.stats().stalls == 1
    # The sound of the sixth second on has come through again.
    send(worker, 'x', speech_like(9.0), first=6 * RATE)
    receiver.wait_last('x', times=2)
    again = [window for window in receiver.windows if window[2] != T0]
    assert sum(window.final_frames for *_, window in again) == 45
    assert {start_ns for _, _, start_ns, _ in again} == {T0 + 6 * NS}
    stats = worker.stats()
    assert (stats.stalls, stats.utterances, stats.interrupts, stats.stale_chunks) == (1, 2, 0, 0)
    assert worker.stop(LIMIT_S)


def test_an_end_that_overtakes_its_last_chunk_waits_for_it(worker, receiver):
    speech = speech_like(1.0)
    send(worker, 'x', speech[:14400], end=False)
    worker.push('x', 16000, RATE, [], T0 + NS, True)
    worker.push('x', 14400, RATE, speech[14400:], T0 + 9 * NS // 10)
    receiver.wait_last('x')
    assert worker.stats().lost_samples == 0
    assert len(receiver.motion('x')) == 15


def test_empty_and_tiny_utterances_only_end(worker, receiver):
    worker.push('empty', 0, RATE, [], T0, True)
    worker.push('tiny', 0, RATE, [0.1], T0 + NS, True)
    receiver.wait_last('tiny')
    for name in ('empty', 'tiny'):
        (window,) = receiver.of(name)
        assert len(window.motion) == 0


def test_rate_change_within_an_utterance_is_rejected_and_the_next_may_differ(worker, receiver):
    speech = speech_like(2.0)
    send(worker, 'x', speech[:16000], end=False)
    assert not worker.push('x', 16000, 48000, speech[16000:], T0 + NS)
    send(worker, 'x', speech, first=16000)
    receiver.wait_last('x')
    assert len(receiver.motion('x')) == 30
    assert worker.stats().rate_changes == 1
    send(worker, 'y', speech_like(2.0, 48000), T0 + 3 * NS, rate=48000)
    receiver.wait_last('y')
    assert len(receiver.motion('y')) == 30


def test_sound_that_jumped_begins_anew_at_its_new_time(worker, receiver):
    speech = speech_like(30.0)
    send(worker, 'x', speech[:32000], end=False)
    send(worker, 'x', speech, first=20 * 16000)
    receiver.wait_last('x')
    stats = worker.stats()
    assert stats.resyncs == 1
    assert len(receiver.interrupts) == 1
    epoch, _, start_ns, _ = receiver.windows[-1]
    # The first chunk after the jump is what was needed to believe it.
    assert start_ns == T0 + 20 * NS + NS // 10
    frames = sum(w.final_frames for e, _, _, w in receiver.windows if e == epoch)
    assert frames == 148


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
        worker.push(utterance, first, rate, samples, T0)
    send(worker, 'x', speech, first=16000)
    receiver.wait_last('x')
    assert len(receiver.motion('x')) == 45
    assert worker.stats().rejected_chunks == len(junk)


def test_a_queue_that_overflows_counts_and_goes_on(tiny_bundle, gate, receiver):
    worker = MotionWorker(
        tiny_bundle, gate, receiver.on_window, foppas=FAST, max_queue_s=5.0, stall_s=30.0
    )
    worker.start()
    gate.open.clear()
    send(worker, 'x', speech_like(3.0), end=False)
    assert gate.entered.wait(LIMIT_S)
    speech = speech_like(20.0)
    send(worker, 'x', speech, first=48000)
    stats = worker.stats()
    assert stats.dropped_chunks >= 119
    assert stats.queue_s < 5.0 + 4.0
    gate.open.set()
    receiver.wait_last('x')
    assert worker.stop(LIMIT_S)


def test_warm_up_runs_the_engine(tiny_bundle, gate, receiver):
    worker = MotionWorker(tiny_bundle, gate, receiver.on_window)
    assert worker.warm_up() >= 0
    assert gate.calls == 25 + 4 * 27
    assert receiver.windows == []
    assert worker.stats().windows == 0


@pytest.mark.parametrize(
    'options, message',
    [
        ({'speaker': 99}, 'speaker = 99'),
        ({'seed': -5}, 'seed = -5'),
        ({'stall_s': 0.01}, 'stall_s'),
        ({'max_queue_s': 0.0}, 'max_queue_s'),
        ({'reorder_s': 0.5, 'max_gap_s': 0.1}, 'max_gap_s'),
    ],
)
def test_values_out_of_range_are_named(tiny_bundle, tiny_engine, receiver, options, message):
    with pytest.raises(ValueError, match=message):
        MotionWorker(tiny_bundle, tiny_engine, receiver.on_window, **options)
    assert issubclass(InputError, ValueError)


def test_worker_and_timeline_together(tiny_bundle, tiny_engine):
    """Faster than real time in, then played: speech, the return to rest, and a barge-in."""
    timeline = Timeline(tiny_bundle.config.format)
    done = threading.Event()

    def on_window(epoch, utterance_id, start_ns, window):
        timeline.add(epoch, start_ns, window, utterance_id)
        if window.last:
            done.set()

    worker = MotionWorker(
        tiny_bundle,
        tiny_engine,
        on_window,
        on_interrupt=lambda epoch: timeline.interrupt(T0, epoch),
        foppas=FAST,
    )
    worker.start()
    send(worker, 'x', speech_like(4.0))
    assert done.wait(LIMIT_S)
    states = {}
    for tick in range(-30, 400):
        pose = timeline.sample(T0 + tick * NS // 60)
        states.setdefault(pose.state, tick)
        assert np.isfinite(pose.rotations).all()
    assert states['idle'] == -30
    assert states['speaking'] == 0
    assert states['returning'] == pytest.approx(59 * 4 + 1, abs=2)
    worker.interrupt()
    assert timeline.sample(T0 + 401 * NS // 60).state == 'idle'
    assert worker.stop(LIMIT_S)


@pytest.mark.parametrize('stamping', ['sent', 'same', 'none', 'clock behind'])
def test_odd_stamps_give_the_motion_of_right_ones_at_its_times(
    worker, receiver, tiny_bundle, tiny_engine, stamping
):
    """Chunks of several sizes, sent ten times as fast as they are heard."""
    speech = speech_like(6.0)
    sizes, first = [320, 4000, 41, 1600], 0
    while first < len(speech):
        samples = speech[first : first + sizes[first % len(sizes)]]
        arrival_ns = T0 + first * NS // RATE // 10
        stamp_ns = {
            'sent': arrival_ns,
            'same': T0,
            'none': 0,
            'clock behind': T0 + first * NS // RATE - 30 * NS,
        }[stamping]
        end = first + len(samples) == len(speech)
        assert worker.push('odd', first, RATE, samples, stamp_ns, end, arrival_ns)
        first += len(samples)
    receiver.wait_last('odd')
    offline = generate(tiny_bundle, tiny_engine, [speech], RATE, foppas=FAST)
    live = receiver.motion('odd')
    assert live.rotations.tobytes() == offline.rotations.tobytes()
    assert live.weights.tobytes() == offline.weights.tobytes()
    assert {start for _, _, start, _ in receiver.windows} == {T0}


def test_chunks_that_are_as_long_as_the_patience_are_one_utterance(
    tiny_bundle, tiny_engine, receiver
):
    """Each is sent when its first sample is heard, so that the next one comes at its end."""
    now_s = 0.0
    worker = MotionWorker(
        tiny_bundle,
        tiny_engine,
        receiver.on_window,
        foppas=FAST,
        stall_s=0.5,
        clock=lambda: now_s,
        now_ns=lambda: T0 + round(now_s * NS),
    )
    worker.start()
    speech = speech_like(3.0)
    try:
        for first in range(0, len(speech), RATE // 2):
            send(
                worker, 'long', speech[: first + RATE // 2], first=first, size=RATE // 2, end=False
            )
            for _ in range(5):
                now_s += 0.11
                time.sleep(0.02)
        now_s += 5.0
        receiver.wait_last('long')
        assert worker.stats().utterances == 1 and worker.stats().stalls == 1
    finally:
        assert worker.stop(LIMIT_S)
