"""Mean and standard deviation of motion channels over the frames that have them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffsheg_model.data.shards import Take
from diffsheg_model.errors import InputError

CHUNK_FRAMES = 65536


def compute_stats(
    takes: Iterable[tuple[Take, float]], channels: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute statistics over takes; each frame counts with the weight of its take.

    Sums are relative to the first valid frame of a channel, in float64. So channels far from 0 that
    hardly move keep their true deviation.

    Args:
        takes: takes and the weights of their frames.
        channels: C.

    Returns:
        mean (C,) and std (C,) float32; both 0 for a channel that no take has.

    Raises:
        InputError: a take holds NaN or infinity in a valid channel.
    """
    origin = np.zeros(channels)
    seen = np.zeros(channels, bool)
    count, total, squares = np.zeros(channels), np.zeros(channels), np.zeros(channels)
    for take, weight in takes:
        new = take.valid & ~seen
        if len(take.motion):
            origin[new] = take.motion[0][new]
            seen |= take.valid
        for start in range(0, len(take.motion), CHUNK_FRAMES):
            values = take.motion[start : start + CHUNK_FRAMES].astype(np.float64) - origin
            bad = ~np.isfinite(values).all(axis=0) & take.valid
            if bad.any():
                raise InputError(
                    f'{take.path}/motion.npy: NaN or infinity in channel '
                    f'{int(np.flatnonzero(bad)[0])}; prepare this take again'
                )
            values[:, ~take.valid] = 0
            count += weight * len(values) * take.valid
            total += weight * values.sum(axis=0)
            squares += weight * (values**2).sum(axis=0)
    present = np.maximum(count, 1e-12)
    mean = total / present
    variance = np.maximum(squares / present - mean**2, 0)
    return (origin + mean).astype(np.float32), np.sqrt(variance).astype(np.float32)


STILL = 1e-6
"""Radians or weight: channels with a smaller deviation are still, in bundles too."""


def settle(std: NDArray[np.float32], floor: float) -> NDArray[np.float32]:
    """Return ``std`` (C,) with 0 for channels below ``floor``."""
    return np.where(std < floor, 0, std).astype(np.float32)


class Moments:
    """Mean and deviation of columns over rows that are added block by block."""

    def __init__(self, columns: int) -> None:
        self._count = np.zeros(columns)
        self._total = np.zeros(columns)
        self._squares = np.zeros(columns)

    def add(self, rows: ArrayLike, counted: NDArray[np.bool_] | bool = True) -> None:
        """Add rows (n, columns) to the columns in ``counted``."""
        values = np.asarray(rows, np.float64)
        if not np.all(counted):
            values = np.where(counted, values, 0.0)
        self._count += len(values) * np.asarray(counted)
        self._total += values.sum(axis=0)
        self._squares += np.square(values).sum(axis=0)

    def result(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean and deviation (columns,); both 0 for columns without rows."""
        count = np.maximum(self._count, 1.0)
        mean = self._total / count
        variance = np.maximum(self._squares / count - mean**2, 0.0)
        return mean.astype(np.float32), np.sqrt(variance).astype(np.float32)
