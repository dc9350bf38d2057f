"""Sound at fractional sample positions, by a windowed sinc (a polyphase filter)."""

import functools

import numpy as np

#: Samples on either side of a position that its value depends on, at the original speed.
HALF_WIDTH = 24
#: Phases of the filter between two samples. The nearest one is used, which leaves an error below
#: -75 dB for speech.
_PHASES = 4096
#: Shape of the Kaiser window: about 70 dB of attenuation beyond the band.
_BETA = 7.0
#: Share of the band that passes; the rest is the transition.
_PASSBAND = 0.95


def half_width(step: float) -> int:
    """Return the samples on either side of a position that its value depends on.

    Args:
        step: samples between two positions.
    """
    return round(HALF_WIDTH * max(1.0, step))


def prepare_filter(step: float) -> None:
    """Compute the filter that `read_at` needs for a step; the first time takes up to 0.3 s."""
    _weights(max(1.0, step))


def read_at(samples: np.ndarray, positions: np.ndarray, step: float) -> np.ndarray:
    """Return the sound at fractional positions; they need not be evenly spaced.

    Args:
        samples: (n,) float32; silence before and after.
        positions: (m,) float64, in samples of `samples`.
        step: nominal distance of two positions, in samples. Above 1, frequencies that the result
            cannot hold are filtered out, as in 48 kHz to 16 kHz. The filters of four steps are
            cached, so do not vary the step with the positions.

    Returns:
        (m,) float32.
    """
    reach = half_width(step)
    whole = np.floor(positions)
    first, last = int(whole.min()) - reach + 1, int(whole.max()) + reach
    near = samples[max(first, 0) : max(last + 1, 0)]
    if not near.any():
        return np.zeros(len(positions), np.float32)
    around = np.pad(near, (max(-first, 0), max(last + 1 - len(samples), 0)))
    phases = np.rint((positions - whole) * _PHASES).astype(np.intp)
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * reach)
    weights = _weights(max(1.0, step))
    at = (whole - whole.min()).astype(np.intp)
    return np.einsum('ij,ij->i', windows[at], weights[phases])


@functools.lru_cache(maxsize=4)
def _weights(step: float) -> np.ndarray:
    """Return the filter, (_PHASES + 1, 2 * reach) float32: a row of weights for each phase."""
    reach, band = half_width(step), _PASSBAND / step
    phases = np.arange(_PHASES + 1)[:, None] / _PHASES
    distance = np.arange(1 - reach, reach + 1)[None, :] - phases  # in samples
    window = np.i0(_BETA * np.sqrt(np.clip(1 - (distance / reach) ** 2, 0, 1))) / np.i0(_BETA)
    weights = band * np.sinc(band * distance) * window
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
