"""A guess of sound that has not arrived yet."""

import numpy as np

#: Seconds of sound that are repeated, forwards and backwards in turn.
MIRRORED_S = 0.03


def extrapolate(samples: np.ndarray, count: int, rate: int) -> np.ndarray:
    """Return the sound followed by a guess of its next samples.

    The last `MIRRORED_S` are mirrored in time again and again. This keeps level, pitch and spectrum
    and makes no click.

    Args:
        samples: (n,) sound that has arrived, n >= 1.
        count: samples to add.
        rate: Hz.

    Returns:
        (n + count,), the first n unchanged.
    """
    mirrored = max(1, min(len(samples), round(MIRRORED_S * rate)))
    ahead = np.pad(samples[-mirrored:], (0, count), mode='symmetric')[mirrored:]
    return np.concatenate([samples, ahead])
