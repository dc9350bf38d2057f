"""What happens to the power mel before the network sees it; one function for training and live."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.config import MEL_TRANSFORMS
from diffsheg_model.errors import InputError


def transform_mel(mel: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """Transforms a power mel spectrogram for the network.

    The published network takes the power itself (arXiv 2401.04747, section 4.1). Power of real
    speech is tiny and heavy-tailed (a median near 1e-3, peaks near 100), which a long training
    copes with and a short one does not: 'log' spreads it over about [0, 1.4].

    Args:
        mel: (..., bins) power, 0 or more.
        kind: 'power' returns ``mel`` as it is; 'log' returns ``(log10(mel + 1e-6) + 6) / 6``:
            0 for digital silence, 1 for a power of 1; 'none' returns zeros, for a network that
            hears a speech encoder alone.

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
