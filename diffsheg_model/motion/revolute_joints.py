"""A human joint as three revolute joints `<joint>_x`, `<joint>_y`, `<joint>_z`, as it is published.

Their angles (radians, R = Rx Ry Rz) make up the last axis of an array of angles.
"""

from collections.abc import Sequence

from diffsheg_model.errors import InputError

AXES = ('x', 'y', 'z')


def revolute_names(joint_names: Sequence[str]) -> list[str]:
    """Names of human joints to those of their revolute joints, three each."""
    return [f'{name}_{axis}' for name in joint_names for axis in AXES]


def human_names(revolute: Sequence[str]) -> tuple[str, ...]:
    """Names of revolute joints back to those of the human joints.

    Raises:
        InputError: they are not x, y and z of one joint after the other.
    """
    joint_names = tuple(name[:-2] for name in revolute[::3])
    if list(revolute) != revolute_names(joint_names):
        raise InputError(
            'the joint names are not <joint>_x, <joint>_y, <joint>_z of one joint after the other; '
            'send all three of each human joint in that order'
        )
    return joint_names
