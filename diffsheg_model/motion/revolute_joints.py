"""Human joints as three revolute joints each, `<joint>_x`, `<joint>_y`, `<joint>_z`.

Their angles in radians (R = Rx Ry Rz) are the last axis of an array of angles.
"""

from collections.abc import Sequence

from diffsheg_model.errors import InputError

AXES = ('x', 'y', 'z')


def revolute_names(joint_names: Sequence[str]) -> list[str]:
    """Return the names of the revolute joints of human joints, three each."""
    return [f'{name}_{axis}' for name in joint_names for axis in AXES]


def human_names(revolute: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the human joints of revolute joints.

    Raises:
        InputError: the names are not x, y and z of one joint after the other.
    """
    joint_names = tuple(name[:-2] for name in revolute[::3])
    if list(revolute) != revolute_names(joint_names):
        raise InputError(
            'the joint names are not <joint>_x, <joint>_y, <joint>_z of one joint after the other; '
            'send all three of each human joint in that order'
        )
    return joint_names
