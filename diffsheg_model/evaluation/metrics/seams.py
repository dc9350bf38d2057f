"""Whether one sees where a window ends and the next begins."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.sampling.foppas import next_window


def seam_starts(frames: int, window_frames: int, overlap: int) -> list[int]:
    """First frames of the windows after the first (arXiv 2401.04747, section 3.3).

    The motion comes from the window before up to the frame before it.

    Args:
        frames: of the whole motion.
        window_frames: T.
        overlap: frames that neighbouring windows share.
    """
    starts = []
    window = next_window(None, window_frames, overlap, frames)
    while window is not None and (window := next_window(window, window_frames, overlap, frames)):
        starts.append(window[0])
    return starts


def step_sizes(values: np.ndarray) -> NDArray[np.float64]:
    """(F, ...) -> (F - 1,) Euclidean distance of each frame from the one before it."""
    values = np.asarray(values, np.float64)
    return np.asarray(np.linalg.norm(np.diff(values.reshape(len(values), -1), axis=0), axis=1))


def seam_ratio(values: np.ndarray, starts: list[int], overlap: int) -> float:
    """Mean frame difference at seams over that inside windows; 1 where no seam shows.

    At a seam are the steps into the overlap, through it and out of it, that is the steps to the
    frames start .. start + overlap; inside windows are all others. NaN without a seam, without a
    step inside, or where nothing moves inside.

    Args:
        values: (F, ...) rotations, weights or positions.
        starts: first frames of the later windows, from `seam_starts`.
        overlap: frames that neighbouring windows share.
    """
    sizes = step_sizes(values)
    at_seam = np.zeros(len(sizes), bool)
    for start in starts:
        at_seam[start - 1 : start + overlap] = True
    return _ratio(sizes[at_seam], sizes[~at_seam])


def seam_profile(values: np.ndarray, starts: list[int], overlap: int) -> NDArray[np.float64]:
    """`seam_ratio` of each of a seam's steps alone: (overlap + 1,), in their order in time.

    A jump at one place of every seam, which the mean over the whole seam dilutes, is seen here.
    """
    sizes = step_sizes(values)
    inside = np.ones(len(sizes), bool)
    for start in starts:
        inside[start - 1 : start + overlap] = False
    places = (
        [sizes[start - 1 + place] for start in starts if start - 1 + place < len(sizes)]
        for place in range(overlap + 1)
    )
    return np.array([_ratio(np.array(place), sizes[inside]) for place in places])


def _ratio(seam: NDArray[np.float64], inside: NDArray[np.float64]) -> float:
    if not len(seam) or not len(inside) or not inside.mean() > 0:
        return float('nan')
    return float(seam.mean() / inside.mean())
