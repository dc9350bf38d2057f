"""Poses of face and body: at one moment, at many, and with their velocities."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from diffsheg_model.motion.rotations import (
    Array,
    quaternion_from_rotvec,
    quaternion_product,
    rotvec_from_quaternion,
)
from diffsheg_model.time_units import NS

#: Nanoseconds over which a velocity is measured: too short for acceleration, far above rounding.
_STEP_NS = 200


@dataclass(frozen=True)
class Pose:
    """Face and body at one moment.

    Attributes:
        time_ns: the moment.
        rotations: (J, 4) float64, local joint rotations as unit quaternions x y z w.
        soon: (J, 4) the same at the second moment of `around`.
        weights: (W,) float64, expression weights.
        state: 'idle' (no speech), 'speaking', 'holding' (the next frame is overdue, the last
            one is held) or 'returning' (on the way to idling).
        utterance_id: of the motion; empty while idling.
    """

    time_ns: int
    rotations: Array
    soon: Array
    weights: Array
    state: str
    utterance_id: str = ''

    @property
    def rotvecs(self) -> Array:
        """(J, 3) the rotations as axis-angle vectors, radians."""
        return rotvec_from_quaternion(self.rotations)


@dataclass(frozen=True, eq=False)
class Poses:
    """Face and body at T moments.

    Attributes:
        times_ns: (T,) int64, the moments, in order.
        rotations: (T, J, 4) unit quaternions x y z w.
        weights: (T, W).
    """

    times_ns: np.ndarray
    rotations: Array
    weights: Array

    def __len__(self) -> int:
        return len(self.times_ns)

    def __getitem__(self, part: slice) -> 'Poses':
        return Poses(self.times_ns[part], self.rotations[part], self.weights[part])


#: Motion: the poses at moments (T,) that are asked for in order.
PosesAt = Callable[[np.ndarray], Poses]


def joined(parts: list[Poses]) -> Poses:
    """Return poses one after the other."""
    parts = [part for part in parts if len(part)] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    return Poses(
        np.concatenate([part.times_ns for part in parts]),
        np.concatenate([part.rotations for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


@dataclass(frozen=True, eq=False)
class MovingPose:
    """A pose and how it moves.

    Attributes:
        rotations: (J, 4) unit quaternions x y z w.
        weights: (W,).
        spins: (J, 3) angular velocities in the axes of each joint's parent, rad/s.
        rates: (W,) of the weights, 1/s.
    """

    rotations: Array
    weights: Array
    spins: Array
    rates: Array

    def ahead(self, time_ns: int) -> Poses:
        """Return the poses at the two moments of `around`, going on with its velocity."""
        step_s = _STEP_NS / NS
        turned = quaternion_product(quaternion_from_rotvec(self.spins * step_s), self.rotations)
        return Poses(
            around(time_ns),
            np.stack([self.rotations, turned]),
            np.stack([self.weights, self.weights + self.rates * step_s]),
        )


def around(time_ns: int) -> np.ndarray:
    """Return two moments; their poses give a motion's pose and velocity, see `moving`."""
    return np.array([time_ns, time_ns + _STEP_NS])


def moving(poses: Poses) -> MovingPose:
    """Return the first of the poses at the two moments of `around`, with its velocity."""
    turned = quaternion_product(poses.rotations[1], poses.rotations[0] * (-1, -1, -1, 1))
    per_s = NS / _STEP_NS
    return MovingPose(
        poses.rotations[0],
        poses.weights[0],
        rotvec_from_quaternion(turned) * per_s,
        (poses.weights[1] - poses.weights[0]) * per_s,
    )
