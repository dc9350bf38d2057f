"""Times of windows: percentiles and speed of the last ones."""

import pytest

from diffsheg_ros.avatar.worker_stats import WindowTimes


def test_before_the_first_window_all_is_zero():
    times = WindowTimes()
    assert times.percentile_s(50) == times.percentile_s(95) == times.frames_per_s == 0


def test_percentiles_and_speed_are_those_of_the_last_windows():
    times = WindowTimes()
    times.add(1000.0, 1)
    for number in range(256):
        times.add(0.1 if number % 2 else 0.3, 20)
    assert times.percentile_s(50) == pytest.approx(0.2)
    assert times.percentile_s(95) == pytest.approx(0.3)
    assert times.frames_per_s == pytest.approx(100)
