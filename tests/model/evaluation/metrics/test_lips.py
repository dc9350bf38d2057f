"""Lip metrics on cases with known answers."""

import numpy as np
import pytest

from diffsheg_model.evaluation.metrics.lips import (
    best_lag,
    lip_closure,
    opening_in_pauses,
    pause_frames,
    pearson,
    rounding,
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


def test_rounding_is_the_sum_of_funnel_and_pucker():
    weights = np.array([[0.1, 0.9, 0.3]])
    assert rounding(weights, ('mouthFunnel', 'jawOpen', 'mouthPucker')) == pytest.approx([0.4])


def test_closed_lips_are_kept_whatever_the_scale():
    captured = np.concatenate([np.linspace(0, 1, 100), np.zeros(20)])
    speech = np.arange(120) < 100
    assert lip_closure(0.2 * captured + 0.3, captured, speech) == 1
    assert lip_closure(-captured, captured, speech) == 0
    random = np.random.default_rng(0).uniform(size=120)
    assert 0 <= lip_closure(random, captured, speech) < 0.8
    # Five of the ten closed frames stay open.
    half = captured.copy()
    half[:5] = 1
    assert lip_closure(half, captured, speech) == pytest.approx(0.5)
    assert np.isnan(lip_closure(captured, captured, np.zeros(120, bool)))
