"""The curve through a track's frames: exact, smooth, local, and steady where it is under way."""

import numpy as np
from scipy.spatial.transform import Rotation

from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.track import MotionTrack

FPS = 15.0
JOINTS, WEIGHTS = 3, 2
T0 = 1_700_000_000 * NS
NEAR_NS = round(NS / FPS / 2)


def frames_ns(start: int, count: int) -> list[int]:
    return [T0 + round(index * NS / FPS) for index in range(start, start + count)]


def motion(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (F, J, 4) that wander through all orientations, and weights (F, W)."""
    random = np.random.default_rng(seed)
    rotation = Rotation.random(JOINTS, random_state=random)
    rotations = []
    for step in 0.3 * random.standard_normal((count, JOINTS, 3)):
        rotation = Rotation.from_rotvec(step) * rotation
        rotations.append(rotation.as_quat())
    return np.array(rotations), random.uniform(0, 1, (count, WEIGHTS))


def merge(track, start, rotations, weights, *, ended=False, shown_ns=None):
    times = frames_ns(start, len(weights))
    track.merge(times, rotations, weights, near_ns=NEAR_NS, ended=ended, shown_ns=shown_ns)


def made(seed=0, count=30, **options) -> tuple[MotionTrack, np.ndarray, np.ndarray]:
    track = MotionTrack(1, 'u', T0)
    rotations, weights = motion(seed, count)
    merge(track, 0, rotations, weights, **options)
    return track, rotations, weights


def turn(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    between = Rotation.from_quat(a.reshape(-1, 4)) * Rotation.from_quat(b.reshape(-1, 4)).inv()
    return between.as_rotvec().reshape(*a.shape[:-1], 3)


def test_frames_are_met_exactly_and_held_outside():
    track, rotations, weights = made()
    poses = track.poses(np.array([T0 - NS, *frames_ns(0, 30), T0 + 9 * NS]))
    assert np.abs(turn(poses.rotations[1:-1], rotations)).max() < 1e-12
    np.testing.assert_array_equal(poses.weights[1:-1], weights)
    np.testing.assert_array_equal(poses.weights[[0, -1]], weights[[0, -1]])
    np.testing.assert_allclose(np.linalg.norm(poses.rotations, axis=-1), 1, rtol=1e-12)


def test_velocities_do_not_jump_at_frames_and_weights_stay_between_them():
    track, _, weights = made(ended=True)
    step_ns = 2000
    for frame, time_ns in enumerate(frames_ns(0, 30)[1:-1], start=1):
        before, here, after = (
            track.poses(np.array([time_ns + sign * step_ns])) for sign in (-1, 0, 1)
        )
        spins = [
            turn(b.rotations, a.rotations) / step_ns * NS
            for a, b in ((before, here), (here, after))
        ]
        assert np.abs(spins[1] - spins[0]).max() < 0.05  # at accelerations up to some 1e4
        slopes = [
            (b.weights - a.weights) / step_ns * NS for a, b in ((before, here), (here, after))
        ]
        assert np.abs(slopes[1] - slopes[0]).max() < 0.05
        moving = track.moving(frame)
        np.testing.assert_allclose(moving.spins, (spins[0] + spins[1])[0] / 2, atol=0.02)
        np.testing.assert_allclose(moving.rates, (slopes[0] + slopes[1])[0] / 2, atol=0.02)
    fine = track.poses(np.linspace(0, 28 * NS / FPS, 1000).astype(np.int64) + T0)
    segment = ((fine.times_ns - T0) * FPS / NS).astype(int)
    pairs = np.stack([weights[segment], weights[segment + 1]])
    assert (fine.weights >= pairs.min(axis=0) - 1e-12).all()
    assert (fine.weights <= pairs.max(axis=0) + 1e-12).all()


def test_a_frame_changes_only_the_two_segments_before_and_after_it():
    track, rotations, weights = made()
    other = MotionTrack(1, 'u', T0)
    weights[15] = 1 - weights[15]
    rotations[15] = rotations[15, ::-1]
    merge(other, 0, rotations, weights)
    times_ns = T0 + np.arange(29 * 8) * round(NS / FPS / 8)
    a, b = track.poses(times_ns), other.poses(times_ns)
    changed = np.nonzero((a.rotations != b.rotations).any(axis=(1, 2)))[0] / 8
    assert 13 < changed.min() < 13.5 and 16.5 < changed.max() <= 17
    changed = np.nonzero((a.weights != b.weights).any(axis=1))[0] / 8
    assert changed.min() > 13 and changed.max() <= 17


def test_it_stands_still_at_a_last_frame_only_while_more_is_expected():
    assert not made()[0].moving(-1).spins.any()
    ended = made(ended=True)[0].moving(-1)
    assert ended.spins.any() and ended.rates.any()
    more = made()[0]
    merge(more, 30, np.zeros((0, JOINTS, 4)), np.zeros((0, WEIGHTS)), ended=True)
    np.testing.assert_array_equal(more.moving(-1).spins, ended.spins)


def test_a_way_that_is_under_way_goes_on_as_it_was():
    shown_ns = frames_ns(10, 1)[0] + 10_000_000
    track = made()[0]
    times_ns = shown_ns + np.arange(0, 56_000_000, 1_000_000)
    before = track.poses(times_ns)
    velocity = track.moving(11)
    merge(track, 12, *motion(9, 8), shown_ns=shown_ns)
    after = track.poses(times_ns)
    np.testing.assert_array_equal(after.rotations, before.rotations)
    np.testing.assert_array_equal(after.weights, before.weights)
    np.testing.assert_array_equal(track.moving(11).spins, velocity.spins)
    # Where it has not begun, the frame before the new ones moves towards them.
    merge(track, 13, *motion(10, 8), shown_ns=shown_ns)
    assert (track.moving(12).spins != velocity.spins).any()


def test_windows_give_the_same_curve_as_all_at_once():
    whole, rotations, weights = made(count=40)
    parts = MotionTrack(1, 'u', T0)
    for start in range(0, 40, 5):
        merge(parts, start, rotations[start : start + 9], weights[start : start + 9])
    times_ns = T0 + np.arange(39 * 5) * round(NS / FPS / 5)
    a, b = whole.poses(times_ns), parts.poses(times_ns)
    np.testing.assert_allclose(a.rotations, b.rotations, atol=1e-12)
    np.testing.assert_allclose(a.weights, b.weights, atol=1e-12)


def test_frames_of_a_corrected_clock_replace_those_that_they_crowd():
    track, rotations, weights = made()
    late_ns = 5_000_000
    times = [time_ns + late_ns for time_ns in frames_ns(10, 10)]
    track.merge(
        times, rotations[10:20], weights[10:20], near_ns=NEAR_NS, ended=False, shown_ns=None
    )
    assert track.times == frames_ns(0, 10) + times
    early = [time_ns - late_ns for time_ns in frames_ns(11, 10)]
    track.merge(
        early, rotations[11:21], weights[11:21], near_ns=NEAR_NS, ended=False, shown_ns=None
    )
    assert track.times == frames_ns(0, 10) + times[:1] + early
    crowding = [time_ns + 20_000_000 for time_ns in frames_ns(5, 3)]
    track.merge(crowding, rotations[:3], weights[:3], near_ns=NEAR_NS, ended=False, shown_ns=None)
    assert track.times == frames_ns(0, 5) + crowding
