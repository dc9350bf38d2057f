"""Blinks: their rate and duration, and the longest time with shut eyes.

A blink is an interval in which the closure of the lids is at or above a threshold. Its ends are the
crossings of the threshold, interpolated linearly between frames: at 15 frames a second a blink is
only two to five frames long.

Counting uses a closure of 0.5, which separates blinks from squints. The duration of a blink is
usually given from the first to the last movement of the lids: 100 to 400 ms (Schiffman, Sensation
and Perception, 2001; Milo et al., BioNumbers 100706). A low threshold (0.1) approximates that. So
`blink_durations` has one threshold for each.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HALF_SHUT = 0.5
"""Closure (0 open .. 1 shut, as in ARKit) from which an eye counts as shut."""

MOVING = 0.1
"""Closure above that of the open eye at which a blink begins and ends."""


def crossings(closure: Array, fps: float, threshold: float) -> Array:
    """Return the intervals in which the closure is at or above a threshold.

    Args:
        closure: (F,), 0..1.
        fps: frames a second; frame i is at i / fps.
        threshold: closure, 0..1.

    Returns:
        (B, 2) beginning and end in seconds, linear between frames; an interval at the edge of
        the recording begins or ends with it.
    """
    above = np.concatenate([[False], closure >= threshold, [False]])
    edges = np.flatnonzero(np.diff(above.astype(int))).reshape(-1, 2)
    times = np.empty(edges.shape)
    for row, (first, end) in enumerate(edges):
        times[row] = first, end - 1
        if first > 0:
            times[row, 0] -= _part(closure[first], closure[first - 1], threshold)
        if end < len(closure):
            times[row, 1] += _part(closure[end - 1], closure[end], threshold)
    return times / fps


def _part(inside: float, outside: float, threshold: float) -> float:
    """Return the fraction of a frame between the frame inside and the crossing."""
    return float((inside - threshold) / (inside - outside))


def blinks_per_minute(closure: Array, fps: float, threshold: float = HALF_SHUT) -> float:
    """Return the blinks a minute: crossings of the threshold / minutes.

    Args:
        closure: (F,) closure of an eye, or the mean of both, 0..1.
        fps: frames a second.
        threshold: closure that a blink reaches.
    """
    return len(crossings(closure, fps, threshold)) / (len(closure) / fps / 60)


def blink_durations(
    closure: Array, fps: float, threshold: float = HALF_SHUT, edge: float = MOVING
) -> Array:
    """Return the duration of each blink, (B,) seconds.

    A blink reaches ``threshold``. It lasts while the closure is above that of the open eye by at
    least ``edge``; if the eye does not open that far, two blinks are one. Blinks at the edges of
    the recording are left out.

    Args:
        closure: (F,) 0..1.
        fps: frames a second.
        threshold: closure that a blink reaches.
        edge: closure above the open eye (the median) at which a blink begins and ends.
            Give ``threshold - median`` to measure between the crossings of the threshold itself.
    """
    reached = crossings(closure, fps, threshold)
    moving = crossings(closure, fps, float(np.median(closure)) + edge)
    last = (len(closure) - 1) / fps
    whole = moving[(moving[:, 0] > 0) & (moving[:, 1] < last)]
    return np.array(
        [
            end - start
            for start, end in whole
            if ((reached[:, 0] >= start) & (reached[:, 1] <= end)).any()
        ]
    )


def longest_shut(left: Array, right: Array, fps: float, threshold: float = HALF_SHUT) -> float:
    """Return the longest time in seconds with both eyes shut.

    Args:
        left, right: (F,) closures, 0..1.
        fps: frames a second.
        threshold: closure from which an eye counts as shut.
    """
    shut = crossings(np.minimum(left, right), fps, threshold)
    return float(np.max(shut[:, 1] - shut[:, 0], initial=0.0))
