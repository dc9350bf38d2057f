"""The fading offset that joins two motions without a jump of pose or velocity."""

from dataclasses import dataclass

import numpy as np

from diffsheg_model.motion.rotations import (
    Array,
    quaternion_from_rotvec,
    quaternion_product,
    rotvec_from_quaternion,
)
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.interpolation import rotvec_rates
from diffsheg_ros.timeline.pose import MovingPose, Poses


@dataclass(frozen=True, eq=False)
class Offset:
    """Difference of the pose shown from the planned one, fading out while the plan plays on.

    Each number x is an axis-angle component or a weight. It follows the cubic that begins with
    size x_0 and rate v_0 and ends, `blend_s` = T later, with size and rate 0. So a fade adds

    - at most 1.5 |x_0| / T + |v_0| to the speed of a weight, and
    - at most 6 |x_0| / T^2 + 4 |v_0| / T to its acceleration.

    It adds the same to the turning of a joint. There x_0 is at most pi long, and v_0 at most pi / 2
    times the difference of the angular velocities. Turning axes add, at an added speed w, up to
    w^2 + w |planned angular velocity| to the angular acceleration. A new fade that replaces one in
    its midst goes on from its pose and velocity. Repeated every moment, a fade decays as
    exp(-2 t / T) and does not pile up.

    Attributes:
        start_ns: beginning of the fade.
        rotvecs: (J, 3) rotations to apply after the planned ones, axis-angle, radians.
        weights: (W,) to add to the planned ones.
        rotvec_rates: (J, 3) rates of `rotvecs` at first, 1/s.
        weight_rates: (W,) rates of `weights` at first, 1/s.
    """

    start_ns: int
    rotvecs: Array
    weights: Array
    rotvec_rates: Array
    weight_rates: Array

    @property
    def is_seen(self) -> bool:
        """True if it is more than rounding."""
        size = np.abs(self.rotvecs).max(initial=0) + np.abs(self.weights).max(initial=0)
        return bool(size > 1e-6)

    @classmethod
    def between(cls, start_ns: int, shown: MovingPose, planned: MovingPose) -> 'Offset':
        """Return the offset that makes `planned` look and move like `shown` at first."""
        turn = quaternion_product(shown.rotations, planned.rotations * (-1, -1, -1, 1))
        rotvecs = rotvec_from_quaternion(turn)
        # shown = turn * planned, so what turns shown is turn's own spin and planned's, turned.
        spun = np.concatenate([planned.spins, np.zeros((len(turn), 1))], axis=1)
        turned = quaternion_product(quaternion_product(turn, spun), turn * (-1, -1, -1, 1))
        return cls(
            start_ns,
            rotvecs,
            shown.weights - planned.weights,
            rotvec_rates(rotvecs, shown.spins - turned[:, :3]),
            shown.rates - planned.rates,
        )

    def applied(self, poses: Poses, blend_ns: int) -> Poses:
        """Return the planned poses with the rest of the offset at their times."""
        count = int(np.searchsorted(poses.times_ns, self.start_ns + blend_ns))
        if count == 0:
            return poses
        fraction = np.maximum((poses.times_ns[:count] - self.start_ns) / blend_ns, 0.0)
        left = (1 - fraction) ** 2
        size, rate = left * (1 + 2 * fraction), left * fraction * (blend_ns / NS)
        rotvecs = size[:, None, None] * self.rotvecs + rate[:, None, None] * self.rotvec_rates
        rotations = quaternion_product(quaternion_from_rotvec(rotvecs), poses.rotations[:count])
        weights = poses.weights[:count] + (
            size[:, None] * self.weights + rate[:, None] * self.weight_rates
        )
        if count < len(poses):
            rotations = np.concatenate([rotations, poses.rotations[count:]])
            weights = np.concatenate([weights, poses.weights[count:]])
        return Poses(poses.times_ns, rotations, weights)
