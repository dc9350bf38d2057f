"""From the timeline to joint angles and planned stretches."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.config import MotionFormat
from diffsheg_model.motion import Motion
from diffsheg_model.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.playout import Playout
from diffsheg_ros.timeline import Timeline

FPS = 15.0
FORMAT = MotionFormat('small', FPS, 34, ('A', 'B'), ('jaw',), ('open', 'blink'), True)
T0 = 1_700_000_000 * NS
BLEND_S, HOLD_S = 0.5, 0.4


@pytest.fixture
def playout() -> Playout:
    return Playout(Timeline(FORMAT, blend_s=BLEND_S, hold_s=HOLD_S), FPS, BLEND_S)


def spinning(start: int, count: int, *, rad_per_s: float = 3.0, last: bool = False) -> MotionWindow:
    """Joint A turns about x at an even speed, so its rotation vector wraps; weights rise."""
    times = (start + np.arange(count)) / FPS
    rotations = np.zeros((count, 3, 3), np.float32)
    turned = Rotation.from_rotvec(np.outer(rad_per_s * times, [1, 0, 0]))
    rotations[:, 0] = turned.as_rotvec()
    weights = np.clip(np.outer(times / 10, [1, 1]), 0, 1).astype(np.float32)
    motion = Motion(FPS, ('A', 'B', 'jaw'), rotations, FORMAT.weight_names, weights, start)
    return MotionWindow(0, start, motion, count - (0 if last else 4), last)


def frame_ns(index: float) -> int:
    return T0 + round(index * NS / FPS)


def test_a_stretch_has_the_windows_frames_with_their_velocities(playout):
    stretch = playout.plan(1, 'u', T0, spinning(0, 34))
    assert stretch.utterance_id == 'u'
    assert stretch.times_ns[:34] == tuple(frame_ns(index) for index in range(34))
    settled = slice(9, 33)
    np.testing.assert_allclose(stretch.velocities[settled, 0, 0], 3.0, rtol=1e-3)
    # Angles go on past pi instead of jumping back.
    np.testing.assert_allclose(stretch.angles[33, 0, 0], 3.0 * 33 / FPS, rtol=1e-5)
    np.testing.assert_allclose(stretch.weights[settled, 0], np.arange(9, 33) / FPS / 10, atol=1e-6)


def test_it_begins_at_rest_and_shows_what_it_planned(playout):
    playout.show(T0 - NS)
    stretch = playout.plan(1, 'u', T0, spinning(0, 34))
    np.testing.assert_allclose(stretch.angles[0], 0, atol=1e-9)
    for index in range(33):
        for part in range(4):
            shown = playout.show(frame_ns(index + part / 4))
            if part == 0:
                np.testing.assert_allclose(shown.angles, stretch.angles[index], atol=1e-6)
                np.testing.assert_allclose(shown.weights, stretch.weights[index], atol=1e-6)
    assert shown.state == 'speaking' and shown.utterance_id == 'u'


def test_stretches_continue_each_other_through_many_turns(playout):
    before = playout.plan(1, 'u', T0, spinning(0, 34))
    for start in range(30, 300, 30):
        stretch = playout.plan(1, 'u', T0, spinning(start, 34))
        step = stretch.angles[0] - before.angles[29]
        np.testing.assert_allclose(step[0], [3.0 / FPS, 0, 0], atol=1e-3)
        assert stretch.times_ns[0] == before.times_ns[30]
        np.testing.assert_allclose(stretch.velocities[0, 0, 0], 3.0, rtol=1e-2)
        before = stretch
    assert before.angles[33, 0, 0] > 8 * np.pi


@pytest.mark.parametrize(('last', 'tail'), [(True, 9), (False, 15)])
def test_every_stretch_ends_standing_at_rest(playout, last, tail):
    playout.plan(1, 'u', T0, spinning(0, 34))
    stretch = playout.plan(1, 'u', T0, spinning(30, 20, last=last))
    assert len(stretch.times_ns) == 20 + tail
    np.testing.assert_allclose(stretch.weights[-1], 0, atol=1e-9)
    assert Rotation.from_euler('XYZ', stretch.angles[-1]).magnitude().max() < 1e-6
    np.testing.assert_allclose(stretch.velocities[-1], 0, atol=1e-6)
    np.testing.assert_allclose(stretch.velocities[:18, 0, 0], 3.0, rtol=1e-2)


def test_a_window_that_only_says_that_it_was_the_last_gives_the_way_to_rest(playout):
    playout.plan(1, 'u', T0, spinning(0, 34))
    empty = spinning(34, 1, last=True)
    empty = MotionWindow(1, 34, empty.motion[:0], 0, True)
    stretch = playout.plan(1, 'u', T0, empty)
    assert stretch.times_ns[0] == frame_ns(34)
    np.testing.assert_allclose(stretch.weights[-1], 0, atol=1e-9)


def test_nothing_is_planned_for_a_stale_or_empty_utterance(playout):
    playout.interrupt(T0, 5)
    assert playout.plan(4, 'old', T0, spinning(0, 34)) is None
    nothing = spinning(0, 1, last=True)
    assert playout.plan(6, 'u', T0, MotionWindow(0, 0, nothing.motion[:0], 0, True)) is None


def test_an_interrupt_plans_the_way_from_now_to_rest(playout):
    playout.show(T0 - NS)
    playout.plan(1, 'u', T0, spinning(0, 34))
    for index in range(20):
        shown = playout.show(frame_ns(index))
    stretch = playout.interrupt(frame_ns(20), 2)
    assert stretch.utterance_id == ''
    assert stretch.times_ns[0] == frame_ns(20)
    assert np.abs(stretch.angles[0] - shown.angles).max() < 0.3
    np.testing.assert_allclose(stretch.weights[-1], 0, atol=1e-9)
    shown = playout.show(frame_ns(22))
    assert shown.state == 'returning' and shown.utterance_id == ''
    np.testing.assert_allclose(shown.angles, stretch.angles[2], atol=1e-6)


def test_late_motion_is_counted_once_each_time(playout):
    playout.show(T0 - NS)
    playout.plan(1, 'u', T0, spinning(0, 10))
    for index in range(14):
        playout.show(frame_ns(index))
    assert playout.underruns == 1
    playout.plan(1, 'u', T0, spinning(6, 20, last=True))
    for index in range(14, 40):
        state = playout.show(frame_ns(index)).state
    assert state == 'idle'
    assert playout.underruns == 1


def test_turns_are_kept_through_a_gesture_and_forgotten_at_rest(playout):
    playout.show(T0 - NS)
    playout.plan(1, 'u', T0, spinning(0, 60, last=True))
    shown = [playout.show(frame_ns(index / 4)) for index in range(4 * 80)]
    angles = np.array([one.angles[0, 0] for one in shown])
    moving = np.array([one.state != 'idle' for one in shown])
    assert angles.max() > 3 * np.pi
    assert np.abs(np.diff(angles[moving])).max() < 1.0
    np.testing.assert_allclose(shown[-1].angles, 0, atol=1e-9)
