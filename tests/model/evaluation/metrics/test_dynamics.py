"""Speed, acceleration and jerk of motions with known answers."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.dynamics import (
    acceleration,
    jerk,
    speed,
    trajectories,
)
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
