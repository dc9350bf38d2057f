"""From wrist paths to joint rotations: two-bone inverse kinematics of both arms.

Conventions as in a BEAT BVH file: Y up, Z forward, the left side at +X, T-pose with palms down at
zero rotation. A lowered left arm is a rotation of LeftArm by about -75 degrees around z (the right
one +75), a bent left elbow one of LeftForeArm around -y, a turned forearm one around its own x.

Everything is computed for the left arm; the right one is its mirror image: of a rotation vector,
x stays and y and z change sign.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from diffsheg_model.data.corpus.teacher.curves import FloatArray

UPPER_ARM_M = 0.30
FOREARM_M = 0.26
# Flexion and twist together stay below 130 degrees: near 180 a rotation vector jumps to its
# opposite, and what learns from both goes through poses that no elbow has.
_REACH = (0.30, 0.985 * (UPPER_ARM_M + FOREARM_M))
_LARGEST_TWIST = np.deg2rad(55.0)
_LARGEST_FLEXION = np.deg2rad(118.0)
_TWIST_SMOOTHING_S = 0.12


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def solve_left_arm(
    wrist: FloatArray, palm: FloatArray, shrug: FloatArray, swivel: FloatArray, fps: float
) -> dict[str, FloatArray]:
    """Rotations of the left arm that put the wrist where it should be.

    Args:
        wrist: (F, 3) metres from the shoulder joint: outward, up, forward. Brought into reach.
        palm: (F, 3) the way the palm should face; reached as far as the forearm turns (55 degrees).
        shrug: (F,) raise of the collar bone, radians.
        swivel: (F,) how far the elbow points outwards instead of down, radians.
        fps: frames a second; the forearm turns no faster than some 0.2 s allow.

    Returns:
        Rotation vectors (F, 3) in radians by 'Shoulder', 'Arm' and 'ForeArm'.
    """
    distance = np.linalg.norm(wrist, axis=1)
    reach = np.clip(distance, *_REACH)
    toward = _unit(wrist)
    # Law of cosines: angle at the shoulder between the upper arm and the line to the wrist.
    cosine = (UPPER_ARM_M**2 + reach**2 - FOREARM_M**2) / (2 * UPPER_ARM_M * reach)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    hint = np.stack([np.sin(swivel), -np.cos(swivel), np.full_like(swivel, -0.35)], axis=1)
    sideways = _unit(hint - np.sum(hint * toward, axis=1, keepdims=True) * toward)
    upper = np.cos(angle)[:, None] * toward + np.sin(angle)[:, None] * sideways
    elbow = UPPER_ARM_M * upper
    fore = _unit(reach[:, None] * toward - elbow)
    flexion = np.arccos(np.clip(np.sum(upper * fore, axis=1), -1.0, 1.0))
    flexion = np.minimum(flexion, _LARGEST_FLEXION)
    bend = _unit(fore - np.sum(fore * upper, axis=1, keepdims=True) * upper)
    frame = np.stack([upper, np.cross(bend, upper), bend], axis=2)
    arm = Rotation.from_matrix(frame)
    elbow_turn = Rotation.from_rotvec(flexion[:, None] * np.array([0.0, -1.0, 0.0]))
    forearm_frame = arm * elbow_turn
    # The palm faces -y of the forearm's frame; the twist around x brings it nearest to `palm`.
    local = forearm_frame.inv().apply(_unit(palm))
    local = gaussian_filter1d(local, _TWIST_SMOOTHING_S * fps, axis=0, mode='nearest')
    twist = np.arctan2(-local[:, 2], -local[:, 1])
    # Beyond the limit the twist fades out again, so that it cannot jump from one end to the other.
    folded = np.clip(twist, -_LARGEST_TWIST, _LARGEST_TWIST)
    fade = np.clip((np.pi - np.abs(twist)) / (np.pi - 2.0), 0.0, 1.0)
    twist = gaussian_filter1d(folded * fade, _TWIST_SMOOTHING_S * fps, mode='nearest')
    collar = Rotation.from_rotvec(shrug[:, None] * np.array([0.0, 0.0, 1.0]))
    return {
        'Shoulder': collar.as_rotvec(),
        'Arm': (collar.inv() * arm).as_rotvec(),
        'ForeArm': (
            elbow_turn * Rotation.from_rotvec(twist[:, None] * np.array([1.0, 0.0, 0.0]))
        ).as_rotvec(),
    }


def mirrored(rotation_vectors: FloatArray) -> FloatArray:
    """The rotation seen in the body's mirror plane: (x, -y, -z)."""
    return rotation_vectors * np.array([1.0, -1.0, -1.0])
