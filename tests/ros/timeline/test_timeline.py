"""Speech on the timeline: frames at their times, ends, interrupts and faults."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.timeline import Timeline
from tests.support.small_timeline import (
    FPS,
    JOINTS,
    SMALL,
    T0,
    TICK_NS,
    WEIGHTS,
    constant,
    frame_ns,
    settled,
    turn,
    window,
)


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
