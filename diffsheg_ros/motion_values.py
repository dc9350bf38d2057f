"""Face and joint motion as messages carry it."""

from typing import NamedTuple

import numpy as np


class FaceMotion(NamedTuple):
    """Face weights with their times.

    Attributes:
        utterance_id: the utterance that is spoken; empty while idle.
        names: W names of blendshapes.
        times_ns: (F,) int64.
        weights: (F, W) float32, 0 to 1.
    """

    utterance_id: str
    names: tuple[str, ...]
    times_ns: np.ndarray
    weights: np.ndarray


class JointMotion(NamedTuple):
    """Joint angles with their times.

    Attributes:
        joint_names: J names of human joints, without the axes.
        times_ns: (F,) int64.
        angles: (F, J, 3) float64, radians.
        velocities: (F, J, 3) float64, radians per second; None if the message has none.
    """

    joint_names: tuple[str, ...]
    times_ns: np.ndarray
    angles: np.ndarray
    velocities: np.ndarray | None
