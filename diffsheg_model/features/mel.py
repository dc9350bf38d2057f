"""The published mel spectrogram, one frame at a time.

The released code calls ``librosa.feature.melspectrogram(y, sr=18000, hop_length=1200)``. That is
power mel without a logarithm, 128 Slaney bands over 0..9 kHz, FFT 2048 and a periodic Hann window.
Frames are centred on multiples of the hop, with zeros outside the signal (arXiv 2401.04747,
section 4.1). This module computes the same numbers without librosa, because its import takes
seconds. It does without BLAS too, because BLAS sums may depend on the number of threads: a frame's
mel depends on its samples alone.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.config import MEL_TRANSFORMS
from diffsheg_model.errors import InputError

FFT_SIZE = 2048


def hop_length(mel_rate: int, fps: float) -> int:
    """Return the samples at ``mel_rate`` Hz between two frames.

    Raises:
        InputError: ``mel_rate`` is not a multiple of ``fps``.
    """
    hop = mel_rate / fps
    if hop < 1 or hop != round(hop):
        raise InputError(
            f'fps = {fps:g}: mel_rate {mel_rate} Hz / fps must be an integer, not {hop:g}; '
            f'choose a mel_rate that is a multiple of the fps'
        )
    return round(hop)


def mel_filters(rate: int, bins: int, fft_size: int = FFT_SIZE) -> np.ndarray:
    """Return ``librosa.filters.mel(sr=rate, n_fft=fft_size, n_mels=bins)``: triangular filters.

    Slaney's scale (Auditory Toolbox, 1998): 3 mel per 200 Hz up to 1 kHz, logarithmic above, 27
    mel for a factor of 6.4; each triangle has an area of one hertz.

    Returns:
        (bins, fft_size / 2 + 1) float32.
    """

    def to_mel(hz: float) -> float:
        return hz * 3 / 200 if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)

    mels = np.linspace(0.0, to_mel(rate / 2), bins + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))
    frequencies = np.fft.rfftfreq(fft_size, 1 / rate)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


class MelFrame:
    """The mel transform of one frame.

    Attributes:
        bins: mel bands.
    """

    def __init__(self, rate: int, bins: int) -> None:
        self.bins = bins
        filters = mel_filters(rate, bins)
        self._band, self._frequency = np.nonzero(filters)  # sorted by band
        self._weight = filters[self._band, self._frequency].astype(np.float64)
        self._window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SIZE) / FFT_SIZE)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Return the mel power of one frame.

        Args:
            samples: (2048,) around the frame's centre, at the mel rate.

        Returns:
            (bins,) float32, 0 or more.
        """
        spectrum = np.fft.rfft(samples.astype(np.float64) * self._window)
        power = spectrum.real**2 + spectrum.imag**2
        weighted = power[self._frequency] * self._weight
        # bincount adds in the order of its input, always the same one.
        return np.bincount(self._band, weighted, self.bins).astype(np.float32)


@functools.cache
def mel_frame(rate: int, bins: int) -> MelFrame:
    """Return the shared ``MelFrame`` of these sizes; it is constant, so threads may share it."""
    return MelFrame(rate, bins)


def transform_mel(mel: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """Return a power mel spectrogram as the network takes it, in training and live.

    The published network takes the power itself (arXiv 2401.04747, section 4.1). The power of real
    speech is small and heavy-tailed: its median is near 1e-3, its peaks near 100. A long training
    copes with that, a short one does not. 'log' spreads it over about [0, 1.4].

    Args:
        mel: (..., bins) power, 0 or more.
        kind: 'power' returns ``mel`` as it is. 'log' returns ``(log10(mel + 1e-6) + 6) / 6``, which
            is 0 for digital silence and 1 for a power of 1. 'none' returns zeros, for a network
            with speech features alone.

    Returns:
        (..., bins) float32.

    Raises:
        InputError: ``kind`` is unknown.
    """
    if kind == 'power':
        return np.asarray(mel, np.float32)
    if kind == 'none':
        return np.zeros_like(mel, np.float32)
    if kind == 'log':
        level = np.log10(np.asarray(mel, np.float32) + np.float32(1e-6))
        return (level + np.float32(6)) * np.float32(1 / 6)
    raise InputError(f'mel_transform = {kind!r}: must be one of {", ".join(MEL_TRANSFORMS)}')
