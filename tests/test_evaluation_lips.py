"""Lip metrics on cases with known answers."""

import numpy as np
import pytest

from diffsheg_model.evaluation.lips import (
    best_lag,
    opening_in_pauses,
    pause_frames,
    pearson,
    short_time_energy,
    speech_frames,
)

FPS, RATE = 15.0, 16000


def test_energy_of_a_sine_is_its_rms():
    sine = 0.5 * np.sin(2 * np.pi * 200 * np.arange(2 * RATE) / RATE)
    energy = short_time_energy(sine, RATE, FPS, 30)
    np.testing.assert_allclose(energy[2:-2], 0.5 / np.sqrt(2), rtol=1e-3)
    assert short_time_energy(sine, RATE, FPS, 60)[-1] == 0


def test_pearson_knows_lines_and_constants():
    a = np.arange(10.0)
    assert pearson(a, 3 * a + 1) == pytest.approx(1)
    assert pearson(a, -a) == pytest.approx(-1)
    assert np.isnan(pearson(a, np.ones(10)))


@pytest.mark.parametrize('lag', [-2, 0, 1, 3])
def test_the_lag_is_found(lag):
    energy = np.random.default_rng(0).uniform(size=200)
    curve = np.roll(energy, lag)
    found, r = best_lag(curve, energy)
    assert found == lag
    assert r > 0.98


def test_pauses_keep_a_margin_to_speech():
    energy = np.concatenate([np.ones(30), np.full(30, 1e-4), np.ones(30)])
    assert speech_frames(energy).sum() == 60
    pauses = pause_frames(energy, FPS)
    assert np.flatnonzero(pauses).tolist() == list(range(33, 57))
    opening = np.where(energy > 0.5, 0.4, 0.1)
    assert opening_in_pauses(opening, energy, FPS) == pytest.approx(0.25)
    assert np.isnan(opening_in_pauses(opening, np.ones(90), FPS))
