"""Checks for NaN, infinite values and impossible rates in a motion, before it is written."""

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion

#: Frames a second. Lower rates have a wrong unit of time; no capture is faster.
_RATES = (1.0, 10_000.0)
#: Seconds. Timecodes count within a day, and float32 times in glTF are too coarse after it.
_LATEST_START_S = 24 * 3600


def check_rate(motion: Motion) -> None:
    """Raise InputError if the frame rate of a motion is out of range."""
    if not _RATES[0] <= motion.fps <= _RATES[1]:
        raise InputError(
            f'the motion has {motion.fps:g} frames a second: must be from {_RATES[0]:g} to '
            f'{_RATES[1]:g}'
        )


def check_times(motion: Motion) -> None:
    """Raise InputError if the frame rate or the first frame is out of the range of the formats."""
    check_rate(motion)
    if not 0 <= motion.start_frame <= _LATEST_START_S * motion.fps:
        raise InputError(
            f'the motion begins with frame {motion.start_frame}: must be from 0 to a day after it'
        )


def check_rotations(motion: Motion) -> None:
    """Raise InputError for NaN or infinite rotations, naming the first one."""
    finite = np.isfinite(motion.rotations).all(axis=2)
    if not finite.all():
        frame, joint = np.argwhere(~finite)[0]
        raise InputError(
            f'the motion of joint {motion.joint_names[joint]} is not finite in frame {frame}'
        )


def check_weights(motion: Motion) -> None:
    """Raise InputError for NaN or infinite weights, naming the first one."""
    finite = np.isfinite(motion.weights)
    if not finite.all():
        frame, weight = np.argwhere(~finite)[0]
        raise InputError(f'{motion.weight_names[weight]} is not finite in frame {frame}')
