"""Sound between its samples: band-limited interpolation at any, even uneven, positions."""

import functools

import numpy as np

#: Samples on either side that a value is made of, for sound that is not slowed or sped up.
HALF_WIDTH = 24
#: Where between two samples a value may lie; the nearest of so many places is taken. The error
#: is below -75 dB for speech.
_PLACES = 4096
#: The window's shape: stops what lies beyond the band by some 70 dB.
_BETA = 7.0
#: Of the band that is kept, the rest is the transition.
_KEPT = 0.95


def half_width(step: float) -> int:
    """How many samples on either side of a position count, at so many samples a value."""
    return round(HALF_WIDTH * max(1.0, step))


def prepare(step: float) -> None:
    """Computes what `read_at` needs for a step, which takes up to 0.3 s the first time."""
    _weights(max(1.0, step))


def read_at(samples: np.ndarray, positions: np.ndarray, step: float) -> np.ndarray:
    """Sound at fractional positions, by a windowed sinc.

    Args:
        samples: (n,) float32; silence before and after.
        positions: (m,) float64, in samples of `samples`.
        step: about how far the positions lie apart. Above 1, what the values cannot hold is
            filtered out, as when 48 kHz are heard at 16. A few steps are remembered: do not vary
            it with the positions.

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
    places = np.rint((positions - whole) * _PLACES).astype(np.intp)
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * reach)
    weights = _weights(max(1.0, step))
    at = (whole - whole.min()).astype(np.intp)
    return np.einsum('ij,ij->i', windows[at], weights[places])


@functools.lru_cache(maxsize=4)
def _weights(step: float) -> np.ndarray:
    """(_PLACES + 1, 2 * reach) float32: what each sample counts at each place."""
    reach, band = half_width(step), _KEPT / step
    places = np.arange(_PLACES + 1)[:, None] / _PLACES
    away = np.arange(1 - reach, reach + 1)[None, :] - places  # in samples
    window = np.i0(_BETA * np.sqrt(np.clip(1 - (away / reach) ** 2, 0, 1))) / np.i0(_BETA)
    weights = band * np.sinc(band * away) * window
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
