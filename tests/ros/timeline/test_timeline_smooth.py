"""Whatever happens, poses are finite and as smooth as planned."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from diffsheg_model.motion.rotations import rotvec_from_quaternion
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.timeline import Timeline
from tests.support.small_timeline import (
    FPS,
    FREE,
    JOINTS,
    SMALL,
    T0,
    TICK_NS,
    WEIGHTS,
    frame_ns,
    swaying,
    turn,
    window,
)


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
    # Long because all events share the state of one clock, one utterance and one motion.
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
            part = slice(frame, frame + (value if kind == 'live' else 34))
            last = kind == 'window' and value
            timeline.add(epoch, start_ns, window(frame, rotations[part], weights[part], last, 4))
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
