"""The 61 curves of Live Link Face, with which Unreal Engine moves a face.

Conventions are those of the app's own recordings: the weights of ARKit, then yaw, pitch and roll of
the head and of both eyes in radians. Yaw is positive to the person's right, pitch is positive
downwards, roll is positive to the person's left shoulder; R = Ry(-yaw) Rx(pitch) Rz(-roll) in the
face's frame (x to its left, y up, z forward).
"""

import numpy as np
from scipy.spatial.transform import Rotation

from diffsheg_model.errors import InputError
from diffsheg_model.motion.avatar_rig import avatar_motion, head_turn
from diffsheg_model.motion.formats import ARKIT_WEIGHTS
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import Array

LIVELINK_CURVES = tuple(
    (
        'EyeBlinkLeft EyeLookDownLeft EyeLookInLeft EyeLookOutLeft EyeLookUpLeft EyeSquintLeft '
        'EyeWideLeft EyeBlinkRight EyeLookDownRight EyeLookInRight EyeLookOutRight EyeLookUpRight '
        'EyeSquintRight EyeWideRight JawForward JawLeft JawRight JawOpen MouthClose MouthFunnel '
        'MouthPucker MouthLeft MouthRight MouthSmileLeft MouthSmileRight MouthFrownLeft '
        'MouthFrownRight MouthDimpleLeft MouthDimpleRight MouthStretchLeft MouthStretchRight '
        'MouthRollLower MouthRollUpper MouthShrugLower MouthShrugUpper MouthPressLeft '
        'MouthPressRight MouthLowerDownLeft MouthLowerDownRight MouthUpperUpLeft '
        'MouthUpperUpRight BrowDownLeft BrowDownRight BrowInnerUp BrowOuterUpLeft '
        'BrowOuterUpRight CheekPuff CheekSquintLeft CheekSquintRight NoseSneerLeft '
        'NoseSneerRight TongueOut HeadYaw HeadPitch HeadRoll LeftEyeYaw LeftEyePitch LeftEyeRoll '
        'RightEyeYaw RightEyePitch RightEyeRoll'
    ).split()
)
"""Names in the order of a packet: Unreal's EARFaceBlendShape."""

LIVELINK_FPS = 60
"""Frames a second of the app's recordings and packets."""

# Radians. Angle of an eye at weight 1, fitted to three of the app's recordings within 0.04 rad rms.
# There R = Rx(pitch) Ry(-yaw).
_LOOK_UP_RAD = 0.41
_LOOK_DOWN_RAD = 0.65
_LOOK_IN_RAD = 0.6
_LOOK_OUT_RAD = 0.75


def curve_name(weight: str) -> str:
    """Return the app's spelling of an ARKit weight, with a capital first letter."""
    return weight[:1].upper() + weight[1:]


def livelink_curves(motion: Motion) -> Array:
    """Return the curves of every frame, (F, 61) in the order of `LIVELINK_CURVES`.

    The head's angles are the rotations of neck and head together, relative to the shoulders. The
    eyes' angles follow from their look weights. Curves that the motion lacks are 0.

    Raises:
        InputError: the motion has neither an ARKit weight nor a jaw.
    """
    motion = avatar_motion(motion)
    weights = {
        name: motion.weights[:, index].astype(np.float64)
        for index, name in enumerate(motion.weight_names)
        if name in ARKIT_WEIGHTS
    }
    if not weights:
        raise InputError('the motion has no face: none of its weights is an ARKit blendshape')
    columns = {curve_name(name): values for name, values in weights.items()}
    if (head := head_turn(motion)) is not None:
        _add_angles(columns, 'Head', head)
    for side in ('Left', 'Right'):
        _add_angles(columns, f'{side}Eye', _eye(weights, side, len(motion)))
    curves = np.zeros((len(motion), len(LIVELINK_CURVES)))
    for name, values in columns.items():
        curves[:, LIVELINK_CURVES.index(name)] = values
    return curves


def _add_angles(columns: dict[str, Array], part: str, turned: Rotation) -> None:
    # The intrinsic angles of R = Ry Rx Rz, in Unreal's signs.
    angles = turned.as_euler('YXZ') * (-1.0, 1.0, -1.0)
    for index, angle in enumerate(('Yaw', 'Pitch', 'Roll')):
        columns[f'{part}{angle}'] = angles[:, index]


def _eye(weights: dict[str, Array], side: str, frames: int) -> Rotation:
    def look(direction: str) -> Array:
        return weights.get(f'eyeLook{direction}{side}', np.zeros(frames))

    pitch = _LOOK_DOWN_RAD * look('Down') - _LOOK_UP_RAD * look('Up')
    yaw = _LOOK_IN_RAD * look('In') - _LOOK_OUT_RAD * look('Out')
    if side == 'Right':
        yaw = -yaw
    return Rotation.from_euler('XY', np.stack([pitch, -yaw], axis=-1))
