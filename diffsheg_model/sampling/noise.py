"""Where sampling takes its random draws from."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

NoiseSource = Callable[[int, int, str, tuple[int, ...]], np.ndarray]
"""``noise(window, draw, kind, shape)`` -> standard normal float32.

A draw is named, not taken in turn: window index within the utterance, draw counter within the
window, and kind ('init', 'overlap' or 'renoise'). So motion does not depend on what else was
sampled before, and a stream draws the same numbers as a file.
"""

#: Frames before an utterance have numbers too; seeds must not be negative.
_BEFORE = 2**20

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


class FrameNoise:
    """Draws that belong to frames, not windows: where windows overlap they start from the same.

    A frame that is planned again and again, on ever more sound, is then the same motion corrected,
    not another motion each time.
    """

    def __init__(self, seed: int, utterance: int = 0) -> None:
        """As `seeded_noise`."""
        self._seed = seed
        self._utterance = utterance

    def of(self, start: int) -> NoiseSource:
        """The draws of a window that begins at a frame, one row."""

        def noise(window: int, draw: int, kind: str, shape: tuple[int, ...]) -> np.ndarray:
            _, frames, channels = shape
            name = (self._seed, self._utterance, draw, _KINDS[kind])
            rows = [_of_frame(frame, name, channels) for frame in range(start, start + frames)]
            return np.stack(rows)[None]

        return noise


@lru_cache(maxsize=8192)  # a window draws most of its frames' numbers again
def _of_frame(frame: int, name: tuple[int, int, int, int], channels: int) -> np.ndarray:
    key = np.random.SeedSequence([_BEFORE + frame, *name])
    generator = np.random.Generator(np.random.Philox(key))
    return generator.standard_normal(channels, dtype=np.float32)
