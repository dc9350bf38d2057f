"""Idle motion on the timeline: below speech, in place of rest."""

import numpy as np

from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.timeline import Timeline
from tests.support.small_timeline import (
    FPS,
    SMALL,
    T0,
    TICK_NS,
    constant,
    frame_ns,
    same,
    settled,
    swaying,
    turn,
)


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
