"""Random level, tilt and noise on the power mel, in place of other rooms and microphones.

The audio of a corpus has fixed variants; this draws new ones in every epoch.
"""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.training.settings import BatchSettings


def augment_mel(
    mel: NDArray[np.float32], settings: BatchSettings, random: np.random.Generator
) -> NDArray[np.float32]:
    """Apply a random gain, tilt and noise floor to each window of ``mel`` (B, T, bins).

    Args:
        mel: power mel; not changed.
        settings: gain_db, tilt_db and noise_floor; all 0 leaves the mel unchanged.
        random: random generator.
    """
    windows, _, bins = mel.shape
    if settings.gain_db or settings.tilt_db:
        gain = random.uniform(-1, 1, (windows, 1, 1)) * settings.gain_db
        slope = np.linspace(-0.5, 0.5, bins) * random.uniform(-1, 1, (windows, 1, 1))
        mel = mel * (10 ** ((gain + slope * settings.tilt_db) / 10)).astype(np.float32)
    if settings.noise_floor > 0:
        ceiling = np.log10(max(settings.noise_floor, 1e-6))
        level = 10 ** random.uniform(-6, ceiling, (windows, 1, 1))
        # A power spectrum of stationary noise is exponentially distributed around its level.
        mel = mel + (level * random.exponential(size=mel.shape)).astype(np.float32)
    return mel
