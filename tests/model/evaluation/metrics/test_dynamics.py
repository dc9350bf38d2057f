"""Blinks, joint limits and styles on made and on real motion."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.blinks import (
    blink_durations,
    blinks_per_minute,
    crossings,
    longest_shut,
)
from diffsheg_model.evaluation.metrics.styles import motion_statistics, style_accuracy
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.joint_limits import (
    BEAT_LIMITS,
    excess,
    frames_outside,
    swing_twist,
)
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from tests.support.recordings import DATA

FPS = 15.0


def blinking(times: list[float], half_s: float, seconds: float = 60.0) -> np.ndarray:
    """Triangles of height 1 around the times, half_s to either side."""
    at = np.arange(round(seconds * FPS)) / FPS
    return np.max([np.clip(1 - np.abs(at - time) / half_s, 0, 1) for time in times], axis=0)


def test_crossings_are_interpolated_between_frames():
    np.testing.assert_allclose(
        crossings(np.array([0, 0.25, 0.75, 0.75, 0.25, 0]), 1.0, 0.5), [[1.5, 3.5]]
    )
    np.testing.assert_allclose(crossings(np.ones(4), 2.0, 0.5), [[0, 1.5]])
    assert crossings(np.zeros(4), 1.0, 0.5).shape == (0, 2)


def test_triangular_blinks_are_counted_and_measured():
    closure = blinking([5, 10, 20, 40], half_s=0.2)
    assert blinks_per_minute(closure, FPS) == pytest.approx(4)
    lengths = blink_durations(closure, FPS)
    np.testing.assert_allclose(lengths, 2 * 0.2 * 0.9, atol=0.02)
    np.testing.assert_allclose(blink_durations(closure, FPS, edge=0.5), 0.2, atol=0.02)
    assert len(blink_durations(0.4 * closure, FPS)) == 0


def test_a_drooping_lid_is_no_part_of_the_blink():
    closure = np.maximum(0.3, blinking([5, 10], half_s=0.2))
    np.testing.assert_allclose(blink_durations(closure, FPS), 2 * 0.2 * 0.6, atol=0.02)


def test_the_longest_time_with_both_eyes_shut():
    left = blinking([10], half_s=2.0)
    right = blinking([11], half_s=2.0)
    assert longest_shut(left, right, FPS) == pytest.approx(1.0, abs=0.02)
    assert longest_shut(left, np.zeros_like(left), FPS) == 0


def test_real_blinks_last_as_long_as_blinks_do():
    path = DATA / 'arkit_face/beat_26_reamey_0_103_103.json'
    if not path.is_file():
        pytest.skip(f'{path} is not here')
    take = json.loads(path.read_text())
    weights = np.array([frame['weights'] for frame in take['frames']])
    eyes = [take['names'].index(f'eyeBlink{side}') for side in ('Left', 'Right')]
    lengths = blink_durations(weights[:, eyes].mean(axis=1), 60.0)
    assert len(lengths)
    assert 0.1 <= np.median(lengths) <= 0.4


def test_swing_and_twist_make_up_the_rotation():
    rotations = Rotation.random(50, random_state=0)
    for axis in range(3):
        twist, swing = swing_twist(rotations.as_rotvec(), axis)
        turn = np.zeros((50, 3))
        turn[:, axis] = twist
        again = Rotation.from_rotvec(swing) * Rotation.from_rotvec(turn)
        np.testing.assert_allclose((again.inv() * rotations).magnitude(), 0, atol=1e-7)
        np.testing.assert_allclose(swing[:, axis], 0, atol=1e-9)
    twist, swing = swing_twist(np.array([[0.4, 0, 0], [0, 0.3, 0]]), 0)
    np.testing.assert_allclose(twist, [0.4, 0], atol=1e-12)
    np.testing.assert_allclose(swing, [[0, 0, 0], [0, 0.3, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ('joint', 'degrees', 'beyond'),
    [
        ('LeftForeArm', (0, -150, 0), 0),  # a fully bent elbow
        ('LeftForeArm', (0, 60, 0), 40),  # one that bends backwards: 10 + 10 allowed
        ('RightForeArm', (0, 150, 0), 0),
        ('RightForeArm', (0, -60, 0), 40),
        ('LeftHandIndex2', (0, 0, -100), 0),
        ('RightHandIndex2', (0, 0, 100), 0),
        ('RightHandIndex2', (0, 0, -50), 30),
        ('LeftArm', (0, 0, -78), 0),  # hanging down
        ('LeftArm', (170, 0, 0), 45),
        ('Neck', (0, 100, 0), 20),
    ],
)
def test_joints_bend_as_far_as_joints_do(joint, degrees, beyond):
    rotations = np.deg2rad([[degrees]])
    assert excess((joint,), rotations)[0, 0] == pytest.approx(beyond, abs=1e-4)


def test_every_joint_has_limits_and_rest_is_within_them():
    assert set(BEAT_LIMITS) == set(BEAT.joint_names)
    rest = np.asarray(BEAT_SKELETON.rest)[BEAT_SKELETON.indices(BEAT.joint_names)]
    assert frames_outside(BEAT.joint_names, rest[None]) == 0
    assert frames_outside(('LeftForeArm',), np.array([[[0, 0, 0]], [[0, 2.0, 0]]])) == 0.5
    with pytest.raises(InputError, match='no limits'):
        excess(('jaw',), np.zeros((1, 1, 3)))


def test_a_real_person_stays_within_human_limits():
    path = DATA / 'beat_scott/2_scott_0_1_1.bvh'
    if not path.is_file():
        pytest.skip(f'{path} is not here')
    from benchmarks.takes import read_body

    body = read_body(path, 60.0)
    assert len(body.rotations) == 900
    assert frames_outside(BEAT.joint_names, body.rotations) == 0


def test_styles_that_differ_are_recognised_and_equal_ones_by_chance():
    random = np.random.default_rng(0)
    labels = np.tile(np.arange(4), 20)
    groups = np.repeat(np.arange(20), 4)
    features = random.standard_normal((80, 6))
    assert style_accuracy(features, labels, groups) < 0.5
    features[:, 2] += 10 * labels
    assert style_accuracy(features, labels, groups) == 1
    # A feature of large scale that says nothing does not hide the one that tells.
    features[:, 3] *= 1e4
    assert style_accuracy(features, labels, groups) == 1


def test_styles_need_two_seeds_each():
    with pytest.raises(InputError, match='two styles'):
        style_accuracy(np.zeros((2, 3)), np.array([0, 1]), np.array([0, 0]))
    with pytest.raises(InputError, match='group 0 only'):
        style_accuracy(np.zeros((3, 3)), np.array([0, 1, 0]), np.array([0, 0, 1]))


def test_statistics_of_a_circling_joint():
    angle = 2 * np.pi * np.arange(150) / 150
    circle = np.stack([np.cos(angle), np.sin(angle), np.full(150, 2.0)], axis=-1)[:, None]
    expected = 2 * np.sin(np.pi / 150) * FPS
    np.testing.assert_allclose(
        motion_statistics(circle, FPS), [0, 0, 2, 1, expected, expected], atol=1e-9
    )
