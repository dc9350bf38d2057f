"""The worker on speech that is heard while it is spoken, and while nobody speaks."""

import threading

import numpy as np
import pytest

from diffsheg_model.session.generate import generate
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.time_units import NS
from diffsheg_ros.avatar.idle import IdleHooks
from diffsheg_ros.avatar.worker import MotionWorker
from tests.ros.avatar.test_worker import FAST, LIMIT_S, RATE, T0, Gate, Receiver, send
from tests.support.bundles import speech_like

LIVE = LiveOptions(hop=3, lookahead=3, provisional=4)
FRAME = RATE // 15


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def start(tiny_bundle, tiny_engine, receiver):
    """Starts workers whose engine can be held, as `start.gate`."""
    workers = []
    gate = Gate(tiny_engine)

    def start(**options):
        options = {'foppas': FAST, 'live': LIVE, 'stall_s': 30.0} | options
        worker = MotionWorker(
            tiny_bundle,
            gate,
            receiver.on_window,
            on_interrupt=receiver.interrupts.append,
            **options,
        )
        worker.start()
        workers.append(worker)
        return worker

    start.gate = gate
    yield start
    gate.open.set()
    assert all(worker.stop(LIMIT_S) for worker in workers)


def test_speech_in_time_gives_the_motion_that_generate_gives(
    start, receiver, tiny_bundle, tiny_engine
):
    worker = start()
    speech = speech_like(3.0)
    for begin in range(0, len(speech), FRAME):
        chunk = speech[begin : begin + FRAME]
        end = begin + FRAME >= len(speech)
        worker.push('a', begin, RATE, chunk, T0 + begin * NS // RATE, end)
        heard = (begin + len(chunk)) * 15 // RATE
        hops = 0 if end else max(0, (heard - LIVE.lag_frames) // LIVE.hop + 1)
        receiver.wait(lambda hops=hops: len(receiver.of('a')) >= hops)
    receiver.wait_last('a')
    offline = generate(tiny_bundle, tiny_engine, [speech], RATE, foppas=FAST, live=LIVE)
    assert receiver.motion('a').rotations.tobytes() == offline.rotations.tobytes()
    assert receiver.motion('a').weights.tobytes() == offline.weights.tobytes()
    assert worker.stats().long_hops == 0


def test_a_worker_that_is_late_takes_longer_hops_and_counts_them(start, receiver):
    worker = start()
    speech = speech_like(3.0)
    start.gate.open.clear()
    worker.push('a', 0, RATE, speech[: 5 * FRAME], T0)
    assert start.gate.entered.wait(LIMIT_S)
    send(worker, 'a', speech[: 20 * FRAME], first=5 * FRAME, end=False, size=FRAME)
    start.gate.open.set()
    receiver.wait(lambda: len(receiver.of('a')) >= 2)
    hops = [window.final_frames for window in receiver.of('a')]
    assert hops[0] == 3 and hops[1] > 3 and worker.stats().long_hops >= 1


def test_speech_ahead_of_time_is_planned_in_whole_windows(start, receiver):
    worker = start(now_ns=lambda: T0 - 60 * NS)
    speech = speech_like(6.0)
    send(worker, 'a', speech, size=FRAME, end=False)
    receiver.wait(lambda: len(receiver.of('a')) >= 2)
    assert [window.final_frames for window in receiver.of('a')][:2] == [30, 30]
    worker.push('a', len(speech), RATE, speech[:0], T0, True)
    receiver.wait_last('a')


def test_speech_ahead_is_planned_on_what_was_heard_when_it_is_needed(start, receiver):
    now_ns = [T0 - 60 * NS]
    worker = start(now_ns=lambda: now_ns[0])
    speech = speech_like(1.0)
    send(worker, 'a', speech, size=FRAME, end=False)
    with pytest.raises(AssertionError), receiver.changed:
        assert receiver.changed.wait_for(lambda: receiver.of('a'), 0.5)
    now_ns[0] = T0 - NS // 10
    worker.push('a', len(speech), RATE, speech[:1], T0 + NS)  # wakes it
    receiver.wait(lambda: receiver.of('a'))
    assert receiver.of('a')[0].final_frames < 26


def test_frames_go_by_the_senders_clock(start, receiver):
    """A sender 300 ppm slow, whose frames drift by 9 ms in 30 s."""
    worker = start(live=None)
    speech, slow = np.tile(speech_like(6.0), 5), 1 + 300e-6
    for begin in range(0, len(speech), RATE // 10):
        stamp_ns = T0 + round(begin * NS / RATE * slow)
        last = begin + RATE // 10 >= len(speech)
        worker.push('a', begin, RATE, speech[begin : begin + RATE // 10], stamp_ns, last)
    receiver.wait_last('a')
    starts = [start_ns - T0 for _, _, start_ns, _ in receiver.windows]
    assert starts == sorted(starts)
    # The clock is learnt slowly: by the end most of 8 ms is known.
    at_s = receiver.windows[-1][3].start_frame / 15
    assert abs(starts[-1] - at_s * 300e-6 * NS) < 3e6


class TestIdle:
    """Motion of silence."""

    @pytest.fixture
    def idle(self):
        class Idle:
            def __init__(self):
                self.now_ns = T0
                self.windows = []
                self.changed = threading.Condition()

            def on_window(self, start_ns, window):
                with self.changed:
                    self.windows.append((start_ns, window))
                    self.changed.notify_all()

            def wait(self, count):
                with self.changed:
                    assert self.changed.wait_for(lambda: len(self.windows) >= count, LIMIT_S)

        return Idle()

    def test_it_is_planned_ahead_and_no_farther_and_goes_on_with_the_time(self, start, idle):
        worker = start(idle=IdleHooks(lambda: idle.now_ns, idle.on_window))
        idle.wait(1)
        for count in (2, 3):
            idle.now_ns += NS  # less than the 2 s of a window
            idle.wait(count)
            idle.now_ns += NS
        starts = [start_ns for start_ns, _ in idle.windows]
        frames = [window.start_frame for _, window in idle.windows]
        assert starts[:3] == [T0, T0, T0] and frames[:3] == [0, 30, 60]
        planned_s = (len(idle.windows) + 1) * 30 / 15
        assert planned_s <= (idle.now_ns - T0) / NS + 2 + 2 * 2
        assert worker.stats().windows == 0

    def test_it_begins_anew_after_a_jump_of_the_clock(self, start, idle):
        start(idle=IdleHooks(lambda: idle.now_ns, idle.on_window))
        idle.wait(1)
        for jump_s in (3600, -7200):
            idle.now_ns += jump_s * NS
            count = len(idle.windows)
            idle.wait(count + 1)
            assert idle.windows[count][0] == idle.now_ns

    def test_it_gives_way_to_speech_and_does_not_change_it(
        self, start, idle, receiver, tiny_bundle, tiny_engine
    ):
        start.gate.open.clear()
        worker = start(live=None, idle=IdleHooks(lambda: idle.now_ns, idle.on_window))
        assert start.gate.entered.wait(LIMIT_S)  # in the middle of idle motion
        speech = speech_like(3.0)
        send(worker, 'a', speech)
        start.gate.open.set()
        receiver.wait_last('a')
        assert not idle.windows  # the one under way was given up
        offline = generate(tiny_bundle, tiny_engine, [speech], RATE, foppas=FAST)
        assert receiver.motion('a').rotations.tobytes() == offline.rotations.tobytes()
        idle.wait(1)

    def test_a_failing_engine_does_not_end_the_worker(self, start, idle, receiver):
        start.gate.fault = 'raise'
        worker = start(idle=IdleHooks(lambda: idle.now_ns, idle.on_window))
        while not worker.stats().failed_windows:
            assert worker.running
        assert 'idle motion failed: ' in worker.stats().last_error
        start.gate.fault = None
        send(worker, 'a', speech_like(1.0))
        receiver.wait_last('a')
