"""Eyelids: how often they close, for how long, and whether they ever stay shut.

A blink is a stretch in which the lids' closure is at or above a threshold. Its beginning and end
are where the curve crosses the threshold, interpolated linearly between frames: at 15 frames a
second a blink is two to five frames long, and whole frames would be too coarse a ruler.

The threshold matters. Closure at half (0.5) tells blinks from squints and is what counts them; a
blink's length is customarily given from the lids' first movement to their last (100 to 400 ms:
Schiffman, Sensation and Perception, 2001; Milo et al., BioNumbers 100706), which a low threshold
(0.1) comes close to. `blink_durations` therefore has one threshold for each.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HALF_SHUT = 0.5
"""Closure from which an eye counts as shut, in ARKit's 0 open .. 1 shut."""

MOVING = 0.1
"""Closure above the open eye's at which a blink's movement begins and ends."""


def crossings(closure: Array, fps: float, threshold: float) -> Array:
    """Stretches at or above a threshold.

    Args:
        closure: (F,).
        fps: frames a second; frame i is at i / fps.
        threshold: closure.

    Returns:
        (B, 2) beginning and end in seconds, linear between frames; a stretch that the recording
        cuts begins or ends with the recording.
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
    """How much of a frame lies between the frame inside and the crossing."""
    return float((inside - threshold) / (inside - outside))


def blinks_per_minute(closure: Array, fps: float, threshold: float = HALF_SHUT) -> float:
    """Blinks a minute = crossings of the threshold / minutes.

    Args:
        closure: (F,) of an eye, or the mean of both, 0..1.
        fps: frames a second.
        threshold: closure that a blink reaches.
    """
    return len(crossings(closure, fps, threshold)) / (len(closure) / fps / 60)


def blink_durations(
    closure: Array, fps: float, threshold: float = HALF_SHUT, edge: float = MOVING
) -> Array:
    """How long each blink lasts, (B,) seconds.

    A blink reaches ``threshold``; it lasts from where the closure rises above ``edge`` over the
    recording's open eye to where it falls below it. Blinks between which the eye does not open
    that far are one. Blinks that the recording's beginning or end cuts are left out.

    Args:
        closure: (F,) 0..1.
        fps: frames a second.
        threshold: closure that a blink reaches.
        edge: closure over the open eye (the curve's median) where its movement begins and ends.
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
    """The longest time in seconds for which both eyes are at least half shut.

    Args:
        left, right: (F,) closures, 0..1.
        fps: frames a second.
        threshold: closure from which an eye counts as shut.
    """
    shut = crossings(np.minimum(left, right), fps, threshold)
    return float(np.max(shut[:, 1] - shut[:, 0], initial=0.0))
