"""Pictures of motions: little data, spectrograms."""

import numpy as np
import pytest

from diffsheg_model.motion.formats import SHOW
from diffsheg_model.motion.rest_skeletons import SHOW_SKELETON
from diffsheg_model.pictures.motion_plot import plot_motion, spectrogram_db
from tests.support.motions import moving, png_size


@pytest.mark.parametrize('samples', [1, 7, 16000])
@pytest.mark.parametrize('frames', [1, 2])
def test_little_is_enough_for_a_picture(tmp_path, samples, frames):
    motion = moving(SHOW, frames)
    plot_motion(tmp_path / 'a.png', motion, SHOW_SKELETON, np.zeros(samples), 16000, 5)
    assert png_size(tmp_path / 'a.png')[1] > 300


def test_a_tone_is_where_it_sounds_in_the_spectrogram():
    rate = 16000
    times_s = np.arange(2 * rate) / rate
    audio = np.where(times_s < 1, 0, np.sin(2 * np.pi * 3000 * times_s))
    audio[100] = np.nan
    decibels, band_hz, step_s = spectrogram_db(audio, rate)
    assert decibels.shape[0] * band_hz == pytest.approx(8000, abs=2 * band_hz)
    assert decibels.shape[1] * step_s == pytest.approx(2, abs=step_s)
    assert decibels.max() == 0 and decibels.min() == -70
    loud = decibels[:, round(1.5 / step_s)]
    assert np.argmax(loud) * band_hz == pytest.approx(3000, abs=band_hz)
    assert (decibels[:, : round(0.9 / step_s)] == -70).all()


def test_a_long_recording_makes_no_larger_spectrogram():
    decibels, _, step_s = spectrogram_db(np.zeros(3600 * 1000, np.float32), 1000)
    assert decibels.shape[1] <= 2400
    assert decibels.shape[1] * step_s == pytest.approx(3600, abs=2)
