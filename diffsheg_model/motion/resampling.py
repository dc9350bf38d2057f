"""Interpolation of a motion to another frame rate."""

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import quaternion_from_rotvec, rotvec_from_quaternion, slerp


def at_rate(motion: Motion, fps: float) -> Motion:
    """Interpolate a motion to `fps` frames a second: weights linearly, rotations by slerp.

    Frame k of the result is the motion at k / fps seconds. The last frame is held for its duration.
    A motion that has the rate is returned unchanged.

    Raises:
        InputError: the motion has no frames, or the rate is below 1 or not finite.
    """
    if not (np.isfinite(fps) and fps >= 1):
        raise InputError(f'a motion cannot have {fps:g} frames a second: must be at least 1')
    if len(motion) == 0:
        raise InputError('the motion has no frames')
    if fps == motion.fps:
        return motion
    # Frames of the result that begin within the motion, with a margin for rounding.
    count = max(1, int(np.ceil(len(motion) * fps / motion.fps - 1e-6)))
    places = np.minimum(np.arange(count) * motion.fps / fps, len(motion) - 1)
    before = np.floor(places).astype(np.intp)
    after = np.minimum(before + 1, len(motion) - 1)
    share = places - before
    weights = motion.weights.astype(np.float64)
    weights = weights[before] + share[:, None] * (weights[after] - weights[before])
    turned = quaternion_from_rotvec(motion.rotations)
    rotations = rotvec_from_quaternion(slerp(turned[before], turned[after], share[:, None]))
    return Motion(
        fps,
        motion.joint_names,
        rotations.astype(np.float32),
        motion.weight_names,
        weights.astype(np.float32),
        round(motion.start_frame * fps / motion.fps),
    )
