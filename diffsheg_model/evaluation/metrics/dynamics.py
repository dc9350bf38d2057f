"""Speed and smoothness of motion: speed, acceleration and jerk of positions.

Finite differences of joint positions p(t) at f frames a second, Euclidean norms:

    speed         |p[t+1] - p[t]| f
    acceleration  |p[t+2] - 2 p[t+1] + p[t]| f^2
    jerk          |p[t+3] - 3 p[t+2] + 3 p[t+1] - p[t]| f^3

Mean acceleration and jerk are those of the GENEA Challenge (Kucherenko et al., arXiv 2303.08737,
section on objective metrics). Rounding noise grows with f^3: compare motions of equal rates only.
"""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.motion.skeleton import Skeleton, forward_kinematics

Array = NDArray[np.float64]

WRISTS = {'beat': ('RightHand', 'LeftHand'), 'show': ('right_wrist', 'left_wrist')}
"""Names of the wrist joints, by motion format."""


def trajectories(
    skeleton: Skeleton,
    joint_names: tuple[str, ...],
    rotations: np.ndarray,
    joints: tuple[str, ...],
) -> Array:
    """Return the paths (F, K, 3) in metres of K joints relative to a fixed root.

    One skeleton for all motions makes them comparable.

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
    """Return the speed (F - 1, K) in m/s of positions (F, K, 3), halfway between frames."""
    return _derivative(positions, fps, 1)


def acceleration(positions: np.ndarray, fps: float) -> Array:
    """Return the acceleration (F - 2, K) in m/s^2 of positions (F, K, 3)."""
    return _derivative(positions, fps, 2)


def jerk(positions: np.ndarray, fps: float) -> Array:
    """Return the jerk (F - 3, K) in m/s^3 of positions (F, K, 3)."""
    return _derivative(positions, fps, 3)
