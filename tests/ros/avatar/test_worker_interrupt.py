"""Utterances that are interrupted, stall, end early or jump."""

import threading
import time

import numpy as np
import pytest

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.avatar.clocks import Clocks
from diffsheg_ros.avatar.worker import MotionWorker
from diffsheg_ros.timeline.timeline import Timeline
from tests.support.bundles import speech_like
from tests.support.motion_worker import (
    LIMIT_S,
    RATE,
    T0,
    push,
    send,
)


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
    assert worker.stats().counters.interrupts == 1


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
    assert worker.stats().counters.stale_chunks >= 30
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


def test_an_utterance_that_stalls_ends_by_itself_and_goes_on_with_its_sound(
    fast_bundle, tiny_engine, receiver
):
    worker = MotionWorker(
        fast_bundle,
        tiny_engine,
        receiver.on_window,
        hearing=HearingOptions(stall_s=0.2, reorder_s=0.05),
    )
    worker.start()
    send(worker, 'x', speech_like(3.0), end=False)
    receiver.wait_last('x')
    assert len(receiver.motion('x')) == 45
    assert worker.stats().counters.stalls == 1
    # The sound of the sixth second on has come through again.
    send(worker, 'x', speech_like(9.0), first=6 * RATE)
    receiver.wait_last('x', times=2)
    again = [window for window in receiver.windows if window[2] != T0]
    assert sum(window.final_frames for *_, window in again) == 45
    assert {start_ns for _, _, start_ns, _ in again} == {T0 + 6 * NS}
    stats = worker.stats()
    assert (
        stats.counters.stalls,
        stats.counters.utterances,
        stats.counters.interrupts,
        stats.counters.stale_chunks,
    ) == (1, 2, 0, 0)
    assert worker.stop(LIMIT_S)


def test_an_end_that_overtakes_its_last_chunk_waits_for_it(worker, receiver):
    speech = speech_like(1.0)
    send(worker, 'x', speech[:14400], end=False)
    push(worker, 'x', 16000, RATE, [], T0 + NS, True)
    push(worker, 'x', 14400, RATE, speech[14400:], T0 + 9 * NS // 10)
    receiver.wait_last('x')
    assert worker.stats().counters.lost_samples == 0
    assert len(receiver.motion('x')) == 15


def test_empty_and_tiny_utterances_only_end(worker, receiver):
    push(worker, 'empty', 0, RATE, [], T0, True)
    push(worker, 'tiny', 0, RATE, [0.1], T0 + NS, True)
    receiver.wait_last('tiny')
    for name in ('empty', 'tiny'):
        (window,) = receiver.of(name)
        assert len(window.motion) == 0


def test_sound_that_jumped_begins_anew_at_its_new_time(worker, receiver):
    speech = speech_like(30.0)
    send(worker, 'x', speech[:32000], end=False)
    send(worker, 'x', speech, first=20 * 16000)
    receiver.wait_last('x')
    stats = worker.stats()
    assert stats.counters.resyncs == 1
    assert len(receiver.interrupts) == 1
    epoch, _, start_ns, _ = receiver.windows[-1]
    # The first chunk after the jump is what was needed to believe it.
    assert start_ns == T0 + 20 * NS + NS // 10
    frames = sum(w.final_frames for e, _, _, w in receiver.windows if e == epoch)
    assert frames == 148


def test_chunks_that_are_as_long_as_the_patience_are_one_utterance(
    fast_bundle, tiny_engine, receiver
):
    """Each is sent when its first sample is heard, so that the next one comes at its end."""
    now_s = 0.0
    worker = MotionWorker(
        fast_bundle,
        tiny_engine,
        receiver.on_window,
        hearing=HearingOptions(stall_s=0.5),
        clocks=Clocks(lambda: T0 + round(now_s * NS), lambda: now_s),
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
        assert worker.stats().counters.utterances == 1 and worker.stats().counters.stalls == 1
    finally:
        assert worker.stop(LIMIT_S)


def test_worker_and_timeline_together(fast_bundle, tiny_engine):
    """Faster than real time in, then played: speech, the return to rest, and a barge-in."""
    timeline = Timeline(fast_bundle.config.format)
    done = threading.Event()

    def on_window(epoch, utterance_id, start_ns, window):
        timeline.add(epoch, start_ns, window, utterance_id)
        if window.last:
            done.set()

    worker = MotionWorker(
        fast_bundle,
        tiny_engine,
        on_window,
        on_interrupt=lambda epoch: timeline.interrupt(T0, epoch),
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
