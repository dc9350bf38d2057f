"""Sound between its samples, against what it was before it was sampled."""

import numpy as np
import pytest

from diffsheg_model.audio.interpolation import read_at


def tone(hz: float, rate: int, positions: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.pi * hz * positions / rate)


@pytest.mark.parametrize(
    ('rate', 'device_rate', 'hz'),
    [(16000, 48000, 300), (16000, 48000, 6000), (48000, 48000, 15000), (44100, 48000, 15000),
     (48000, 16000, 5000), (192000, 44100, 15000), (8000, 96000, 3000)],
)  # fmt: skip
def test_a_tone_stays_that_tone(rate, device_rate, hz):
    samples = tone(hz, rate, np.arange(rate)).astype(np.float32)
    step = rate / device_rate
    positions = 0.1 * rate + 0.123 + np.arange(device_rate // 2) * step * (1 + 200e-6)
    heard = read_at(samples, positions, step)
    assert heard.dtype == np.float32
    assert np.abs(heard - tone(hz, rate, positions)).max() < 1e-3


def test_what_the_device_cannot_hold_is_left_out():
    samples = tone(11000, 48000, np.arange(48000)).astype(np.float32)
    heard = read_at(samples, 5000 + np.arange(8000) * 3.0, 3.0)
    assert np.abs(heard).max() < 1e-3


def test_before_and_after_the_samples_there_is_silence():
    samples = np.ones(100, np.float32)
    for first in (-5000.0, -200.0, 200.0, 5000.0):
        assert not read_at(samples, first + np.arange(50.0), 1.0).any()
    assert not read_at(samples[:0], np.arange(50.0), 1.0).any()
    around = read_at(samples, np.arange(-50.0, 150.0), 1.0)
    assert around[100] == pytest.approx(1, abs=0.01) and np.isfinite(around).all()
