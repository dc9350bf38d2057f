"""Visibility of the seams between windows."""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.sampling.foppas import next_window


def seam_starts(frames: int, window_frames: int, overlap: int) -> list[int]:
    """Return the first frames of all windows after the first (arXiv 2401.04747, section 3.3).

    Frames before a start come from the previous window.

    Args:
        frames: frames of the whole motion.
        window_frames: frames of a window.
        overlap: frames that neighbouring windows share.
    """
    starts = []
    window = next_window(None, window_frames, overlap, frames)
    while window is not None and (window := next_window(window, window_frames, overlap, frames)):
        starts.append(window[0])
    return starts


def step_sizes(values: np.ndarray) -> NDArray[np.float64]:
    """Return the Euclidean distances (F - 1,) between consecutive frames of values (F, ...)."""
    values = np.asarray(values, np.float64)
    return np.asarray(np.linalg.norm(np.diff(values.reshape(len(values), -1), axis=0), axis=1))


def seam_ratio(values: np.ndarray, starts: list[int], overlap: int) -> float:
    """Return the mean frame difference at seams over that inside windows; 1 without seams.

    Steps at a seam are those into, through and out of the overlap: the steps to the frames
    start .. start + overlap. All others are inside windows. The result is NaN without a seam,
    without a step inside, or if nothing moves inside.

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
    """Return the `seam_ratio` (overlap + 1,) of each step of a seam, in order of time.

    It shows a jump at one step of every seam, which the mean over the seam dilutes.
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
