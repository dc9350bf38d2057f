"""How the head is turned against the shoulders."""

import numpy as np
from scipy.spatial.transform import Rotation

from diffsheg_model.motion.motion import Motion

#: From the shoulders up: BEAT's joints, then SMPL-X's.
_JOINTS = ('Neck', 'Neck1', 'Head', 'neck', 'head')


def head_turn(motion: Motion) -> Rotation | None:
    """The motion's neck and head joints together, F rotations; None where it has none of them."""
    names = [name for name in _JOINTS if name in motion.joint_names]
    if not names:
        return None
    turned = Rotation.from_rotvec(np.zeros((len(motion), 3)))
    for name in names:
        rotvec = motion.rotations[:, motion.joint_names.index(name)].astype(np.float64)
        turned = turned * Rotation.from_rotvec(rotvec)
    return turned
