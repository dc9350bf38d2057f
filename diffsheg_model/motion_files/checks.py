"""Refuses motions with numbers that are none of a motion, and says which."""

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion

#: Frames a second of motion files: below are wrong units of time, above more than any capture has.
_RATES = (1.0, 10_000.0)
#: Timecodes count the time of a day, and the times of a glTF are too coarse after it.
_LATEST_START_S = 24 * 3600


def check_rate(motion: Motion) -> None:
    """Raise InputError where a motion has a frame rate that motions do not have."""
    if not _RATES[0] <= motion.fps <= _RATES[1]:
        raise InputError(
            f'the motion has {motion.fps:g} frames a second: must be from {_RATES[0]:g} to '
            f'{_RATES[1]:g}'
        )


def check_times(motion: Motion) -> None:
    """Raises InputError where the frames have no times, or times that no format holds."""
    check_rate(motion)
    if not 0 <= motion.start_frame <= _LATEST_START_S * motion.fps:
        raise InputError(
            f'the motion begins with frame {motion.start_frame}: must be from 0 to a day after it'
        )


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
