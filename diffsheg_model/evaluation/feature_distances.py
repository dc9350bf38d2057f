"""Frechet distances and diversity of generated motion, in the features of auto-encoders."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.advice import install_advice
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.catalogue import CATALOGUE
from diffsheg_model.evaluation.frechet.distance import frechet_distance
from diffsheg_model.evaluation.frechet.windows import cut_windows, has_channels
from diffsheg_model.evaluation.measures import Figures, channels_of
from diffsheg_model.evaluation.metrics.diversity import pair_distance
from diffsheg_model.evaluation.takes import EvaluationTake
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.motion_format import MotionFormat

if TYPE_CHECKING:
    from diffsheg_model.evaluation.frechet.autoencoder import Autoencoder

Array = NDArray[np.float64]

DIVERSITY_WINDOWS = 200
"""Windows for diversity, evenly spaced; the number of their pairs grows with the square."""


def open_autoencoders(paths: Sequence[Path], format_: MotionFormat) -> 'list[Autoencoder]':
    """Load auto-encoders for motion of a format.

    Raises:
        InputError: a folder is not an auto-encoder or one of another format, two measure the same
            distance, or torch is not installed.
    """
    if not paths:
        return []
    try:
        from diffsheg_model.evaluation.frechet.autoencoder import check_format, load_autoencoder
    except ModuleNotFoundError as error:
        raise InputError(
            f'auto-encoders need the module {error.name}, which is not installed: '
            f'{install_advice("train")}'
        ) from error
    found: dict[str, Autoencoder] = {}
    for path in paths:
        autoencoder = load_autoencoder(path)
        check_format(autoencoder, format_, path)
        kind = autoencoder.protocol.distance
        if kind in found:
            raise InputError(
                f'{path}: measures {kind}, as an earlier auto-encoder does; give '
                f'one for each measure'
            )
        found[kind] = autoencoder
    return list(found.values())


class FeatureDistances:
    """Frechet distances and diversity in the features of auto-encoders.

    Attributes:
        captured: figures of the captured motion.
        notes: one line for each distance that could not be measured.
    """

    def __init__(
        self,
        autoencoders: 'Sequence[Autoencoder]',
        takes: Sequence[EvaluationTake],
        strict: bool,
    ) -> None:
        self._takes = takes
        self._real: list[tuple[Autoencoder, list[Array]]] = []
        self.captured: Figures = {}
        self.notes: list[str] = []
        # The most general features first: diversity uses the first available ones.
        order = sorted(autoencoders, key=lambda each: list(CATALOGUE).index(each.protocol.distance))
        for autoencoder in order:
            protocol = autoencoder.protocol
            real = self._features(autoencoder, [take.channels for take in takes])
            count = sum(map(len, real))
            if count < protocol.windows_needed:
                note = (
                    f'{protocol.distance} left out: {count} windows of {protocol.window_frames} '
                    f'frames with valid {protocol.channels} channels, and the covariance of '
                    f'{protocol.latent_dim} features needs {protocol.windows_needed}; give more '
                    'or longer takes'
                )
                if strict:
                    raise InputError(note)
                self.notes.append(note)
                continue
            self._real.append((autoencoder, real))
            self.captured |= self._floor(autoencoder, real)
        if self._real:
            self.captured['diversity'] = _diversity(self._real[0][1])

    def _features(
        self, autoencoder: 'Autoencoder', motions: Sequence[NDArray[np.float32]]
    ) -> list[Array]:
        protocol = autoencoder.protocol
        return [
            autoencoder.encode(
                cut_windows(channels, protocol.window_frames, protocol.stride), take.valid
            )
            for take, channels in zip(self._takes, motions, strict=True)
            if has_channels(take.valid, take.format, protocol.channels)
        ]

    def _floor(self, autoencoder: 'Autoencoder', real: Sequence[Array]) -> Figures:
        """Return the distance between the captured takes' first and second halves."""
        halves = [(part[: len(part) // 2], part[len(part) // 2 :]) for part in real]
        first, second = (np.concatenate(parts) for parts in zip(*halves, strict=True))
        if min(len(first), len(second)) < autoencoder.protocol.windows_needed:
            return {}
        return {autoencoder.protocol.distance: frechet_distance(first, second)}

    def of(self, motions: Sequence[Motion]) -> Figures:
        """Return the distances of one seed's motions to the captured ones."""
        figures: Figures = {}
        for autoencoder, real in self._real:
            made = self._features(autoencoder, [channels_of(motion) for motion in motions])
            figures[autoencoder.protocol.distance] = frechet_distance(
                np.concatenate(real), np.concatenate(made)
            )
            figures.setdefault('diversity', _diversity(made))
        return figures


def _diversity(features: Sequence[Array]) -> float:
    together = np.concatenate(features)
    step = -(-len(together) // DIVERSITY_WINDOWS)
    return pair_distance(together[::step])
