"""From wrist paths to joint rotations: two-bone inverse kinematics of both arms.

Conventions are those of a BEAT BVH file: Y up, Z forward, the left side at +X. Zero rotation is a
T-pose with palms down. LeftArm turned by about -75 degrees around z lowers the left arm (the right
one: +75). LeftForeArm turns around -y to bend the elbow and around its own x to twist the forearm.

Everything is computed for the left arm. The right arm is its mirror image: the x of a rotation
vector stays, y and z change sign.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from diffsheg_model.data.corpus.teacher.curves import FloatArray

UPPER_ARM_M = 0.30
FOREARM_M = 0.26
# Flexion and twist together stay below 130 degrees. Near 180 a rotation vector jumps to its
# opposite, and a network that learns from both passes through impossible poses.
_REACH = (0.30, 0.985 * (UPPER_ARM_M + FOREARM_M))
_LARGEST_TWIST = np.deg2rad(55.0)
_LARGEST_FLEXION = np.deg2rad(118.0)
_TWIST_SMOOTHING_S = 0.12


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def solve_left_arm(
    wrist: FloatArray, palm: FloatArray, shrug: FloatArray, swivel: FloatArray, fps: float
) -> dict[str, FloatArray]:
    """Return the rotations of the left arm that put the wrist at its target.

    Args:
        wrist: (F, 3) target in metres from the shoulder joint: outward, up, forward. Targets out
            of reach are moved into reach.
        palm: (F, 3) direction of the palm; the forearm twists by at most 55 degrees to reach it.
        shrug: (F,) elevation of the collar bone, radians.
        swivel: (F,) angle of the elbow from down to outwards, radians.
        fps: frames a second, for smoothing the twist of the forearm.

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
    # The palm faces -y of the forearm's frame; a twist around x turns it closest to `palm`.
    local = forearm_frame.inv().apply(_unit(palm))
    local = gaussian_filter1d(local, _TWIST_SMOOTHING_S * fps, axis=0, mode='nearest')
    twist = np.arctan2(-local[:, 2], -local[:, 1])
    # Beyond the limit the twist fades out, so that it cannot jump from one end to the other.
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
    """Mirror rotation vectors at the body's sagittal plane: (x, -y, -z)."""
    return rotation_vectors * np.array([1.0, -1.0, -1.0])
