"""How sound is taken to go on where it has not been heard yet."""

import numpy as np

#: The sound of this time is taken to go on, forwards and backwards in turn.
MIRRORED_S = 0.03


def extrapolate(samples: np.ndarray, count: int, rate: int) -> np.ndarray:
    """The sound with a guess of its next samples.

    The last `MIRRORED_S` are mirrored in time, again and again: level, pitch and spectrum stay
    what they were, without a click.

    Args:
        samples: (n,) what was heard, n >= 1.
        count: samples to add.
        rate: Hz.

    Returns:
        (n + count,), the first n unchanged.
    """
    mirrored = max(1, min(len(samples), round(MIRRORED_S * rate)))
    ahead = np.pad(samples[-mirrored:], (0, count), mode='symmetric')[mirrored:]
    return np.concatenate([samples, ahead])
