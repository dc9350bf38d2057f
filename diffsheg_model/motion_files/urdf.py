"""The avatar as a URDF, for RViz, robot_state_publisher and simulators.

Frames are those of REP 103: `base_link` stands on the ground between the feet, x to the front, y to
the left, z up. Its child link `figure` has the skeleton's own frame: y up, z to the front, x to the
left. Every joint of the skeleton is a link of the same name. A moving joint becomes three revolute
joints `<joint>_x`, `<joint>_y`, `<joint>_z`, in that order (R = Rx Ry Rz). These are the names in
`joint_states`. All other joints are fixed at rest.
"""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.figure_shapes import (
    COLOURS,
    Shape,
    leg_joints,
    mass_kg,
    shapes,
)
from diffsheg_model.motion.joint_limits import BEAT_LIMITS, SLACK, JointLimit
from diffsheg_model.motion.revolute_joints import AXES, revolute_names
from diffsheg_model.motion.rotations import TURN, euler_xyz_from_rotvec
from diffsheg_model.motion.skeleton import Skeleton

ROOT_LINK = 'base_link'
FIGURE_LINK = 'figure'

#: The skeleton's x, y and z (left, up, front) are y, z and x of REP 103.
_FIGURE_RPY = (np.pi / 2, 0.0, np.pi / 2)
_UNIT = {'x': '1 0 0', 'y': '0 1 0', 'z': '0 0 1'}
#: URDF requires both limits; these values are too high to have an effect.
_EFFORT_NM = 200.0
_VELOCITY_RAD_S = 40.0
#: Kilograms of a link between a joint's three axes: simulators drop joints with massless links.
_AXIS_MASS_KG = 0.01
_LEAST_INERTIA = 1e-5
#: Radians. Beyond this middle angle the other two angles have no limits.
_POLE_RAD = np.deg2rad(80.0)
_LIMIT_STEP_RAD = np.deg2rad(5.0)
#: Samples of each range of a joint.
_LIMIT_GRID = 7


def urdf_text(
    skeleton: Skeleton, joint_names: Sequence[str], name: str = 'avatar', legs: bool = False
) -> str:
    """Return the text of a URDF file; the same skeleton gives the same text.

    Args:
        skeleton: for example the skeleton of a bundle.
        joint_names: names of the moving human joints, in the order of a bundle's format.
        name: name of the robot.
        legs: include the legs. Without them the figure ends at the hips, unless a leg joint moves.

    Raises:
        InputError: the skeleton lacks one of the joints.
    """
    moving = set(skeleton.indices(joint_names).tolist())
    robot = Element('robot', name=name)
    for colour, rgb in COLOURS.items():
        material = SubElement(robot, 'material', name=colour)
        SubElement(material, 'color', rgba=_numbers((*rgb, 1.0)))
    SubElement(robot, 'link', name=ROOT_LINK)
    SubElement(robot, 'link', name=FIGURE_LINK)
    _fixed(robot, FIGURE_LINK, ROOT_LINK, (0.0, 0.0, 0.0), _FIGURE_RPY)
    for joint in _shown(skeleton, moving, legs):
        _add_joint(robot, skeleton, joint, joint in moving)
    ElementTree.indent(robot)
    text = ElementTree.tostring(robot, encoding='unicode')
    return f'<?xml version="1.0"?>\n{text}\n'


def write_urdf(
    path: str | os.PathLike[str],
    skeleton: Skeleton,
    joint_names: Sequence[str],
    name: str = 'avatar',
    legs: bool = False,
) -> None:
    """Write `urdf_text` to a file.

    Raises:
        InputError: the skeleton lacks one of the joints, or the path cannot be written.
    """
    text = urdf_text(skeleton, joint_names, name, legs)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding='utf-8')


def limits_rad(name: str) -> np.ndarray:
    """Return (3, 2) lower and upper limits of a joint's three angles, radians.

    They include the human ranges of `diffsheg_model.motion.joint_limits` with their SLACK, rounded
    outwards to 5 degrees. For unknown ranges and ranges near a pole of the three angles, the limits
    are a whole turn either way.
    """
    free = np.tile([-TURN, TURN], (3, 1))
    limit = BEAT_LIMITS.get(name)
    if limit is None:
        return free
    angles = euler_xyz_from_rotvec(_allowed(limit))
    if np.abs(angles[:, 1]).max() > _POLE_RAD:
        return free
    low = np.floor(angles.min(axis=0) / _LIMIT_STEP_RAD) * _LIMIT_STEP_RAD
    high = np.ceil(angles.max(axis=0) / _LIMIT_STEP_RAD) * _LIMIT_STEP_RAD
    return np.stack([low, high], axis=1)


def _allowed(limit: JointLimit) -> np.ndarray:
    """Return rotations (n, 3) in radians on a grid over a joint's ranges."""
    across = [axis for axis in range(3) if axis != limit.axis]
    ranges = [limit.twist, *limit.swing]
    places = [
        np.deg2rad(np.linspace(low - SLACK, high + SLACK, _LIMIT_GRID)) for low, high in ranges
    ]
    twist, first, second = (grid.ravel() for grid in np.meshgrid(*places, indexing='ij'))
    turn, swing = np.zeros((2, len(twist), 3))
    turn[:, limit.axis] = twist
    swing[:, across[0]], swing[:, across[1]] = first, second
    return (Rotation.from_rotvec(swing) * Rotation.from_rotvec(turn)).as_rotvec()


def _shown(skeleton: Skeleton, moving: set[int], legs: bool) -> list[int]:
    """Return the indices of the joints that become links, parents first."""
    left_out = set() if legs else set(leg_joints(skeleton))
    for joint in moving:
        while joint >= 0:
            left_out.discard(joint)
            joint = skeleton.parents[joint]
    return [joint for joint in range(len(skeleton.names)) if joint not in left_out]


def _add_joint(robot: Element, skeleton: Skeleton, joint: int, moves: bool) -> None:
    name, parent = skeleton.names[joint], skeleton.parents[joint]
    parent_link = FIGURE_LINK if parent < 0 else skeleton.names[parent]
    offset = np.asarray(skeleton.offsets_m)[joint]
    if moves:
        _revolutes(robot, name, parent_link, offset)
    else:
        rest = Rotation.from_rotvec(np.array(np.asarray(skeleton.rest)[joint]))
        _fixed(robot, name, parent_link, offset, rest.as_euler('xyz'))
    bodies = shapes(skeleton, joint)
    link = SubElement(robot, 'link', name=name)
    _inertial(link, mass_kg(name), bodies)
    for body in bodies:
        _visual(link, body)


def _revolutes(robot: Element, name: str, parent: str, offset: ArrayLike) -> None:
    """Add the three joints of a moving joint, and the two links between them."""
    origin = offset
    names = revolute_names([name])
    children = [f'{names[0]}_link', f'{names[1]}_link', name]
    for joint, axis, child, limit in zip(names, AXES, children, limits_rad(name), strict=True):
        element = _joint(robot, joint, 'revolute', parent, child)
        SubElement(element, 'origin', xyz=_numbers(origin), rpy='0 0 0')
        SubElement(element, 'axis', xyz=_UNIT[axis])
        lower, upper, effort, velocity = (
            _numbers([value]) for value in (*limit, _EFFORT_NM, _VELOCITY_RAD_S)
        )
        SubElement(element, 'limit', lower=lower, upper=upper, effort=effort, velocity=velocity)
        if child != name:
            _inertial(SubElement(robot, 'link', name=child), _AXIS_MASS_KG, [])
        parent, origin = child, (0.0, 0.0, 0.0)


def _joint(robot: Element, name: str, kind: str, parent: str, child: str) -> Element:
    element = SubElement(robot, 'joint', name=name, type=kind)
    SubElement(element, 'parent', link=parent)
    SubElement(element, 'child', link=child)
    return element


def _fixed(robot: Element, link: str, parent: str, xyz: ArrayLike, rpy: ArrayLike) -> None:
    element = _joint(robot, f'{link}_fixed', 'fixed', parent, link)
    SubElement(element, 'origin', xyz=_numbers(xyz), rpy=_numbers(rpy))


def _inertial(link: Element, mass: float, bodies: Sequence[Shape]) -> None:
    """Add the inertia of a solid box around the bodies, with the given mass."""
    centre = edges = np.zeros(3)
    if bodies:
        low = np.min([body.centre - body.reach for body in bodies], axis=0)
        high = np.max([body.centre + body.reach for body in bodies], axis=0)
        centre, edges = (low + high) / 2, high - low
    squares = edges**2
    moments = np.maximum(mass / 12 * (squares.sum() - squares), _LEAST_INERTIA)
    inertial = SubElement(link, 'inertial')
    SubElement(inertial, 'origin', xyz=_numbers(centre), rpy='0 0 0')
    SubElement(inertial, 'mass', value=_numbers([mass]))
    ixx, iyy, izz = (_numbers([moment]) for moment in moments)
    SubElement(inertial, 'inertia', ixx=ixx, ixy='0', ixz='0', iyy=iyy, iyz='0', izz=izz)


def _visual(link: Element, body: Shape) -> None:
    visual = SubElement(link, 'visual')
    rpy: ArrayLike = (0.0, 0.0, 0.0)
    if body.axis is not None:
        # URDF cylinders lie along z: roll and pitch turn z to the axis.
        x, y, z = body.axis
        rpy = (np.arctan2(-y, np.hypot(x, z)), np.arctan2(x, z), 0.0)
    SubElement(visual, 'origin', xyz=_numbers(body.centre), rpy=_numbers(rpy))
    geometry = SubElement(visual, 'geometry')
    if body.kind == 'sphere':
        SubElement(geometry, 'sphere', radius=_numbers(body.size))
    elif body.kind == 'cylinder':
        radius, length = body.size
        SubElement(geometry, 'cylinder', radius=_numbers([radius]), length=_numbers([length]))
    else:
        SubElement(geometry, 'box', size=_numbers(body.size))
    SubElement(visual, 'material', name=body.colour)


def _numbers(values: ArrayLike) -> str:
    """Return the numbers with at most nine decimals and no negative zero."""
    rounded = np.round(np.asarray(values, dtype=np.float64), 9) + 0.0
    return ' '.join(np.format_float_positional(value, trim='-') for value in rounded)
