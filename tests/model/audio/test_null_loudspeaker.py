"""The loudspeaker that nobody hears takes sound as a device does."""

import threading

import numpy as np
import pytest

from diffsheg_model.audio.null_loudspeaker import NullLoudspeaker


@pytest.mark.parametrize('ppm', [0.0, 200.0, -200.0])
def test_it_takes_sound_at_its_rate_and_says_when_it_is_heard(ppm):
    now_s, told = 0.0, []

    def fill(frames: int, heard_in_s: float, underrun: bool) -> np.ndarray:
        told.append((now_s + heard_in_s, frames, underrun))
        return np.zeros(frames, np.float32)

    def wait(seconds: float) -> bool:
        nonlocal now_s
        now_s += seconds
        return now_s > 100

    NullLoudspeaker(fill, 8000, 0.1, rate_error_ppm=ppm, clock=lambda: now_s).run(wait)
    heard_s = np.array([entry[0] for entry in told])
    taken = np.cumsum([0] + [entry[1] for entry in told[:-1]])
    np.testing.assert_allclose(heard_s, 0.1 + taken / (8000 * (1 + ppm * 1e-6)), atol=1e-9)
    assert not any(entry[2] for entry in told)


def test_who_fills_it_too_late_has_an_underrun_and_silence_meanwhile():
    now_s, told = 0.0, []

    def fill(frames: int, heard_in_s: float, underrun: bool) -> np.ndarray:
        nonlocal now_s
        told.append((now_s + heard_in_s, underrun))
        now_s += 0.5 if len(told) == 10 else 0.0
        return np.zeros(frames, np.float32)

    def wait(seconds: float) -> bool:
        nonlocal now_s
        now_s += seconds
        return len(told) == 20

    NullLoudspeaker(fill, 8000, 0.1, clock=lambda: now_s).run(wait)
    assert [underrun for _, underrun in told] == [False] * 10 + [True] + [False] * 9
    steps = np.diff([heard_s for heard_s, _ in told])
    assert np.allclose(np.delete(steps, 9), 0.02) and steps[9] > 0.3


def test_it_plays_in_a_thread_until_it_is_closed_and_can_be_started_again():
    asked = threading.Semaphore(0)

    def fill(frames: int, heard_in_s: float, underrun: bool) -> np.ndarray:
        asked.release()
        return np.zeros(frames, np.float32)

    loudspeaker = NullLoudspeaker(fill, 8000, 0.02)
    threads = threading.active_count()
    for _ in range(2):
        assert loudspeaker.lost
        loudspeaker.start()
        assert not loudspeaker.lost
        for _ in range(20):
            assert asked.acquire(timeout=30)
        loudspeaker.refresh()
        assert loudspeaker.lost and threading.active_count() == threads
