"""Blinks on synthetic curves and on a real recording."""

import json

import numpy as np
import pytest

from diffsheg_model.evaluation.metrics.blinks import (
    blink_durations,
    blinks_per_minute,
    crossings,
    longest_shut,
)
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
