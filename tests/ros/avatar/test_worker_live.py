"""The worker on speech that is heard while it is spoken."""

import numpy as np
import pytest

from diffsheg_model.session.generate import generate
from diffsheg_model.session.session_options import SessionOptions
from diffsheg_model.time_units import NS
from diffsheg_ros.avatar.clocks import Clocks
from tests.support.bundles import speech_like
from tests.support.motion_worker import FRAME, LIMIT_S, LIVE, RATE, T0, push, send


def test_speech_in_time_gives_the_motion_that_generate_gives(
    start, receiver, fast_bundle, tiny_engine
):
    worker = start()
    speech = speech_like(3.0)
    for begin in range(0, len(speech), FRAME):
        chunk = speech[begin : begin + FRAME]
        end = begin + FRAME >= len(speech)
        push(worker, 'a', begin, RATE, chunk, T0 + begin * NS // RATE, end)
        heard = (begin + len(chunk)) * 15 // RATE
        hops = 0 if end else max(0, (heard - LIVE.lag_frames) // LIVE.hop + 1)
        receiver.wait(lambda hops=hops: len(receiver.of('a')) >= hops)
    receiver.wait_last('a')
    offline = generate(fast_bundle, tiny_engine, [speech], RATE, live=LIVE)
    assert receiver.motion('a').rotations.tobytes() == offline.rotations.tobytes()
    assert receiver.motion('a').weights.tobytes() == offline.weights.tobytes()
    assert worker.stats().counters.long_hops == 0


def test_a_worker_that_is_late_takes_longer_hops_and_counts_them(start, receiver):
    worker = start()
    speech = speech_like(3.0)
    start.gate.open.clear()
    push(worker, 'a', 0, RATE, speech[: 5 * FRAME], T0)
    assert start.gate.entered.wait(LIMIT_S)
    send(worker, 'a', speech[: 20 * FRAME], first=5 * FRAME, end=False, size=FRAME)
    start.gate.open.set()
    receiver.wait(lambda: len(receiver.of('a')) >= 2)
    hops = [window.final_frames for window in receiver.of('a')]
    assert hops[0] == 3 and hops[1] > 3 and worker.stats().counters.long_hops >= 1


def test_speech_ahead_of_time_is_planned_in_whole_windows(start, receiver):
    worker = start(clocks=Clocks(lambda: T0 - 60 * NS))
    speech = speech_like(6.0)
    send(worker, 'a', speech, size=FRAME, end=False)
    receiver.wait(lambda: len(receiver.of('a')) >= 2)
    assert [window.final_frames for window in receiver.of('a')][:2] == [30, 30]
    push(worker, 'a', len(speech), RATE, speech[:0], T0, True)
    receiver.wait_last('a')


def test_speech_ahead_is_planned_on_what_was_heard_when_it_is_needed(start, receiver):
    now_ns = [T0 - 60 * NS]
    worker = start(clocks=Clocks(lambda: now_ns[0]))
    speech = speech_like(1.0)
    send(worker, 'a', speech, size=FRAME, end=False)
    with pytest.raises(AssertionError), receiver.changed:
        assert receiver.changed.wait_for(lambda: receiver.of('a'), 0.5)
    now_ns[0] = T0 - NS // 10
    push(worker, 'a', len(speech), RATE, speech[:1], T0 + NS)  # wakes it
    receiver.wait(lambda: receiver.of('a'))
    assert receiver.of('a')[0].final_frames < 26


def test_frames_go_by_the_senders_clock(start, receiver):
    """A sender 300 ppm slow, whose frames drift by 9 ms in 30 s."""
    worker = start(session=SessionOptions())
    speech, slow = np.tile(speech_like(6.0), 5), 1 + 300e-6
    for begin in range(0, len(speech), RATE // 10):
        stamp_ns = T0 + round(begin * NS / RATE * slow)
        last = begin + RATE // 10 >= len(speech)
        push(worker, 'a', begin, RATE, speech[begin : begin + RATE // 10], stamp_ns, last)
    receiver.wait_last('a')
    starts = [start_ns - T0 for _, _, start_ns, _ in receiver.windows]
    assert starts == sorted(starts)
    # The clock is learnt slowly: by the end most of 8 ms is known.
    at_s = receiver.windows[-1][3].start_frame / 15
    assert abs(starts[-1] - at_s * 300e-6 * NS) < 3e6
