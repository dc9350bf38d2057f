"""Frames when they are due, on a clock that the test turns."""

import itertools

import pytest

from diffsheg_model.motion_files.livelink.pacing import paced


class Clock:
    """Time passes by sleeping and by what `take` says that work took."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.sleeps.append(seconds)
        self.now_s += seconds


def test_each_frame_comes_when_it_is_due():
    clock = Clock()
    seen = [(index, clock.now_s) for index in paced(240, 60.0, clock, clock.sleep)]
    assert [index for index, _ in seen] == list(range(240))
    assert all(time_s == pytest.approx(1000 + index / 60) for index, time_s in seen)


def test_late_frames_are_left_out_and_none_comes_in_a_burst():
    clock = Clock()
    seen = []
    for index in paced(100, 10.0, clock, clock.sleep):
        seen.append((index, round(clock.now_s - 1000, 6)))
        if index == 20:
            clock.now_s += 1.23
    assert [index for index, _ in seen] == [*range(21), *range(32, 100)]
    # The one that was due when the delay was over came at once, the next in time again.
    assert seen[21] == (32, 3.23) and seen[22] == (33, 3.3)


def test_the_last_frame_is_never_left_out():
    clock = Clock()
    seen = []
    for index in paced(10, 10.0, clock, clock.sleep):
        seen.append(index)
        clock.now_s += 7.0
    assert seen == [0, 9]


def test_without_an_end_it_goes_on():
    clock = Clock()
    seen = list(itertools.islice(paced(None, 60.0, clock, clock.sleep), 1000))
    assert seen == list(range(1000))


def test_slow_work_gets_every_other_frame():
    clock = Clock()
    seen = []
    for index in paced(60, 60.0, clock, clock.sleep):
        seen.append(index)
        clock.now_s += 1.5 / 60
    assert seen[:6] == [0, 1, 3, 4, 6, 7]
    assert seen[-1] == 59
