"""Windows of takes for auto-encoders, and checks of the channels of takes."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.frechet.protocol import group_channels
from diffsheg_model.motion.motion_format import MotionFormat

if TYPE_CHECKING:
    from diffsheg_model.data.shards import Take


def cut_windows(
    frames: NDArray[np.float32], window_frames: int, stride: int
) -> NDArray[np.float32]:
    """Return windows (N, T, C) of motion (F, C) as a view; N is 0 if F < T."""
    if len(frames) < window_frames:
        return np.zeros((0, window_frames, frames.shape[1]), np.float32)
    views = np.lib.stride_tricks.sliding_window_view(frames, window_frames, axis=0)
    return views[::stride].swapaxes(1, 2)


def has_channels(valid: NDArray[np.bool_], format_: MotionFormat, group: str) -> bool:
    """Return True if a take has the channels of a group.

    Depending on the group it needs some channels of the gesture, of the face, or of both. Missing
    channels of the face are set to the mean on both sides of the comparison.
    """
    branches = ('gesture', 'expression') if group == 'all' else (group,)
    return all(bool(valid[group_channels(format_, branch)].any()) for branch in branches)


def check_finite(take: 'Take') -> None:
    """Raise InputError if a valid channel of a take holds NaN or infinity."""
    bad = ~np.isfinite(take.motion).all(axis=0) & take.valid
    if bad.any():
        raise InputError(
            f'{take.path}/motion.npy: NaN or infinity in channel {int(np.flatnonzero(bad)[0])}; '
            'prepare this take again'
        )


def digest_takes(takes: Iterable['Take']) -> str:
    """Return the SHA-256 of the takes' motion and valid channels, in their order."""
    digest = hashlib.sha256()
    for take in takes:
        digest.update(np.packbits(take.valid).tobytes())
        digest.update(np.ascontiguousarray(take.motion).data)
    return digest.hexdigest()
