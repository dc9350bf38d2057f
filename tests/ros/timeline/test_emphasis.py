"""Emphasis: how large gestures are, within what joints can do; and that all outputs agree on it."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
from diffsheg_model.data.corpus.teacher.events import from_phones
from diffsheg_model.data.corpus.teacher.styles import STYLES
from diffsheg_model.data.corpus.teacher.teacher import gesture
from diffsheg_model.data.corpus.voices.phones import Phone
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.joint_limits import excess
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.motion.rotations import quaternion_from_rotvec, rotvec_from_quaternion
from diffsheg_model.session.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.emphasis import EASE_S, MAX_SPANS, Emphases
from diffsheg_ros.timeline.playout import PlannedMotion, Playout
from diffsheg_ros.timeline.pose import Poses
from diffsheg_ros.timeline.timeline import Timeline

FPS = 15.0
FORMAT = MotionFormat('small', FPS, 34, ('Spine', 'Tail'), ('jaw',), ('open', 'blink'), True)
T0 = 1_700_000_000 * NS
TICK_NS = NS // 60
REST = np.array([[0.1, 0.0, 0.0], [0.0, 0.2, 0.0], [0.0, 0.0, 0.0]])


def swaying(start: int, count: int) -> MotionWindow:
    """Every joint sways about its rest pose by up to 0.2 rad, the jaw and the weights too."""
    sway = 0.2 * np.sin(2 * np.pi * 1.5 * (start + np.arange(count)) / FPS)
    around = Rotation.from_rotvec(np.outer(sway, [0, 0, 1]))
    rotations = np.stack([(around * Rotation.from_rotvec(rest)).as_rotvec() for rest in REST], 1)
    weights = np.repeat(0.5 + sway[:, None], 2, axis=1)
    motion = Motion(
        FPS, ('Spine', 'Tail', 'jaw'), rotations.astype(np.float32), FORMAT.weight_names,
        weights.astype(np.float32), start,
    )  # fmt: skip
    return MotionWindow(0, start, motion, count, False)


def away(rotations: np.ndarray) -> np.ndarray:
    """(T, J) rad from rest."""
    rest = Rotation.from_rotvec(REST).inv()
    return np.array([(Rotation.from_quat(frame) * rest).magnitude() for frame in rotations])


def moments(first_s: float, last_s: float) -> np.ndarray:
    return T0 + np.arange(round(first_s * NS), round(last_s * NS), TICK_NS)


@pytest.fixture
def timeline() -> Timeline:
    timeline = Timeline(FORMAT, REST)
    timeline.add(1, T0, swaying(0, 150), 'u')
    return timeline


def test_gestures_grow_in_the_span_and_nothing_else_changes(timeline):
    times_ns = moments(1.0, 9.0)
    before = timeline.planned_many(times_ns)
    assert timeline.emphasise(T0 + 4 * NS, 1.0, 2.0)
    after = timeline.planned_many(times_ns)
    np.testing.assert_array_equal(after.weights, before.weights)
    np.testing.assert_array_equal(after.rotations[:, 2], before.rotations[:, 2])
    seconds = (times_ns - T0) / NS
    quiet = (seconds <= 4 - EASE_S) | (seconds >= 5 + EASE_S)
    np.testing.assert_array_equal(after.rotations[quiet], before.rotations[quiet])
    span = (seconds >= 4) & (seconds <= 5)
    large, small = away(after.rotations[span]), away(before.rotations[span])
    assert large[:, 1].max() == pytest.approx(2 * small[:, 1].max(), rel=0.1)
    # The spine's way to the side is short: less is added.
    assert 1.3 < large[:, 0].max() / small[:, 0].max() < 1.8


def test_a_gain_of_zero_is_the_rest_pose_and_the_face_goes_on(timeline):
    timeline.emphasise(T0 + 4 * NS, 1.0, 0.0)
    poses = timeline.planned_many(moments(4.0, 5.0))
    assert away(poses.rotations)[:, :2].max() < 1e-9
    assert away(poses.rotations)[:, 2].max() > 0.15
    assert np.ptp(poses.weights, axis=0).min() > 0.3


def test_it_eases_without_a_jump_of_velocity(timeline):
    for gain, start_s in ((2.0, 2.0), (0.0, 3.2), (1.5, 3.3), (0.5, 3.9)):
        timeline.emphasise(T0 + round(start_s * NS), 0.3, gain)
    times_ns = T0 + np.arange(1_000, 6_000) * (NS // 1000)
    poses = timeline.planned_many(times_ns)
    angles = rotvec_from_quaternion(poses.rotations)
    velocities = np.diff(angles, axis=0) * 1000
    assert np.abs(np.diff(velocities, axis=0)).max() < 0.2  # at 1000 a second
    gains = timeline.emphases.gains(times_ns)
    assert gains.min() >= 0 and gains.max() <= 2
    assert timeline.emphases.gains(np.array([T0 + round(2.1 * NS)])) == 2
    # The later one has taken over.
    assert timeline.emphases.gains(np.array([T0 + round(3.45 * NS)])) == 1.5


def test_a_span_that_comes_while_it_is_under_way_is_faded_in(timeline):
    for tick in range(180):
        before = timeline.sample(T0 + tick * TICK_NS)
    now_ns = T0 + 179 * TICK_NS
    assert timeline.emphasise(now_ns - NS // 4, 2.0, 0.0)
    after = timeline.sample(now_ns)
    np.testing.assert_allclose(after.rotations, before.rotations, atol=1e-9)
    assert away(timeline.planned_many(moments(3.6, 4.0)).rotations)[:, :2].max() < 1e-9


def test_what_is_wrong_late_or_too_much_is_left_out_and_counted():
    timeline = Timeline(FORMAT, REST)
    emphases = timeline.emphases
    wrong = [(0.0, 1.0), (-1.0, 1.0), (np.inf, 1.0), (np.nan, 1.0), (1.0, 2.1), (1.0, -0.1)]
    for duration_s, gain in [*wrong, (1.0, np.nan)]:
        assert not timeline.emphasise(T0, duration_s, gain)
    assert emphases.rejected == 7 and len(emphases) == 0
    timeline.sample(T0)
    assert not timeline.emphasise(T0 - 2 * NS, 1.0, 2.0)
    assert emphases.late == 1
    for index in range(MAX_SPANS):
        assert timeline.emphasise(T0 + (index + 1) * NS, 0.5, 2.0)
    assert not timeline.emphasise(T0 + 3600 * NS, 0.5, 2.0)
    assert timeline.emphasise(T0, 0.5, 0.5)  # sooner than the last, which goes
    assert emphases.dropped == 2 and len(emphases) == MAX_SPANS
    for second in range(0, MAX_SPANS + 2):
        timeline.sample(T0 + second * NS)
    assert len(emphases) < 5


@pytest.mark.parametrize('duration_s', [3600.1, 1e9, 9.3e9, 1e18, 3e38])
def test_absurd_lengths_are_refused_and_nothing_is_kept_of_them(timeline, duration_s):
    before = timeline.planned_many(moments(1.0, 3.0)).rotations
    assert not timeline.emphasise(T0 + NS, duration_s, 2.0)
    assert timeline.emphases.rejected == 1 and len(timeline.emphases) == 0
    np.testing.assert_array_equal(timeline.planned_many(moments(1.0, 3.0)).rotations, before)


def test_spans_far_ahead_are_refused_and_those_left_by_a_clock_that_jumped_are_forgotten(timeline):
    assert timeline.emphasise(T0 + 5000 * NS, 1.0, 2.0)  # nothing was shown yet
    timeline.sample(T0)
    assert not timeline.emphasise(T0 + 3601 * NS, 1.0, 2.0)
    assert timeline.emphases.rejected == 1
    timeline.sample(T0 - 5000 * NS)
    assert len(timeline.emphases) == 0


def test_the_number_of_long_spans_does_not_change_what_is_seen(timeline):
    """What is in force throughout hides all that began before it."""
    for second in range(MAX_SPANS):
        assert timeline.emphasise(T0 + second * NS // 100, 3600.0, second % 3)
    emphases = timeline.emphases
    assert emphases.gains(moments(4.0, 5.0)) == pytest.approx((MAX_SPANS - 1) % 3)
    alone = Emphases(('Spine', 'Tail'), quaternion_from_rotvec(REST))
    for span in emphases.spans()[-60:]:
        alone.add(span.start_ns, (span.end_ns - span.start_ns) / NS, span.gain, None)
    times_ns = moments(2.2, 2.8)
    np.testing.assert_allclose(emphases.gains(times_ns), alone.gains(times_ns), atol=1e-9)


def test_a_span_is_not_kept_where_computing_with_it_fails(timeline, monkeypatch):
    assert timeline.emphasise(T0 + 2 * NS, 1.0, 2.0)
    timeline.sample(T0 + NS)
    spans = timeline.emphases.spans()
    monkeypatch.setattr(timeline._speech, 'settle', lambda shown_ns: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        timeline.emphasise(T0 + 3 * NS, 1.0, 0.5)
    assert timeline.emphases.spans() == spans


def test_an_interrupt_forgets_the_emphasis_of_what_is_not_said(timeline):
    for second in (1, 5, 20):
        timeline.emphasise(T0 + second * NS, 1.0, 2.0)
    timeline.sample(T0 + NS)
    timeline.interrupt(T0 + NS)
    assert len(timeline.emphases) == 1
    assert timeline.emphases.gains(np.array([T0 + round(20.5 * NS)])) == 2


def emphasised(playout: Playout, start_ns: int) -> PlannedMotion | None:
    """Scale the gesture for a second; return the motion that is planned anew."""
    assert playout.emphasise(start_ns, 1.0, 2.0)
    return playout.emphasised(start_ns)


def test_trajectories_are_sent_again_and_say_what_is_shown():
    timeline = Timeline(FORMAT, REST)
    playout = Playout(timeline, FPS, 0.5)
    playout.show(T0)
    assert emphasised(playout, T0 + NS) is None  # nothing is planned yet
    playout.plan(1, 'u', T0, swaying(0, 75))
    planned = emphasised(playout, T0 + 2 * NS)
    assert planned.utterance_id == 'u'
    assert planned.times_ns[0] == T0 + round(26 * NS / FPS)  # the first one not before the easing
    assert planned.times_ns[-1] > T0 + 5 * NS and not planned.velocities[-1].any()
    shown = {}
    for time_ns in sorted({*planned.times_ns, *moments(0.0, 6.0).tolist()}):
        shown[time_ns] = playout.show(time_ns)
    for time_ns, angles in zip(planned.times_ns, planned.angles, strict=True):
        np.testing.assert_allclose(shown[time_ns].angles, angles, atol=1e-6)
    assert not playout.emphasise(T0 - 9 * NS, 1.0, 2.0)
    assert not playout.emphasise(T0 + 7 * NS, 1.0, np.nan)


def test_speech_that_is_planned_far_ahead_is_not_sent_again():
    playout = Playout(Timeline(FORMAT, REST), FPS, 0.5)
    playout.plan(1, 'u', T0, swaying(0, 600))
    assert emphasised(playout, T0 + 2 * NS) is None
    assert emphasised(playout, T0 + 35 * NS) is not None


@pytest.mark.parametrize('style', STYLES, ids=lambda style: style.name)
def test_gestures_that_a_human_can_make_stay_such_when_they_are_enlarged(style):
    random = np.random.default_rng(0)
    phones = tuple(
        Phone(str(random.choice(['B', 'AA', 'IY'])), 0.2 * i, 0.2 * i + 0.14, int(i % 3 == 0))
        for i in range(150)
    )
    samples = (0.2 * random.standard_normal(30 * 16000)).astype(np.float32)
    events = from_phones(phones, samples, 16000, FPS, round(30 * FPS))
    motion = gesture(events, style, random).astype(float)
    names = BEAT.joint_names
    skeleton = load_bundle(DEFAULT_BUNDLE).skeleton
    rest = quaternion_from_rotvec(np.asarray(skeleton.rest)[skeleton.indices(names)])
    emphases = Emphases(names, rest)
    emphases.add(T0, 60.0, 2.0, None)
    times_ns = T0 + np.arange(len(motion)) * round(NS / FPS)
    poses = Poses(times_ns, quaternion_from_rotvec(motion), np.zeros((len(motion), 0)))
    enlarged = rotvec_from_quaternion(emphases.applied(poses).rotations)
    arm = names.index('RightArm')
    assert np.linalg.norm(np.ptp(enlarged[:, arm], 0)) > 1.2 * np.linalg.norm(
        np.ptp(motion[:, arm], 0)
    )
    assert excess(names, motion).max() == 0
    assert excess(names, enlarged).max() < 3
