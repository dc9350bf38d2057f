"""Limits of human joints, and the excess of a motion over them.

Every rotation R is split into a swing and a twist about the bone's own axis, R = S T (Dobrowolski,
Swing-twist decomposition in Clifford algebra, arXiv 1506.05481). The twist's angle and the two
components of the swing's axis-angle vector each have a range in degrees. Zero is the T-pose with
palms down. The tables hold left limbs; right ones are their mirror image.

Ranges are the normal passive ranges of motion of adults, measured from the T-pose (Norkin and
White, Measurement of Joint Motion, 5th ed., 2016, appendix; American Academy of Orthopaedic
Surgeons, 1965; fingers: Hume et al., 1990):

    Spine     the format's only spinal joint carries the whole lumbar and thoracic bend:
              flexion 85, extension 30, to the side 35, turn 45
    Neck      two joints share the neck's flexion 50, extension 60, side 45, turn 80; either may
              take most of it
    Shoulder  the collar bone: forward 30, back 25, up 45, down 10
    Arm       abduction 180 (90 above the T-pose's), adduction across the chest, flexion 180,
              extension 60 behind the frontal plane, turn about its own axis 90 either way and
              25 more that a raised arm's path over the sphere adds to it
    ForeArm   flexion 150, extension 10; pronation and supination 90; no bend to the side
    Hand      flexion 80, extension 70, towards the thumb 20, towards the little finger 35
    fingers   knuckle flexion 90 and extension 30 to 45, spread 25; then flexion 110 and 80,
              which retargeting from a glove may put partly into turns
    thumb     both joints of its root together 70, then 60 and 90

SLACK is added on every side for soft tissue, for differences between people, and for errors in the
zero pose of capture systems. Real BEAT takes pass with it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffsheg_model.errors import InputError

Array = NDArray[np.float64]
Range = tuple[float, float]

SLACK = 10.0
"""Degrees added to either end of every range."""


@dataclass(frozen=True)
class JointLimit:
    """Ranges of one joint in degrees, without SLACK.

    Attributes:
        axis: 0, 1 or 2: the bone's own axis, the axis of the twist.
        twist: range of the twist.
        swing: ranges of the swing about the other two axes, in the order of x, y, z.
    """

    axis: int
    twist: Range
    swing: tuple[Range, Range]

    def mirrored(self) -> 'JointLimit':
        """Return the limits on the body's other side: x kept, y and z negated."""
        ranges = [self.twist if axis == self.axis else None for axis in range(3)]
        first, second = (axis for axis in range(3) if axis != self.axis)
        ranges[first], ranges[second] = self.swing

        def seen(axis: int) -> Range:
            low, high = ranges[axis] or (0.0, 0.0)
            return (low, high) if axis == 0 else (-high, -low)

        return JointLimit(self.axis, seen(self.axis), (seen(first), seen(second)))


def _left_arm() -> dict[str, JointLimit]:
    """Return the table: swing about y (forward -) and z (up +), twist about x (thumb up -)."""
    table = {
        'Shoulder': JointLimit(0, (-15, 15), ((-30, 25), (-10, 45))),
        'Arm': JointLimit(0, (-115, 115), ((-135, 60), (-100, 100))),
        'ForeArm': JointLimit(0, (-90, 90), ((-150, 10), (-10, 10))),
        'Hand': JointLimit(0, (-25, 25), ((-30, 35), (-80, 70))),
        'HandThumb1': JointLimit(0, (-10, 70), ((-40, 30), (-40, 40))),
        'HandThumb2': JointLimit(0, (-30, 30), ((-20, 60), (-60, 20))),
        'HandThumb3': JointLimit(0, (-30, 30), ((-20, 90), (-60, 20))),
    }
    for finger in ('Middle', 'Ring', 'Pinky', 'Index'):
        if finger != 'Middle':  # the bones of the palm
            table[f'Hand{finger}'] = JointLimit(0, (-15, 15), ((-10, 10), (-15, 10)))
        table[f'Hand{finger}1'] = JointLimit(0, (-20, 20), ((-25, 25), (-90, 35)))
        table[f'Hand{finger}2'] = JointLimit(0, (-15, 15), ((-10, 10), (-110, 10)))
        table[f'Hand{finger}3'] = JointLimit(0, (-15, 15), ((-10, 10), (-80, 10)))
    return table


def _beat() -> dict[str, JointLimit]:
    limits = {
        'Spine': JointLimit(1, (-45, 45), ((-30, 85), (-35, 35))),
        'Neck': JointLimit(1, (-70, 70), ((-50, 50), (-40, 40))),
        'Neck1': JointLimit(1, (-70, 70), ((-50, 50), (-40, 40))),
    }
    for name, limit in _left_arm().items():
        limits[f'Left{name}'] = limit
        limits[f'Right{name}'] = limit.mirrored()
    return limits


BEAT_LIMITS = _beat()
"""Limits by the names of BEAT's 47 joints."""


def swing_twist(rotvec: np.ndarray, axis: int) -> tuple[Array, Array]:
    """Split rotations into R = swing * twist, with the twist about one axis of the joint's frame.

    Args:
        rotvec: (F, 3) axis-angle, rad.
        axis: 0, 1 or 2.

    Returns:
        twist (F,) rad in -pi..pi, and swing (F, 3) axis-angle, rad, with 0 along the axis.
    """
    rotation = Rotation.from_rotvec(np.asarray(rotvec, np.float64))
    quaternion = rotation.as_quat(canonical=True)
    turn = np.zeros_like(quaternion)
    turn[:, 3], turn[:, axis] = quaternion[:, 3], quaternion[:, axis]
    # The twist of a half turn across the axis is undefined; it counts as zero.
    turn[np.linalg.norm(turn, axis=1) < 1e-9] = 0, 0, 0, 1
    twist = Rotation.from_quat(turn)
    return twist.as_rotvec()[:, axis], (rotation * twist.inv()).as_rotvec()


def excess(
    joint_names: tuple[str, ...],
    rotations: np.ndarray,
    limits: dict[str, JointLimit] | None = None,
    slack: float = SLACK,
) -> Array:
    """Return the excess of each joint over its limits, (F, J) degrees; 0 within them.

    Args:
        joint_names: J names.
        rotations: (F, J, 3) axis-angle, rad.
        limits: limits by joint name. Default: BEAT's. Joints without limits have no excess.
        slack: degrees added to every range.

    Raises:
        InputError: none of the joints has a limit.
    """
    table = BEAT_LIMITS if limits is None else limits
    if not any(name in table for name in joint_names):
        raise InputError(f'no limits are known for joints such as {joint_names[0]}')
    beyond = np.zeros(np.shape(rotations)[:2])
    for place, name in enumerate(joint_names):
        if name not in table:
            continue
        limit = table[name]
        twist, swing = swing_twist(rotations[:, place], limit.axis)
        across = [axis for axis in range(3) if axis != limit.axis]
        angles = np.rad2deg(np.stack([twist, *swing[:, across].T], axis=1))
        low, high = np.array([limit.twist, *limit.swing]).T
        over = np.maximum(low - slack - angles, angles - high - slack)
        beyond[:, place] = np.maximum(over, 0).max(axis=1)
    return beyond


def frames_outside(joint_names: tuple[str, ...], rotations: np.ndarray) -> float:
    """Return the share 0..1 of frames with a joint beyond human limits; see `excess`."""
    return float((excess(joint_names, rotations) > 0).any(axis=1).mean())
