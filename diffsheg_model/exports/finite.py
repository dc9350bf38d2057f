"""Refuses motions that are not finite, by the channel and the frame."""

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion import Motion


def check_rotations(motion: Motion) -> None:
    """Raises InputError where a rotation is NaN or infinite."""
    finite = np.isfinite(motion.rotations).all(axis=2)
    if not finite.all():
        frame, joint = np.argwhere(~finite)[0]
        raise InputError(
            f'the motion of joint {motion.joint_names[joint]} is not finite in frame {frame}'
        )


def check_weights(motion: Motion) -> None:
    """Raises InputError where a weight is NaN or infinite."""
    finite = np.isfinite(motion.weights)
    if not finite.all():
        frame, weight = np.argwhere(~finite)[0]
        raise InputError(f'{motion.weight_names[weight]} is not finite in frame {frame}')
