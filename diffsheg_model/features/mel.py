"""The published mel spectrogram, one frame at a time.

The released code calls ``librosa.feature.melspectrogram(y, sr=18000, hop_length=1200)``: power
mel without a logarithm, 128 Slaney bands over 0..9 kHz, FFT 2048, periodic Hann, frames centred
on multiples of the hop with zeros outside the signal (arXiv 2401.04747, section 4.1). The same
numbers are computed here without librosa, whose import takes seconds, and without BLAS, whose
sums may depend on the number of threads: a frame's mel is a function of its samples alone.
"""

import functools

import numpy as np

from diffsheg_model.errors import InputError

FFT_SIZE = 2048


def hop_length(mel_rate: int, fps: float) -> int:
    """Samples at ``mel_rate`` Hz between two frames.

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
    """Triangular filters, equal to ``librosa.filters.mel(sr=rate, n_fft=fft_size, n_mels=bins)``.

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
    """Computes the mel of one frame.

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
        """Mel power of one frame.

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
    """The one ``MelFrame`` of these sizes (it holds constants only, so threads may share it)."""
    return MelFrame(rate, bins)
