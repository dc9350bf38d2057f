"""The mel frame against librosa, which is what the published features were made with."""

import librosa
import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.features.mel import (
    FFT_SIZE,
    hop_length,
    mel_filters,
    mel_frame,
    transform_mel,
)


@pytest.mark.parametrize(('rate', 'bins'), [(18000, 128), (16000, 80), (24000, 64)])
def test_filters_equal_librosa(rate: int, bins: int) -> None:
    expected = librosa.filters.mel(sr=rate, n_fft=FFT_SIZE, n_mels=bins)
    np.testing.assert_allclose(mel_filters(rate, bins), expected, rtol=1e-5, atol=1e-8)


def test_frame_equals_librosa() -> None:
    samples = np.random.default_rng(0).standard_normal(FFT_SIZE).astype(np.float32)
    expected = librosa.feature.melspectrogram(
        y=samples, sr=18000, n_fft=FFT_SIZE, hop_length=FFT_SIZE, center=False
    )[:, 0]
    np.testing.assert_allclose(mel_frame(18000, 128)(samples), expected, rtol=1e-5)


def test_silence_is_zero() -> None:
    assert not mel_frame(18000, 128)(np.zeros(FFT_SIZE, np.float32)).any()


@pytest.mark.parametrize(('fps', 'hop'), [(15.0, 1200), (30.0, 600), (60.0, 300), (12.5, 1440)])
def test_hop_is_the_frame_period(fps: float, hop: int) -> None:
    assert hop_length(18000, fps) == hop


def test_fps_that_does_not_divide_the_rate_is_refused() -> None:
    with pytest.raises(InputError, match=r'fps = 29\.97: mel_rate 18000 Hz'):
        hop_length(18000, 29.97)


def test_mel_transform():
    mel = np.array([[0.0, 1e-6, 1.0, 100.0]], np.float32)
    np.testing.assert_array_equal(transform_mel(mel, 'power'), mel)
    np.testing.assert_allclose(transform_mel(mel, 'log'), [[0, 0.0502, 1, 8 / 6]], atol=1e-4)
    with pytest.raises(InputError, match='mel_transform'):
        transform_mel(mel, 'square')
