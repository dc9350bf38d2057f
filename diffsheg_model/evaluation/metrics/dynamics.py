"""How fast a motion goes and how smoothly: speed, acceleration and jerk of positions.

Finite differences of joint positions p(t) at f frames a second, Euclidean norms:

    speed         |p[t+1] - p[t]| f
    acceleration  |p[t+2] - 2 p[t+1] + p[t]| f^2
    jerk          |p[t+3] - 3 p[t+2] + 3 p[t+1] - p[t]| f^3

Mean acceleration and jerk as in the GENEA Challenge (Kucherenko et al., arXiv 2303.08737, section
on objective metrics). Rounding noise grows with f^3, so compare motions at one rate only.
"""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.motion.skeleton import Skeleton, forward_kinematics

Array = NDArray[np.float64]

WRISTS = {'beat': ('RightHand', 'LeftHand'), 'show': ('right_wrist', 'left_wrist')}
"""The joints that gestures are made with, by motion format."""


def trajectories(
    skeleton: Skeleton,
    joint_names: tuple[str, ...],
    rotations: np.ndarray,
    joints: tuple[str, ...],
) -> Array:
    """Paths (F, K, 3) in metres of K joints of a figure whose root stands still.

    Motions of any origin become comparable by giving them one skeleton.

    Args:
        skeleton: the bones.
        joint_names: J names of the joints that move; the others stay at rest.
        rotations: (F, J, 3) axis-angle, rad.
        joints: K names.
    """
    return forward_kinematics(skeleton, joint_names, rotations)[:, skeleton.indices(joints)]


def _derivative(positions: np.ndarray, fps: float, order: int) -> Array:
    if len(positions) <= order:
        raise InputError(
            f'the motion has {len(positions)} frames: at least {order + 1} are needed for '
            f'{("", "speed", "acceleration", "jerk")[order]}'
        )
    differences = np.diff(np.asarray(positions, np.float64), n=order, axis=0)
    return np.asarray(np.linalg.norm(differences, axis=-1) * fps**order)


def speed(positions: np.ndarray, fps: float) -> Array:
    """(F, K, 3) metres -> (F - 1, K) m/s, halfway between the frames."""
    return _derivative(positions, fps, 1)


def acceleration(positions: np.ndarray, fps: float) -> Array:
    """(F, K, 3) metres -> (F - 2, K) m/s^2."""
    return _derivative(positions, fps, 2)


def jerk(positions: np.ndarray, fps: float) -> Array:
    """(F, K, 3) metres -> (F - 3, K) m/s^3."""
    return _derivative(positions, fps, 3)
