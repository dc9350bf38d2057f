"""Curves over time that all parts of the teacher share: smooth steps, drift, low-pass."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

FloatArray = NDArray[np.float64]


def minimum_jerk(u: FloatArray) -> FloatArray:
    """Return the minimum-jerk step from 0 to 1 for u from 0 to 1 (clipped outside).

    10 u^3 - 15 u^4 + 6 u^5: Flash and Hogan, The coordination of arm movements, 1985.
    """
    u = np.clip(u, 0.0, 1.0)
    return u * u * u * (10.0 + u * (6.0 * u - 15.0))


def key_path(times_s: FloatArray, keys_s: list[float], values: FloatArray) -> FloatArray:
    """Interpolate key points with minimum-jerk segments, constant before and after them.

    Args:
        times_s: (F,) times to evaluate, seconds.
        keys_s: (K,) times of the key points, ascending.
        values: (K, D) the key points.

    Returns:
        (F, D).
    """
    keys = np.asarray(keys_s, np.float64)
    if len(keys) == 1:
        return np.repeat(values[:1], len(times_s), axis=0)
    at = np.clip(np.searchsorted(keys, times_s, side='right') - 1, 0, len(keys) - 2)
    span = np.maximum(keys[at + 1] - keys[at], 1e-6)
    u = minimum_jerk((times_s - keys[at]) / span)[:, None]
    return values[at] * (1.0 - u) + values[at + 1] * u


def bump(times_s: FloatArray, start_s: float, peak_s: float, end_s: float) -> FloatArray:
    """Return a smooth bump (F,): 0 before the start, 1 at the peak, 0 after the end."""
    rise = minimum_jerk((times_s - start_s) / max(peak_s - start_s, 1e-6))
    fall = minimum_jerk((times_s - peak_s) / max(end_s - peak_s, 1e-6))
    return rise - fall


def wander(
    rng: np.random.Generator, frames: int, fps: float, seconds: float, columns: int
) -> FloatArray:
    """Return smooth random curves of mean about 0 and deviation about 1, (frames, columns).

    White noise is filtered by a Gaussian with a deviation of `seconds` / 3, so that one swing
    takes roughly `seconds`.
    """
    sigma = max(seconds * fps / 3.0, 0.3)
    margin = int(4 * sigma) + 1
    noise = rng.standard_normal((frames + 2 * margin, columns))
    smooth = gaussian_filter1d(noise, sigma, axis=0)[margin : margin + frames]
    return smooth * np.sqrt(2.0 * sigma * np.sqrt(np.pi))


def slow_gate(active: FloatArray, fps: float, rise_s: float, fall_s: float) -> FloatArray:
    """Low-pass a 0..1 curve (F,) with different time constants up and down."""
    out = np.empty_like(active)
    value = float(active[0]) if len(active) else 0.0
    up, down = 1.0 - np.exp(-1.0 / (rise_s * fps)), 1.0 - np.exp(-1.0 / (fall_s * fps))
    for frame, target in enumerate(active):
        value += (target - value) * (up if target > value else down)
        out[frame] = value
    return out
