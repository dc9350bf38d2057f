"""Dynamics, diversity, seams, keypoints and errors on motions with known answers."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.diversity import (
    l1_diversity,
    pair_distance,
    position_difference,
)
from diffsheg_model.evaluation.metrics.dynamics import (
    acceleration,
    jerk,
    speed,
    trajectories,
)
from diffsheg_model.evaluation.metrics.face_error import face_l1, face_mse
from diffsheg_model.evaluation.metrics.keypoints import pck, pcm
from diffsheg_model.evaluation.metrics.seams import (
    seam_profile,
    seam_ratio,
    seam_starts,
    step_sizes,
)
from diffsheg_model.evaluation.metrics.srgr import srgr
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON

FPS = 15.0


def along_x(x: np.ndarray) -> np.ndarray:
    return np.stack([x, np.zeros_like(x), np.zeros_like(x)], axis=-1)[:, None]


def test_speed_acceleration_and_jerk_of_powers_of_time():
    time = np.arange(20) / FPS
    np.testing.assert_allclose(speed(along_x(3 * time), FPS), 3)
    np.testing.assert_allclose(acceleration(along_x(3 * time), FPS), 0, atol=1e-9)
    np.testing.assert_allclose(acceleration(along_x(time**2), FPS), 2)
    np.testing.assert_allclose(jerk(along_x(time**3), FPS), 6)
    assert jerk(along_x(time), FPS).shape == (17, 1)
    with pytest.raises(InputError, match='at least 4'):
        jerk(along_x(time[:3]), FPS)


def test_a_turning_shoulder_moves_the_wrist_at_radius_times_rate():
    angle = np.arange(15) / FPS  # 1 rad/s
    rotations = np.zeros((15, 1, 3))
    rotations[:, 0, 2] = angle
    paths = trajectories(BEAT_SKELETON, ('LeftArm',), rotations, ('LeftForeArm',))
    chord = 2 * 0.30 * np.sin(0.5 / FPS) * FPS
    np.testing.assert_allclose(speed(paths, FPS), chord)


def test_l1_diversity_and_pair_distances_by_hand():
    assert l1_diversity(np.array([[0.0, 0], [2, 4]])) == pytest.approx(3)
    assert l1_diversity(np.ones((5, 3))) == 0
    points = np.array([[0.0, 0], [3, 4], [0, 0]])
    assert pair_distance(points) == pytest.approx((7 + 0 + 7) / 3)
    assert pair_distance(points, order=2) == pytest.approx(10 / 3)
    with pytest.raises(InputError, match='2 samples'):
        pair_distance(points[:1])
    with pytest.raises(InputError, match='not empty'):
        l1_diversity(np.zeros((0, 3)))


def test_position_difference_is_the_mean_distance():
    first = np.zeros((4, 2, 3))
    second = first + [0.0, 0.03, 0.04]
    assert position_difference(first, second) == pytest.approx(0.05)
    assert position_difference(first, first) == 0
    with pytest.raises(InputError, match='shapes'):
        position_difference(first, second[:2])


def test_seam_starts_are_where_the_next_windows_begin():
    assert seam_starts(100, 34, 4) == [30, 60, 90]
    assert seam_starts(34, 34, 4) == []
    assert seam_starts(35, 34, 4) == [30]
    assert seam_starts(68, 34, 0) == [34]


def test_a_made_step_at_the_seams_shows_and_only_there():
    starts = seam_starts(100, 34, 4)
    walk = np.arange(100.0)[:, None]
    assert seam_ratio(walk, starts, 4) == pytest.approx(1)
    np.testing.assert_allclose(seam_profile(walk, starts, 4), 1)
    jump = walk.copy()
    for start in starts:
        jump[start:] += 5
    assert seam_ratio(jump, starts, 4) == pytest.approx((6 + 4) / 5)
    np.testing.assert_allclose(seam_profile(jump, starts, 4), [6, 1, 1, 1, 1])
    elsewhere = walk.copy()
    elsewhere[15:] += 5
    assert seam_ratio(elsewhere, starts, 4) < 1
    assert np.isnan(seam_ratio(walk, [], 4))
    assert np.isnan(seam_ratio(np.zeros((100, 1)), starts, 4))


def test_steps_are_distances_over_all_channels():
    np.testing.assert_allclose(step_sizes(np.array([[[0.0, 0]], [[3, 4]]])), [5])


def test_pck_of_a_shifted_skeleton():
    captured = np.random.default_rng(0).uniform(size=(10, 4, 3))
    moved = captured.copy()
    moved[:, 0] += [0.2, 0, 0]
    assert pck(captured, captured) == 1
    assert pck(moved, captured) == pytest.approx(0.75)
    assert pck(moved, captured, threshold_m=0.21) == 1
    with pytest.raises(InputError, match='same shape'):
        pck(captured[:5], captured)


def test_pcm_counts_parameters():
    captured = np.zeros((2, 4))
    assert pcm(np.array([[0.0, 0.05, 0.2, 0.3]] * 2), captured) == pytest.approx(0.5)


def test_srgr_weights_by_meaning():
    captured = np.zeros((4, 2, 3))
    semantic = np.array([0.0, 0, 1, 1])
    assert srgr(captured, captured, semantic, semantic_mean=None) == 1
    assert srgr(captured, captured, np.full(4, 0.165)) == pytest.approx(1)
    wrong = captured.copy()
    wrong[2, 0] = 0.04  # 0.12 in all
    assert srgr(wrong, captured, semantic, semantic_mean=None) == pytest.approx(0.75)
    wrong = captured.copy()
    wrong[0] = 1  # where nothing is meant
    assert srgr(wrong, captured, semantic, semantic_mean=None) == 1
    with pytest.raises(InputError, match='semantic score above 0'):
        srgr(captured, captured, np.zeros(4), semantic_mean=None)
    with pytest.raises(InputError, match='one a frame'):
        srgr(captured, captured, semantic[:2])


def test_face_errors_of_the_captured_weights_only():
    captured = np.zeros((3, 2))
    predicted = np.array([[0.1, 1.0]] * 3)
    mask = np.array([True, False])
    assert face_l1(predicted, captured) == pytest.approx(0.55)
    assert face_l1(predicted, captured, mask) == pytest.approx(0.1)
    assert face_mse(predicted, captured, mask) == pytest.approx(0.01)
    with pytest.raises(InputError, match='no captured weight'):
        face_mse(predicted, captured, np.array([False, False]))
    with pytest.raises(InputError, match='same shape'):
        face_l1(predicted[:2], captured)
