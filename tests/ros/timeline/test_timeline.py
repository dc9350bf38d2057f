import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.motion.rotations import rotvec_from_quaternion
from diffsheg_model.session.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.timeline import Timeline

FPS = 15.0
FREE = MotionFormat('free', FPS, 34, ('A', 'B'), ('jaw',), ('open', 'blink'), False)
SMALL = MotionFormat('small', FPS, 34, ('A', 'B'), ('jaw',), ('open', 'blink'), True)
JOINTS, WEIGHTS = 3, 2
TICK_NS = NS // 60
T0 = 1_700_000_000 * NS + 123_456_789


def window(start, rotations, weights, last=False, overlap=0, fps=FPS) -> MotionWindow:
    rotations = np.asarray(rotations, np.float32)
    weights = np.asarray(weights, np.float32)
    motion = Motion(fps, ('A', 'B', 'jaw'), rotations, SMALL.weight_names, weights, start)
    return MotionWindow(0, start, motion, len(weights) - (0 if last else overlap), last)


def constant(start, count, value, last=False) -> MotionWindow:
    rotations = np.zeros((count, JOINTS, 3))
    rotations[:, :, 0] = value
    return window(start, rotations, np.full((count, WEIGHTS), value), last)


def frame_ns(index, start_ns=T0) -> int:
    return start_ns + round(index * 1e9 / FPS)


def turn(a, b) -> float:
    """Largest angle between two poses, rad."""
    between = Rotation.from_quat(a.rotations) * Rotation.from_quat(b.rotations).inv()
    return float(np.linalg.norm(between.as_rotvec(), axis=-1).max())


def settled(timeline, time_ns, seconds=0.6):
    """Samples at 60 Hz up to a moment, so that every fade is over by then."""
    for tick in range(round(seconds * 60), 0, -1):
        timeline.sample(time_ns - tick * TICK_NS)
    return timeline.sample(time_ns)


def test_rests_where_nothing_is_planned():
    rest = np.full((JOINTS, 3), 0.2)
    timeline = Timeline(SMALL, rest, np.array([0.1, 0.0]))
    pose = timeline.sample(T0)
    assert pose.state == 'idle'
    assert pose.utterance_id == ''
    np.testing.assert_allclose(pose.rotvecs, rest, atol=1e-12)
    np.testing.assert_allclose(pose.weights, [0.1, 0.0])
    assert timeline.planned_until_ns is None


def test_frames_have_exact_times_and_are_interpolated_as_rotations():
    timeline = Timeline(SMALL)
    rotations = np.zeros((30, JOINTS, 3))
    rotations[::2, 0, 0] = np.pi / 2
    rotations[1::2, 0, 1] = np.pi / 2
    weights = np.zeros((30, WEIGHTS))
    weights[1::2] = 1.0
    timeline.add(1, T0, window(0, rotations, weights), 'hello')
    for index in (20, 21, 22):
        pose = settled(timeline, frame_ns(index))
        assert pose.state == 'speaking'
        assert pose.utterance_id == 'hello'
        np.testing.assert_allclose(pose.rotvecs, rotations[index], atol=1e-6)
        np.testing.assert_allclose(pose.weights, weights[index], atol=1e-6)
    middle = timeline.sample((frame_ns(23) + frame_ns(22)) // 2)
    np.testing.assert_allclose(middle.weights, 0.5, atol=1e-6)
    # Half way along the arc between both, as far from one as from the other.
    angles = [
        (Rotation.from_quat(middle.rotations[0]).inv() * Rotation.from_rotvec(r)).magnitude()
        for r in rotations[22:24, 0]
    ]
    assert angles[0] == pytest.approx(angles[1], abs=1e-5)
    both = Rotation.from_rotvec(rotations[22:24, 0])
    assert sum(angles) == pytest.approx((both[0].inv() * both[1]).magnitude(), abs=1e-5)
    assert timeline.planned_until_ns == frame_ns(29)


def test_times_do_not_drift_over_an_hour():
    timeline = Timeline(SMALL)
    timeline.add(1, T0, constant(54_000 - 30, 30, 0.5))
    assert timeline.planned_until_ns == T0 + round(53_999 * 1e9 / 15)


def test_later_window_replaces_the_overlap():
    timeline = Timeline(SMALL)
    timeline.add(1, T0, constant(0, 34, 0.2))
    timeline.add(1, T0, constant(30, 34, 0.6))
    np.testing.assert_allclose(settled(timeline, frame_ns(29)).weights, 0.2, atol=1e-6)
    np.testing.assert_allclose(settled(timeline, frame_ns(30)).weights, 0.6, atol=1e-6)
    assert timeline.planned_until_ns == frame_ns(63)


def test_begins_from_rest_within_the_blend():
    timeline = Timeline(SMALL, blend_s=0.5)
    timeline.add(1, T0, constant(0, 34, 0.8))
    assert timeline.sample(T0 - TICK_NS).state == 'idle'
    np.testing.assert_allclose(timeline.sample(T0).weights, 0, atol=1e-6)
    np.testing.assert_allclose(timeline.sample(T0 + NS // 4).weights, 0.4, atol=1e-6)
    np.testing.assert_allclose(timeline.sample(T0 + NS // 2).weights, 0.8, atol=1e-6)


def test_end_returns_to_rest_at_once():
    timeline = Timeline(SMALL, blend_s=0.5, hold_s=0.5)
    timeline.add(1, T0, constant(0, 34, 0.8, last=True), 'hello')
    end = frame_ns(33)
    settled(timeline, end)
    pose = timeline.sample(end + NS // 4)
    assert pose.state == 'returning'
    assert pose.utterance_id == 'hello'
    np.testing.assert_allclose(pose.weights, 0.4, atol=1e-6)
    pose = timeline.sample(end + NS // 2)
    assert pose.state == 'idle'
    assert pose.utterance_id == ''
    np.testing.assert_allclose(pose.rotvecs, 0, atol=1e-6)


def test_under_run_holds_and_then_returns():
    timeline = Timeline(SMALL, blend_s=0.5, hold_s=0.5)
    timeline.add(1, T0, constant(0, 34, 0.8))
    end = frame_ns(33)
    settled(timeline, end)
    for quarter, state, weight in [
        (1, 'holding', 0.8),
        (2, 'holding', 0.8),
        (3, 'returning', 0.4),
        (4, 'idle', 0.0),
    ]:
        pose = timeline.sample(end + quarter * NS // 4)
        assert pose.state == state
        np.testing.assert_allclose(pose.weights, weight, atol=1e-6)


def test_late_window_is_joined_smoothly():
    timeline = Timeline(SMALL)
    timeline.add(1, T0, constant(0, 34, 0.2))
    now = frame_ns(33) + NS // 5
    assert settled(timeline, now).state == 'holding'
    timeline.add(1, T0, constant(30, 34, 0.9))
    pose = timeline.sample(now)
    assert pose.state == 'speaking'
    np.testing.assert_allclose(pose.weights, 0.2, atol=1e-6)
    np.testing.assert_allclose(timeline.sample(now + NS // 2).weights, 0.9, atol=1e-6)


def test_the_final_window_that_repeats_its_overlap_disturbs_nothing():
    timeline = Timeline(SMALL)
    first = constant(0, 34, 0.8)
    timeline.add(1, T0, first)
    before = settled(timeline, frame_ns(31))
    timeline.add(1, T0, constant(30, 4, 0.8, last=True))
    np.testing.assert_array_equal(timeline.sample(frame_ns(31)).weights, before.weights)
    assert timeline.sample(frame_ns(33) + NS // 4).state == 'returning'


def test_interrupt_goes_to_rest_from_the_pose_of_now_and_old_windows_are_stale():
    timeline = Timeline(SMALL, blend_s=0.5)
    timeline.add(4, T0, constant(0, 34, 0.8), 'old')
    now = frame_ns(20)
    settled(timeline, now)
    timeline.interrupt(now, 5)
    assert not timeline.add(4, T0, constant(30, 34, 0.8), 'old')
    assert timeline.stale_windows == 1
    assert len(timeline) == 0
    pose = timeline.sample(now)
    assert pose.state == 'returning'
    assert pose.utterance_id == ''
    np.testing.assert_allclose(pose.weights, 0.8, atol=1e-6)
    np.testing.assert_allclose(timeline.sample(now + NS // 4).weights, 0.4, atol=1e-6)
    pose = timeline.sample(now + NS // 2)
    assert pose.state == 'idle'
    np.testing.assert_allclose(pose.weights, 0, atol=1e-6)


def test_planned_tells_what_will_be_shown_and_changes_nothing():
    timeline = Timeline(SMALL)
    timeline.add(1, T0, constant(0, 34, 0.8, last=True), 'hello')
    now = frame_ns(20)
    settled(timeline, now)
    timeline.interrupt(now)
    timeline.add(5, frame_ns(40), constant(0, 34, 0.5), 'next')
    moments = [now + tick * TICK_NS for tick in range(1, 200)]
    foretold = [timeline.planned(moment) for moment in reversed(moments)][::-1]
    for before, moment in zip(foretold, moments, strict=True):
        pose = timeline.sample(moment)
        assert (pose.state, pose.utterance_id) == (before.state, before.utterance_id)
        np.testing.assert_array_equal(pose.rotations, before.rotations)
        np.testing.assert_array_equal(pose.weights, before.weights)


def test_interrupt_without_an_epoch_makes_all_seen_stale():
    timeline = Timeline(SMALL)
    timeline.add(4, T0, constant(0, 34, 0.8))
    timeline.interrupt(T0)
    assert not timeline.add(4, T0, constant(30, 34, 0.8))
    assert timeline.add(5, T0, constant(0, 34, 0.8))


def test_next_utterance_takes_over_at_its_first_frame():
    timeline = Timeline(SMALL)
    timeline.add(1, T0, constant(0, 34, 0.2, last=True), 'one')
    timeline.add(2, frame_ns(30), constant(0, 34, 0.8, last=True), 'two')
    pose = settled(timeline, frame_ns(30) - TICK_NS)
    assert pose.utterance_id == 'one'
    np.testing.assert_allclose(pose.weights, 0.2, atol=1e-6)
    pose = timeline.sample(frame_ns(30))
    assert pose.utterance_id == 'two'
    np.testing.assert_allclose(pose.weights, 0.2, atol=1e-6)
    np.testing.assert_allclose(settled(timeline, frame_ns(45)).weights, 0.8, atol=1e-6)
    assert not timeline.add(1, T0, constant(30, 34, 0.2))


@pytest.mark.parametrize('jump_s', [-1, -3600, 3600, 10**9, -(10**9)])
def test_clock_jump_goes_on_from_the_pose_of_before(jump_s):
    timeline = Timeline(SMALL)
    timeline.add(1, T0, constant(0, 34, 0.8))
    before = settled(timeline, frame_ns(25))
    after_ns = frame_ns(25) + jump_s * NS
    pose = timeline.sample(after_ns)
    assert turn(before, pose) < 1e-6
    np.testing.assert_allclose(pose.weights, before.weights, atol=1e-6)
    settled(timeline, after_ns + NS)
    # And the next utterance plays on the new clock.
    timeline.add(2, after_ns + NS, constant(0, 34, 0.5))
    np.testing.assert_allclose(settled(timeline, after_ns + 2 * NS).weights, 0.5, atol=1e-6)


def test_numbers_that_are_not_finite_never_get_in():
    timeline = Timeline(SMALL)
    bad = constant(0, 34, 0.5)
    bad.motion.rotations[3, 1, 2] = np.nan
    assert not timeline.add(1, T0, bad)
    assert timeline.rejected_windows == 1
    assert timeline.sample(T0 + NS).state == 'idle'


def test_unit_weights_are_clamped_and_others_are_not():
    for unit, expected in ((True, 1.0), (False, 3.0)):
        format_ = MotionFormat('f', FPS, 34, ('A', 'B'), ('jaw',), ('open', 'blink'), unit)
        timeline = Timeline(format_)
        timeline.add(1, T0, constant(0, 34, 3.0))
        assert settled(timeline, frame_ns(20)).weights.max() == pytest.approx(expected)


def test_memory_is_bounded_while_an_hour_plays():
    timeline = Timeline(SMALL)
    held = []
    for index in range(0, 54_000, 300):
        timeline.add(1, T0, constant(index, 304, 0.3))
        timeline.sample(frame_ns(index + 290))
        held.append(len(timeline))
    assert max(held) <= 304 + 304
    timeline.trim(frame_ns(60_000))
    assert len(timeline) == 0


def test_what_is_planned_too_far_ahead_is_dropped():
    timeline = Timeline(SMALL)
    for index in range(0, 60_000, 1000):
        timeline.add(1, T0, constant(index, 1000, 0.3))
    assert len(timeline) == 54_000
    assert timeline.dropped_frames == 6_000


def test_a_gap_between_windows_is_bridged():
    timeline = Timeline(SMALL)
    timeline.add(1, T0, constant(0, 34, 0.2))
    timeline.add(1, T0, constant(60, 34, 0.8))
    weights = [settled(timeline, frame_ns(index)).weights[0] for index in (33, 45, 60)]
    assert weights[0] < weights[1] < weights[2]


@pytest.mark.parametrize('options', [{'blend_s': 0.0}, {'hold_s': -1.0}, {'blend_s': float('nan')}])
def test_bad_settings_are_refused(options):
    with pytest.raises(ValueError, match='blend_s'):
        Timeline(SMALL, **options)


def test_a_rest_pose_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match='rest pose'):
        Timeline(SMALL, np.zeros((2, 3)))


def same(a, b, atol=1e-9):
    assert turn(a, b) < max(atol, 1e-7)
    np.testing.assert_allclose(a.weights, b.weights, atol=atol)


def swaying(start, count, *, speed=1.0, last=False) -> MotionWindow:
    """Joint A sways about x and the weights with it."""
    times = (start + np.arange(count)) / FPS
    rotations = np.zeros((count, JOINTS, 3))
    rotations[:, 0, 0] = 0.3 * np.sin(speed * times)
    weights = np.repeat(0.3 + 0.2 * np.sin(speed * times)[:, None], WEIGHTS, axis=1)
    return window(start, rotations, weights, last)


def test_without_idle_motion_nothing_of_it_is_known():
    assert Timeline(SMALL).idle_until_ns is None


def test_idle_motion_takes_the_place_of_rest_where_it_is_planned():
    timeline = Timeline(SMALL, blend_s=0.4)
    assert timeline.add_idle(T0, constant(0, 30, 0.6))
    assert timeline.add_idle(T0, constant(20, 25, 0.6))
    assert timeline.idle_until_ns == frame_ns(44)
    assert timeline.planned_until_ns is None
    np.testing.assert_allclose(settled(timeline, T0 - TICK_NS).weights, 0, atol=1e-9)
    np.testing.assert_allclose(timeline.sample(T0 + NS // 5).weights, 0.3, atol=1e-6)
    for index in (6, 25, 44):
        pose = settled(timeline, frame_ns(index), 0.2)
        assert (pose.state, pose.utterance_id) == ('idle', '')
        np.testing.assert_allclose(pose.weights, 0.6, atol=1e-6)
    # Where it runs out the rest pose comes back, and goes when there is more.
    pose = settled(timeline, frame_ns(44) + NS // 5, 0.1)
    assert pose.state == 'idle'
    np.testing.assert_allclose(pose.weights, 0.3, atol=1e-6)
    timeline.add_idle(T0 + 5 * NS, constant(0, 30, 0.4))
    np.testing.assert_allclose(settled(timeline, T0 + 5 * NS).weights, 0, atol=1e-9)
    np.testing.assert_allclose(settled(timeline, T0 + 6 * NS).weights, 0.4, atol=1e-6)


def test_an_utterance_wins_over_idle_motion_and_returns_into_it():
    timeline, idle = Timeline(SMALL), Timeline(SMALL)
    for one in (timeline, idle):
        one.add_idle(T0 - 2 * NS, swaying(0, 150))
    timeline.add(1, T0, constant(0, 30, 0.8, last=True), 'hello')
    for time_ns in (T0 - NS, T0 - TICK_NS):
        pose = settled(timeline, time_ns)
        assert pose.state == 'idle'
        same(pose, settled(idle, time_ns))
    assert timeline.sample(T0).state == 'speaking'
    same(timeline.sample(T0), idle.sample(T0))
    np.testing.assert_allclose(settled(timeline, T0 + NS).weights, 0.8, atol=1e-6)
    end_ns = frame_ns(29)
    pose = settled(timeline, end_ns + NS // 4)
    assert pose.state == 'returning' and pose.utterance_id == 'hello'
    pose = timeline.sample(end_ns + NS // 2)
    assert pose.state == 'idle' and pose.utterance_id == ''
    same(pose, settled(idle, end_ns + NS // 2))
    assert turn(pose, settled(timeline, end_ns + 2 * NS)) > 0.1  # it moves
    assert timeline.idle_until_ns == T0 - 2 * NS + round(149 * 1e9 / FPS)


def test_idle_motion_that_comes_after_the_utterance_was_planned_is_returned_into():
    timeline, idle = Timeline(SMALL), Timeline(SMALL)
    timeline.add(1, T0, constant(0, 30, 0.8, last=True))
    settled(timeline, frame_ns(10))
    for one in (timeline, idle):
        one.add_idle(frame_ns(5), swaying(0, 90))
    np.testing.assert_allclose(timeline.sample(frame_ns(10)).weights, 0.8, atol=1e-6)
    settled(timeline, frame_ns(29) + NS // 2, 1.6)
    same(timeline.sample(frame_ns(29) + NS // 2), settled(idle, frame_ns(29) + NS // 2))


def test_an_interrupt_blends_into_idle_motion_and_does_not_clear_it():
    timeline, idle = Timeline(SMALL), Timeline(SMALL)
    for one in (timeline, idle):
        one.add_idle(T0 - NS, swaying(0, 120))
    timeline.add(1, T0, constant(0, 60, 0.8), 'hello')
    now_ns = frame_ns(20)
    before = settled(timeline, now_ns)
    timeline.interrupt(now_ns)
    assert timeline.planned_until_ns is None and timeline.idle_until_ns is not None
    same(timeline.sample(now_ns), before)
    assert timeline.sample(now_ns + NS // 4).state == 'returning'
    # More of it, even other, leaves the state alone.
    timeline.add_idle(now_ns, swaying(4, 90, speed=1.1))
    assert timeline.sample(now_ns + NS // 2 - TICK_NS).state == 'returning'
    pose = timeline.sample(now_ns + NS // 2)
    assert pose.state == 'idle' and pose.weights.max() < 0.6


def test_idle_motion_of_another_start_is_blended_into():
    timeline = Timeline(SMALL, blend_s=0.5)
    timeline.add_idle(T0, constant(0, 90, 0.2))
    timeline.add_idle(frame_ns(45), constant(0, 45, 0.8))
    np.testing.assert_allclose(settled(timeline, frame_ns(45)).weights, 0.2, atol=1e-6)
    np.testing.assert_allclose(timeline.sample(frame_ns(45) + NS // 4).weights, 0.5, atol=1e-6)
    pose = timeline.sample(frame_ns(45) + NS // 2)
    np.testing.assert_allclose(pose.weights, 0.8, atol=1e-6)
    assert pose.state == 'idle'


def test_memory_is_bounded_while_it_idles():
    timeline = Timeline(SMALL)
    bad = constant(0, 34, 0.5)
    bad.motion.weights[3, 1] = np.inf
    assert not timeline.add_idle(T0, bad)
    assert timeline.rejected_windows == 1 and timeline.idle_until_ns is None
    held = []
    for index in range(0, 9000, 30):
        start_ns = T0 + (index // 900) * NS
        timeline.add_idle(start_ns, constant(index, 34, 0.3))
        timeline.sample(frame_ns(index + 30, start_ns))
        held.append(len(timeline))
    assert max(held) < 100
    timeline.trim(frame_ns(10_000))
    assert len(timeline) == 0


def test_windows_from_the_next_frame_on_disturb_nothing_that_is_shown():
    """Live: each hop only changes frames that are not on the way yet, by a lot even."""
    timeline = Timeline(SMALL)
    random = np.random.default_rng(0)
    finals = {}
    for frame in range(2, 60):
        count = 8 if frame > 2 else 10
        rotations = 0.5 * random.standard_normal((count, JOINTS, 3))
        weights = random.uniform(0, 1, (count, WEIGHTS))
        start = frame if frame > 2 else 0
        timeline.add(1, T0, window(start, rotations, weights), 'live')
        finals |= {start + index: weights[index] for index in range(count)}
        for part in range(1, 4):  # frame - 2 is shown, the way to frame - 1 under way
            timeline.sample(frame_ns(frame - 2 + part / 4))
        if frame > 12:  # the first blend is over
            shown = timeline.sample(frame_ns(frame - 1)).weights
            np.testing.assert_allclose(shown, finals[frame - 1], atol=1e-6)


def test_joins_are_smooth_all_along():
    """Finely sampled: velocities never jump, through every kind of planned transition."""
    timeline = Timeline(FREE, blend_s=0.3, hold_s=0.2)
    timeline.add_idle(T0, swaying(0, 20, speed=4.0))
    timeline.add_idle(frame_ns(15), swaying(0, 120, speed=3.0))
    timeline.add(1, frame_ns(20), swaying(40, 20, speed=6.0), 'held')
    timeline.add(2, frame_ns(85), swaying(10, 12, speed=5.0, last=True), 'one')
    timeline.add(3, frame_ns(105), swaying(0, 1, last=True), 'a single frame')
    timeline.add(4, frame_ns(106), swaying(80, 10, speed=-4.0, last=True), 'two')
    timeline.add(5, frame_ns(195), swaying(0, 10, last=True), 'from its last frame on')
    timeline.emphasise(frame_ns(86), 0.2, 2.0)
    timeline.emphasise(frame_ns(110), 0.5, 0.0)
    step_s = 0.001
    times_ns = T0 - NS // 10 + np.arange(11_000) * round(step_s * NS)
    poses = timeline.planned_many(times_ns)
    assert {timeline.label(int(time))[0] for time in times_ns[::20]} == {
        'idle', 'speaking', 'holding', 'returning',
    }  # fmt: skip
    angles = rotvec_from_quaternion(poses.rotations)[:, 0, 0]
    for values in (angles, poses.weights[:, 0]):
        velocity = np.diff(values) / step_s
        assert np.abs(velocity).max() < 6
        assert np.abs(np.diff(velocity)).max() < 150 * step_s


SPEED_RAD_S = 6.0
SPEED_WEIGHT_S = 4.0
STEP_NS = 10_000


def wander(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """A smooth random motion within the speed limits above, from a random start."""
    random = np.random.default_rng(seed)
    rotation = Rotation.random(JOINTS, random_state=random)
    rotations, weights = [], [random.uniform(0, 1, WEIGHTS)]
    axes = random.standard_normal((JOINTS, 3))
    for _ in range(count):
        rotations.append(rotation.as_rotvec())
        axes += 0.5 * random.standard_normal((JOINTS, 3))
        axes /= np.linalg.norm(axes, axis=-1, keepdims=True)
        rotation = Rotation.from_rotvec(axes * SPEED_RAD_S / FPS) * rotation
        step = random.uniform(-1, 1, WEIGHTS) * SPEED_WEIGHT_S / FPS
        weights.append(np.clip(weights[-1] + step, 0, 1))
    return np.array(rotations), np.array(weights[:-1])


def moved(before, after) -> tuple[np.ndarray, np.ndarray]:
    """Angular velocities (J, 3) and rates (W,) from one pose to the next."""
    between = Rotation.from_quat(after.rotations) * Rotation.from_quat(before.rotations).inv()
    step_s = (after.time_ns - before.time_ns) / NS
    return between.as_rotvec() / step_s, (after.weights - before.weights) / step_s


events = st.one_of(
    st.tuples(st.just('play'), st.integers(1, 40)),
    st.tuples(st.just('window'), st.booleans()),
    st.tuples(st.just('live'), st.integers(1, 10)),
    st.tuples(st.just('late'), st.integers(0, 60)),
    st.tuples(st.just('utterance'), st.integers(-60, 60)),
    st.tuples(st.just('idle'), st.integers(-30, 30)),
    st.tuples(st.just('emphasis'), st.integers(-30, 60)),
    st.tuples(st.just('interrupt'), st.integers(0, 1)),
    st.tuples(st.just('clock'), st.sampled_from([-3600, -2, 2, 86_400])),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(events, max_size=25), st.integers(0, 1000), st.booleans())
def test_whatever_happens_the_pose_is_finite_and_as_smooth_as_planned(script, seed, unit):
    blend_s = 0.5
    timeline = Timeline(SMALL if unit else FREE, blend_s=blend_s)
    now, epoch, start_ns, frame = T0, 1, T0, 0
    rotations, weights = wander(seed, 2000)
    # A curve moves at most twice as fast as its frames. A fade adds 1.5 * its size / blend_s, and
    # the difference of the velocities that it joins. Three can be under way at a time: at the
    # utterance's beginning, at its end and of an event. Emphasis of joints that are turned half
    # around multiplies that.
    emphatic = any(kind == 'emphasis' for kind, _ in script)
    fade_rad_s, fade_weight_s = 1.5 * np.pi / blend_s, 1.5 / blend_s
    turn_limit = np.pi if emphatic else 2 * (2 * SPEED_RAD_S + 3 * fade_rad_s) / 60
    weight_limit = 2 * (2 * SPEED_WEIGHT_S + 3 * fade_weight_s) / 60
    # The same of accelerations: the curve's within a frame, the fades' 6 * size / blend_s^2 +
    # 4 * velocity / blend_s, and turning axes; far below a jump of the velocity in STEP_NS.
    jump_rad_s = (20_000 if emphatic else 5000) * STEP_NS / NS
    jump_weight_s = 2000 * STEP_NS / NS

    def check(before, after):
        assert np.isfinite(after.rotations).all()
        assert np.isfinite(after.weights).all()
        assert not unit or ((after.weights >= 0) & (after.weights <= 1)).all()
        np.testing.assert_allclose(np.linalg.norm(after.rotations, axis=-1), 1)
        assert turn(before, after) <= turn_limit
        assert np.abs(after.weights - before.weights).max() <= weight_limit

    def happen(kind, value):
        nonlocal now, epoch, start_ns, frame, rotations, weights
        if kind in ('window', 'late', 'live'):
            if kind == 'late':
                frame += value
            stretch = slice(frame, frame + (value if kind == 'live' else 34))
            last = kind == 'window' and value
            timeline.add(
                epoch, start_ns, window(frame, rotations[stretch], weights[stretch], last, 4)
            )
            frame += 1 if kind == 'live' else 30
        elif kind == 'utterance':
            epoch, start_ns, frame = epoch + 1, now + value * TICK_NS, 0
            rotations, weights = wander(seed + epoch, 2000)
        elif kind == 'idle':
            start = value % 20
            idle = [values[start : start + 20] / 4 for values in wander(seed, 40)]
            timeline.add_idle(now + (value // 20) * NS, window(start, *idle))
        elif kind == 'emphasis':
            timeline.emphasise(now + value * TICK_NS, 0.2, value % 3)
        elif kind == 'interrupt':
            epoch += 1
            timeline.interrupt(now + value * STEP_NS, epoch)

    previous = timeline.sample(now)
    for kind, value in [*script, ('play', 30)]:
        if kind == 'play':
            for _ in range(value):
                now += TICK_NS
                pose = timeline.sample(now)
                check(previous, pose)
                previous = pose
            continue
        # What happens may make neither the pose nor its velocity jump.
        first, here = (timeline.sample(now + step * STEP_NS) for step in (1, 2))
        now += 2 * STEP_NS
        spins, rates = moved(first, here)
        if kind == 'clock':
            now += value * NS
            jumped = timeline.sample(now)
            assert turn(here, jumped) < 1e-6
            here = jumped
        else:
            happen(kind, value)
        now += STEP_NS
        previous = timeline.sample(now)
        check(here, previous)
        spins_after, rates_after = moved(here, previous)
        assert np.abs(spins_after - spins).max() < jump_rad_s
        if not unit:  # a clipped weight stops at once
            assert np.abs(rates_after - rates).max() < jump_weight_s
