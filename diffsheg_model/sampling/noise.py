"""The random draws of sampling, each a function of its name."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

NoiseSource = Callable[[int, int, str, tuple[int, ...]], np.ndarray]
"""``noise(window, draw, kind, shape)`` returns standard normal float32 values.

The arguments name a draw: window index within the utterance, draw counter within the window, and
kind ('init', 'overlap' or 'renoise'). The values do not depend on earlier draws, so a stream and a
file get the same ones.
"""

#: Frames. Frame numbers before an utterance are negative, and seeds must not be.
_FRAME_OFFSET = 2**20

_KINDS = {'init': 0, 'overlap': 1, 'renoise': 2}


def seeded_noise(seed: int, utterance: int = 0) -> NoiseSource:
    """Return a source that gives the same draws on every machine.

    Args:
        seed: 0 or more.
        utterance: ordinal of the utterance. A live node counts utterances, so that two of them
            get different motion.
    """

    def noise(window: int, draw: int, kind: str, shape: tuple[int, ...]) -> np.ndarray:
        key = np.random.SeedSequence([seed, utterance, window, draw, _KINDS[kind]])
        generator = np.random.Generator(np.random.Philox(key))
        return generator.standard_normal(shape, dtype=np.float32)

    return noise


class FrameNoise:
    """Draws that belong to frames instead of windows, so that overlapping windows share them.

    A live session generates a frame several times as more sound arrives. With the same draws the
    new motion is a correction of the old one, not a different motion.
    """

    def __init__(self, seed: int, utterance: int = 0) -> None:
        """Take the arguments of `seeded_noise`."""
        self._seed = seed
        self._utterance = utterance

    def of(self, start: int) -> NoiseSource:
        """Return the draws of a window of one row that begins at a frame."""

        def noise(window: int, draw: int, kind: str, shape: tuple[int, ...]) -> np.ndarray:
            _, frames, channels = shape
            name = (self._seed, self._utterance, draw, _KINDS[kind])
            rows = [_of_frame(frame, name, channels) for frame in range(start, start + frames)]
            return np.stack(rows)[None]

        return noise


@lru_cache(maxsize=8192)  # overlapping windows repeat most draws
def _of_frame(frame: int, name: tuple[int, int, int, int], channels: int) -> np.ndarray:
    key = np.random.SeedSequence([_FRAME_OFFSET + frame, *name])
    generator = np.random.Generator(np.random.Philox(key))
    return generator.standard_normal(channels, dtype=np.float32)
