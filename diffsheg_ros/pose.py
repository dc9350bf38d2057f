"""A pose of face and body, and the fading offset that joins two motions without a jump."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation


@dataclass(frozen=True)
class Pose:
    """Face and body at one moment.

    Attributes:
        time_ns: the moment.
        rotations: (J, 4) float64, local joint rotations as unit quaternions x y z w.
        weights: (W,) float64, expression weights.
        state: 'idle' (at rest), 'speaking', 'holding' (the next frame is overdue, the last one
            is held) or 'returning' (on the way to rest).
        utterance_id: whose motion this is; empty where it is nobody's.
    """

    time_ns: int
    rotations: np.ndarray
    weights: np.ndarray
    state: str
    utterance_id: str = ''

    @property
    def rotvecs(self) -> np.ndarray:
        """(J, 3) the rotations as axis-angle vectors, radians."""
        return Rotation.from_quat(self.rotations).as_rotvec()


@dataclass(frozen=True)
class Offset:
    """What the pose shown was off from the planned one, fading out while the plan plays on.

    Attributes:
        start_ns: when the fade begins.
        rotvecs: (J, 3) rotations to apply after the planned ones, axis-angle, radians.
        weights: (W,) to add to the planned ones.
    """

    start_ns: int
    rotvecs: np.ndarray
    weights: np.ndarray

    @property
    def is_seen(self) -> bool:
        """Whether it is more than rounding."""
        size = np.abs(self.rotvecs).max(initial=0) + np.abs(self.weights).max(initial=0)
        return bool(size > 1e-6)

    @classmethod
    def between(cls, start_ns: int, shown: Pose, planned: Pose) -> 'Offset':
        """The offset that makes `planned` look like `shown` at first."""
        turn = Rotation.from_quat(shown.rotations) * Rotation.from_quat(planned.rotations).inv()
        return cls(start_ns, turn.as_rotvec(), shown.weights - planned.weights)

    def applied(self, pose: Pose, blend_ns: int) -> Pose:
        """The planned pose with what is left of the offset at its time."""
        left = 1.0 - smooth((pose.time_ns - self.start_ns) / blend_ns)
        if left == 0.0:
            return pose
        turn = Rotation.from_rotvec(left * self.rotvecs) * Rotation.from_quat(pose.rotations)
        return Pose(
            pose.time_ns,
            turn.as_quat(),
            pose.weights + left * self.weights,
            pose.state,
            pose.utterance_id,
        )


def smooth(fraction: float) -> float:
    """0 to 1 with zero slope at both ends, steepest (1.5) in the middle; constant outside."""
    fraction = min(max(fraction, 0.0), 1.0)
    return fraction * fraction * (3.0 - 2.0 * fraction)
