"""Bones and morph targets of the avatar, and the parts of a motion that move them.

The avatar's bones have the names of BEAT's joints and its morph targets those of ARKit's
blendshapes. Its bones are not turned at rest (a T-pose, Y up, facing +Z), like those of SMPL-X. So
local rotations of both skeletons apply without conversion.
"""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, SHOW_SKELETON

#: The avatar that the viewer's page loads; see `viewer/web/avatar.md`.
AVATAR = Path(__file__).parents[1] / 'viewer' / 'web' / 'avatar.glb'

_SIDES = {'left': 'Left', 'right': 'Right'}
_LIMBS = {
    'hip': 'UpLeg',
    'knee': 'Leg',
    'ankle': 'Foot',
    'foot': 'ToeBase',
    'collar': 'Shoulder',
    'shoulder': 'Arm',
    'elbow': 'ForeArm',
    'wrist': 'Hand',
}
_FINGERS = ('index', 'middle', 'pinky', 'ring', 'thumb')

AVATAR_JOINTS_OF_SHOW = {
    'pelvis': 'Hips',
    # Three joints of the spine on four: the last one lies between the shoulder blades in both.
    'spine1': 'Spine',
    'spine2': 'Spine1',
    'spine3': 'Spine3',
    'neck': 'Neck',
    'head': 'Head',
    **{
        f'{side}_{limb}': f'{avatar_side}{avatar_limb}'
        for side, avatar_side in _SIDES.items()
        for limb, avatar_limb in _LIMBS.items()
    },
    **{
        f'{side}_{finger}{segment}': f'{avatar_side}Hand{finger.capitalize()}{segment}'
        for side, avatar_side in _SIDES.items()
        for finger in _FINGERS
        for segment in (1, 2, 3)
    },
}
"""SMPL-X joint -> bone of the avatar. The eyes have none; the jaw moves a morph target."""

JAW_JOINT = 'jaw'
JAW_OPEN = 'jawOpen'
JAW_OPEN_RAD = 0.4
"""The jaw's angle about x at which jawOpen is 1; in talk it stays below 0.2."""


def avatar_motion(motion: Motion) -> Motion:
    """Return the motion with the avatar's names: BEAT's joints and ARKit's weights.

    A motion with BEAT's joints, or without joints, stays as it is. A motion with SMPL-X's joints
    gets the bones of `AVATAR_JOINTS_OF_SHOW`, and the weight jawOpen from its jaw. FLAME's
    coefficients are left out: an ARKit face has no such shapes.

    Raises:
        InputError: a joint belongs neither to BEAT nor to SMPL-X.
    """
    if set(motion.joint_names) <= set(BEAT_SKELETON.names):
        return motion
    # Raises InputError for joints that SMPL-X lacks too.
    SHOW_SKELETON.indices(motion.joint_names)
    kept = [i for i, name in enumerate(motion.joint_names) if name in AVATAR_JOINTS_OF_SHOW]
    weights = np.zeros((len(motion), 0), np.float32)
    if JAW_JOINT in motion.joint_names:
        angles = motion.rotations[:, motion.joint_names.index(JAW_JOINT), 0]
        weights = np.clip(angles / JAW_OPEN_RAD, 0.0, 1.0).astype(np.float32)[:, None]
    return Motion(
        motion.fps,
        tuple(AVATAR_JOINTS_OF_SHOW[motion.joint_names[i]] for i in kept),
        motion.rotations[:, kept],
        (JAW_OPEN,) if weights.shape[1] else (),
        weights,
        motion.start_frame,
    )


#: Joints from the shoulders up: BEAT's, then SMPL-X's.
_JOINTS = ('Neck', 'Neck1', 'Head', 'neck', 'head')


def head_turn(motion: Motion) -> Rotation | None:
    """Return F rotations of the head against the shoulders; None without neck and head joints."""
    names = [name for name in _JOINTS if name in motion.joint_names]
    if not names:
        return None
    turned = Rotation.from_rotvec(np.zeros((len(motion), 3)))
    for name in names:
        rotvec = motion.rotations[:, motion.joint_names.index(name)].astype(np.float64)
        turned = turned * Rotation.from_rotvec(rotvec)
    return turned
