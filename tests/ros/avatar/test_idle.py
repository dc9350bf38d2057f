"""Motion of silence, while nobody speaks."""

import threading

import pytest

from diffsheg_model.session.generate import generate
from diffsheg_model.session.session_options import SessionOptions
from diffsheg_model.time_units import NS
from diffsheg_ros.avatar.idle import IdleHooks
from tests.support.bundles import speech_like
from tests.support.motion_worker import LIMIT_S, RATE, T0, send


@pytest.fixture
def idle():
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


def test_it_is_planned_ahead_and_no_farther_and_goes_on_with_the_time(start, idle):
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
    assert worker.stats().counters.windows == 0


def test_it_begins_anew_after_a_jump_of_the_clock(start, idle):
    start(idle=IdleHooks(lambda: idle.now_ns, idle.on_window))
    idle.wait(1)
    for jump_s in (3600, -7200):
        idle.now_ns += jump_s * NS
        count = len(idle.windows)
        idle.wait(count + 1)
        assert idle.windows[count][0] == idle.now_ns


def test_it_gives_way_to_speech_and_does_not_change_it(
    start, idle, receiver, fast_bundle, tiny_engine
):
    start.gate.open.clear()
    worker = start(session=SessionOptions(), idle=IdleHooks(lambda: idle.now_ns, idle.on_window))
    assert start.gate.entered.wait(LIMIT_S)  # in the middle of idle motion
    speech = speech_like(3.0)
    send(worker, 'a', speech)
    start.gate.open.set()
    receiver.wait_last('a')
    assert not idle.windows  # the one under way was given up
    offline = generate(fast_bundle, tiny_engine, [speech], RATE)
    assert receiver.motion('a').rotations.tobytes() == offline.rotations.tobytes()
    idle.wait(1)


def test_a_failing_engine_does_not_end_the_worker(start, idle, receiver):
    start.gate.fault = 'raise'
    worker = start(idle=IdleHooks(lambda: idle.now_ns, idle.on_window))
    while not worker.stats().counters.failed_windows:
        assert worker.running
    assert 'idle motion failed: ' in worker.stats().last_error
    start.gate.fault = None
    send(worker, 'a', speech_like(1.0))
    receiver.wait_last('a')
