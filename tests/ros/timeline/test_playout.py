"""From the timeline to joint angles and planned motion."""

import itertools

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation

from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.session.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.playout import PlannedMotion, Playout
from diffsheg_ros.timeline.timeline import Timeline

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
    planned = playout.plan(1, 'u', T0, spinning(0, 34))
    assert planned.utterance_id == 'u'
    assert planned.times_ns[:34] == tuple(frame_ns(index) for index in range(34))
    settled = slice(9, 33)
    np.testing.assert_allclose(planned.velocities[settled, 0, 0], 3.0, rtol=1e-3)
    # Angles go on past pi instead of jumping back.
    np.testing.assert_allclose(planned.angles[33, 0, 0], 3.0 * 33 / FPS, rtol=1e-5)
    np.testing.assert_allclose(planned.weights[settled, 0], np.arange(9, 33) / FPS / 10, atol=1e-6)


def test_it_begins_at_rest_and_shows_what_it_planned(playout):
    playout.show(T0 - NS)
    planned = playout.plan(1, 'u', T0, spinning(0, 34))
    np.testing.assert_allclose(planned.angles[0], 0, atol=1e-9)
    for index in range(33):
        for part in range(4):
            shown = playout.show(frame_ns(index + part / 4))
            if part == 0:
                np.testing.assert_allclose(shown.angles, planned.angles[index], atol=1e-6)
                np.testing.assert_allclose(shown.weights, planned.weights[index], atol=1e-6)
    assert shown.state == 'speaking' and shown.utterance_id == 'u'


def test_stretches_continue_each_other_through_many_turns(playout):
    before = playout.plan(1, 'u', T0, spinning(0, 34))
    for start in range(30, 300, 30):
        planned = playout.plan(1, 'u', T0, spinning(start, 34))
        step = planned.angles[0] - before.angles[29]
        np.testing.assert_allclose(step[0], [3.0 / FPS, 0, 0], atol=1e-3)
        assert planned.times_ns[0] == before.times_ns[30]
        np.testing.assert_allclose(planned.velocities[0, 0, 0], 3.0, rtol=1e-2)
        before = planned
    assert before.angles[33, 0, 0] > 8 * np.pi


@pytest.mark.parametrize(('last', 'tail'), [(True, 9), (False, 15)])
def test_every_stretch_ends_standing_at_rest(playout, last, tail):
    playout.plan(1, 'u', T0, spinning(0, 34))
    planned = playout.plan(1, 'u', T0, spinning(30, 20, last=last))
    assert len(planned.times_ns) == 20 + tail
    np.testing.assert_allclose(planned.weights[-1], 0, atol=1e-9)
    assert Rotation.from_euler('XYZ', planned.angles[-1]).magnitude().max() < 1e-6
    np.testing.assert_allclose(planned.velocities[-1], 0, atol=1e-6)
    np.testing.assert_allclose(planned.velocities[:18, 0, 0], 3.0, rtol=1e-2)


def test_a_window_that_only_says_that_it_was_the_last_gives_the_way_to_rest(playout):
    playout.plan(1, 'u', T0, spinning(0, 34))
    empty = spinning(34, 1, last=True)
    empty = MotionWindow(1, 34, empty.motion[:0], 0, True)
    planned = playout.plan(1, 'u', T0, empty)
    assert planned.times_ns[0] == frame_ns(34)
    np.testing.assert_allclose(planned.weights[-1], 0, atol=1e-9)


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
    planned = playout.interrupt(frame_ns(20), 2)
    assert planned.utterance_id == ''
    assert planned.times_ns[0] == frame_ns(20)
    assert np.abs(planned.angles[0] - shown.angles).max() < 0.3
    np.testing.assert_allclose(planned.weights[-1], 0, atol=1e-9)
    shown = playout.show(frame_ns(22))
    assert shown.state == 'returning' and shown.utterance_id == ''
    np.testing.assert_allclose(shown.angles, planned.angles[2], atol=1e-6)


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


def swaying(start: int, count: int) -> MotionWindow:
    """Joint A sways about x, at most 0.3 rad away; weights stand at 0.2."""
    rotations = np.zeros((count, 3, 3), np.float32)
    rotations[:, 0, 0] = 0.3 * np.sin(2 * (start + np.arange(count)) / FPS)
    weights = np.full((count, 2), 0.2, np.float32)
    motion = Motion(FPS, ('A', 'B', 'jaw'), rotations, FORMAT.weight_names, weights, start)
    return MotionWindow(0, start, motion, count, False)


def turned(angles: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Their difference but for whole turns."""
    difference = angles - others
    return difference - 2 * np.pi * np.round(difference / (2 * np.pi))


def followed(playout: Playout, planned: PlannedMotion) -> None:
    """What is shown from now on is what the planned says, moments between its frames included."""
    for before, after in itertools.pairwise(range(len(planned.times_ns))):
        shown = playout.show(planned.times_ns[before])
        np.testing.assert_allclose(turned(shown.angles, planned.angles[before]), 0, atol=1e-6)
        np.testing.assert_allclose(shown.weights, planned.weights[before], atol=1e-6)
        if after < len(planned.times_ns) - 1:  # the last one stands, whatever is shown
            step_s = (planned.times_ns[after] - planned.times_ns[before]) / NS
            spline = CubicHermiteSpline(
                [0, step_s], planned.angles[[before, after]], planned.velocities[[before, after]]
            )
            middle_ns = (planned.times_ns[before] + planned.times_ns[after]) // 2
            shown = playout.show(middle_ns)
            np.testing.assert_allclose(turned(shown.angles, spline(step_s / 2)), 0, atol=5e-3)


def test_velocities_are_those_of_what_is_shown(playout):
    playout.show(T0 - NS // 60)
    planned = playout.plan(1, 'u', T0, spinning(0, 34))
    followed(playout, planned)


def test_idle_motion_is_planned_as_it_is_shown_and_ends_at_rest(playout):
    playout.show(T0 - NS // 60)
    planned = playout.plan_idle(T0, swaying(0, 30))
    assert planned.utterance_id == '' and planned.times_ns[0] == T0
    np.testing.assert_allclose(planned.weights[-1], 0, atol=1e-9)
    np.testing.assert_allclose(planned.angles[-1], 0, atol=1e-9)
    assert len(planned.times_ns) == 30 + 9
    for index in range(20):
        assert playout.show(frame_ns(index)).state == 'idle'
    planned = playout.plan_idle(T0, swaying(22, 30))
    assert planned.times_ns[0] == frame_ns(22)
    followed(playout, planned)


def test_idle_motion_is_not_planned_for_the_time_of_an_utterance(playout):
    playout.show(T0 - NS // 60)
    playout.plan_idle(T0, swaying(0, 10))
    playout.plan(1, 'u', frame_ns(12), spinning(0, 40, last=True))
    assert playout.plan_idle(T0, swaying(15, 20)) is None
    # Up to the utterance it is, and the utterance is sent again with it, entered from there.
    planned = playout.plan_idle(T0, swaying(6, 20))
    assert planned.times_ns[0] == frame_ns(6)
    assert planned.times_ns[-1] > frame_ns(12 + 39 + 8)
    followed(playout, planned)


def test_the_end_of_an_utterance_is_planned_into_idle_motion(playout):
    playout.show(T0 - NS // 60)
    playout.plan(1, 'u', T0, spinning(0, 34))
    playout.plan_idle(T0, swaying(10, 80))
    for index in range(30):
        playout.show(frame_ns(index))
    planned = playout.plan(1, 'u', T0, spinning(30, 10, last=True))
    assert planned.times_ns[-1] >= frame_ns(89 + 8)
    np.testing.assert_allclose(planned.weights[-1], 0, atol=1e-9)
    for index in range(30, 60):
        shown = playout.show(frame_ns(index))
    assert shown.state == 'idle'
    np.testing.assert_allclose(shown.weights, planned.weights[29], atol=1e-6)
    np.testing.assert_allclose(shown.weights, 0.2, atol=1e-6)


def test_an_interrupt_is_planned_into_idle_motion(playout):
    playout.show(T0 - NS // 60)
    playout.plan_idle(T0, swaying(0, 80))
    playout.plan(1, 'u', T0, spinning(0, 60))
    for index in range(20):
        playout.show(frame_ns(index))
    planned = playout.interrupt(frame_ns(20), 2)
    np.testing.assert_allclose(planned.weights[15], 0.2, atol=1e-6)
    assert planned.times_ns[-1] >= frame_ns(79 + 8)
    followed(playout, planned)


def test_whole_turns_are_forgotten_once_and_idle_motion_is_followed_from_there(playout):
    """A joint that idles near a half turn does not flip from one side to the other."""
    playout.show(T0 - NS // 60)
    playout.plan(1, 'u', T0, spinning(0, 60, last=True))
    window = swaying(0, 120)
    angles = np.pi + window.motion.rotations[:, :1]
    wrapped = Rotation.from_rotvec(np.outer(angles[:, 0, 0], [1, 0, 0])).as_rotvec()
    window.motion.rotations[:, 0] = wrapped
    for index in range(10):
        playout.show(frame_ns(index))
    playout.plan_idle(frame_ns(30), window)
    shown = [playout.show(frame_ns(index / 4)) for index in range(40, 4 * 140)]
    x = np.array([one.angles[0, 0] for one in shown])
    idling = np.array([one.state == 'idle' for one in shown])
    assert x.max() > 2 * np.pi
    assert np.abs(np.diff(x[idling])).max() < 0.5
    assert np.abs(x[idling]).max() < np.pi + 0.31
    assert np.ptp(x[idling]) > 0.3
    # What is planned next goes on from the angles that are shown.
    planned = playout.plan_idle(frame_ns(30), MotionWindow(1, 112, window.motion[112:], 8, False))
    assert abs(planned.angles[0, 0, 0] - x[-1]) < 0.5


def test_the_pose_of_now_has_the_velocities_of_its_angles(playout):
    """Speech, its blends and the way to rest: the velocities are the slope of what is shown."""
    playout.show(T0 - NS // 60)
    playout.plan(1, 'u', T0, spinning(0, 34, last=True))
    step_ns = NS // 2000
    shown = [playout.show(T0 + index * step_ns) for index in range(2000 * 4)]
    angles = np.array([pose.angles for pose in shown])
    slopes = (angles[2:] - angles[:-2]) / (2 * step_ns) * NS
    velocities = np.array([pose.velocities for pose in shown])[1:-1]
    assert np.abs(velocities).max() > 2.9
    close = np.isclose(velocities, slopes, atol=0.02, rtol=0.01).all((1, 2))
    # Frames are joined by straight lines: at a frame the slope before differs from that after.
    assert close.mean() > 0.95
    np.testing.assert_allclose(shown[-1].velocities, 0, atol=1e-6)
