"""Where sampling takes its random draws from."""

from collections.abc import Callable

import numpy as np

NoiseSource = Callable[[int, int, str, tuple[int, ...]], np.ndarray]
"""``noise(window, draw, kind, shape)`` -> standard normal float32.

A draw is named, not taken in turn: window index within the utterance, draw counter within the
window, and kind ('init', 'overlap' or 'renoise'). So motion does not depend on what else was
sampled before, and a stream draws the same numbers as a file.
"""

_KINDS = {'init': 0, 'overlap': 1, 'renoise': 2}


def seeded_noise(seed: int, utterance: int = 0) -> NoiseSource:
    """The same draws for the same seed and utterance number, on every machine.

    Args:
        seed: 0 or more.
        utterance: ordinal of the utterance; a live node counts them so that two utterances
            do not move alike.
    """

    def noise(window: int, draw: int, kind: str, shape: tuple[int, ...]) -> np.ndarray:
        key = np.random.SeedSequence([seed, utterance, window, draw, _KINDS[kind]])
        generator = np.random.Generator(np.random.Philox(key))
        return generator.standard_normal(shape, dtype=np.float32)

    return noise
