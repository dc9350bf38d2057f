"""Beat alignment on cases with known answers."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.beats import (
    audio_onsets,
    beat_alignment,
    motion_beats,
    p_value,
    random_shifts,
    shifted,
    strokes,
    strong_onsets,
)

FPS, RATE = 15.0, 16000
CLICKS = np.array([0.5, 1.3, 2.1, 3.2, 4.0])


def bursts(levels: np.ndarray) -> np.ndarray:
    """Bursts of noise of 0.15 s, each at its level, beginning at CLICKS."""
    noise = np.random.default_rng(0).standard_normal(5 * RATE)
    time = np.arange(5 * RATE) / RATE
    sound = np.zeros(5 * RATE)
    for start, level in zip(CLICKS, levels, strict=True):
        inside = (time >= start) & (time < start + 0.15)
        sound[inside] = level * noise[inside]
    return (sound + 1e-4 * noise).astype(np.float32)


def test_perfectly_aligned_beats_score_one_and_a_sigma_away_less():
    assert beat_alignment(CLICKS, CLICKS) == 1
    assert beat_alignment(CLICKS, CLICKS + 0.3) == pytest.approx(np.exp(-0.5))
    assert beat_alignment(CLICKS, CLICKS - 0.1, sigma_s=0.1) == pytest.approx(np.exp(-0.5))
    assert beat_alignment(CLICKS, np.zeros(0)) == 0
    with pytest.raises(InputError, match='onset'):
        beat_alignment(np.zeros(0), CLICKS)


def test_every_onset_counts_and_extra_beats_do_no_harm():
    beats = np.concatenate([CLICKS, [10.0, 11.0]])
    assert beat_alignment(CLICKS, beats) == 1
    assert beat_alignment(beats, CLICKS) == pytest.approx(5 / 7)


def test_beats_are_where_a_swinging_hand_turns_and_strokes_where_it_is_fastest():
    time = (np.arange(150) + 0.5) / FPS
    speed = np.abs(np.sin(np.pi * time))  # rests at whole seconds
    np.testing.assert_allclose(motion_beats(speed, FPS), np.arange(1, 10), atol=0.04)
    np.testing.assert_allclose(strokes(speed, FPS), np.arange(10) + 0.5, atol=0.04)
    dents = np.ones(60)
    dents[[20, 25, 50]] = 0.5, 0.2, 0.5
    np.testing.assert_allclose(motion_beats(dents, FPS), [25.5 / FPS, 50.5 / FPS])
    np.testing.assert_allclose(motion_beats(dents, FPS, 0.2), np.array([20.5, 25.5, 50.5]) / FPS)
    assert len(strokes(np.zeros(30), FPS)) == 0


def test_onsets_of_bursts_are_found_and_the_loud_ones_told_from_the_others():
    found = audio_onsets(bursts(np.ones(5)), RATE)
    # Traced back to the quietest moment before, somewhere in the silence of noise here.
    assert len(found) == 5
    assert (found < CLICKS).all()
    assert (CLICKS - found < 0.3).all()
    assert audio_onsets(np.zeros(RATE, np.float32), RATE).size == 0
    loud = strong_onsets(bursts(np.array([1, 0.01, 1, 0.01, 1])), RATE)
    assert np.abs(np.subtract.outer(loud, CLICKS[::2])).min(axis=1).max() < 0.1
    assert strong_onsets(np.zeros(RATE, np.float32), RATE).size == 0


def test_shifts_keep_the_rhythm_and_wrap_around():
    np.testing.assert_allclose(shifted([0.5, 4.0], 5.0, 2.0), [1.0, 2.5])
    shifts = random_shifts(10.0, 200, seed=0)
    assert shifts.min() >= 2
    assert shifts.max() <= 8
    np.testing.assert_array_equal(shifts, random_shifts(10.0, 200, seed=0))
    with pytest.raises(InputError, match='shifted'):
        random_shifts(3.0, 10, seed=0)


def test_only_motion_in_time_with_its_audio_is_significant():
    onsets = np.sort(np.random.default_rng(1).uniform(0, 60, 60))
    null = np.array([beat_alignment(shifted(onsets, 60, by), onsets, 0.1)
                     for by in random_shifts(60.0, 100, seed=0)])  # fmt: skip
    assert p_value(beat_alignment(onsets, onsets, 0.1), null) == pytest.approx(1 / 101)
    assert p_value(float(np.median(null)), null) > 0.4
    assert p_value(0.0, null) == 1
