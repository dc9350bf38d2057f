"""Shapes of the URDF figure: spheres, cylinders and boxes along the bones of a skeleton.

The figure is an adult as a jointed doll, in plain clothes. Sizes are round numbers for the
skeletons of `diffsheg_model.motion.rest_skeletons` (1.75 m). Masses are about the usual shares of
70 kg (Winter, Biomechanics and Motor Control of Human Movement, 4th ed., 2009, table 4.1). Bones
with unknown names are thin.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from diffsheg_model.motion.rotations import Array
from diffsheg_model.motion.skeleton import Skeleton

COLOURS = {
    'cloth': (0.27, 0.36, 0.47),
    'trousers': (0.20, 0.22, 0.26),
    'skin': (0.84, 0.68, 0.58),
    'hair': (0.24, 0.18, 0.15),
    'lips': (0.66, 0.36, 0.34),
    'eyes': (0.96, 0.96, 0.95),
    'irises': (0.20, 0.28, 0.33),
}
"""Red, green, blue, 0..1, by the names in `Shape.colour`."""


@dataclass(frozen=True)
class Shape:
    """A body in a joint's own frame.

    Attributes:
        kind: 'sphere', 'cylinder' (along `axis`) or 'box' (along the frame's axes).
        size: radius of a sphere; radius and length of a cylinder; the three edges of a box; metres.
        centre: (3,) metres.
        colour: key of `COLOURS`.
        axis: (3,) unit direction of a cylinder.
    """

    kind: str
    size: tuple[float, ...]
    centre: Array
    colour: str
    axis: Array | None = None

    @property
    def reach(self) -> Array:
        """(3,) half the edges of the bounding box, metres."""
        if self.kind == 'box':
            return np.array(self.size) / 2
        radius = np.full(3, self.size[0])
        return radius if self.axis is None else radius + np.abs(self.axis) * self.size[1] / 2


@dataclass(frozen=True)
class _Part:
    """A kind of bone. Radius 0 marks bones with special shapes."""

    radius_m: float
    mass_kg: float
    colour: str


_TRUNK = _Part(0.0, 6.0, 'cloth')
_NECK = _Part(0.052, 0.5, 'skin')
_HEAD = _Part(0.0, 4.5, 'skin')
_FACE = _Part(0.0, 0.1, 'skin')
_COLLAR = _Part(0.05, 1.0, 'cloth')
_UPPER_ARM = _Part(0.047, 2.0, 'cloth')
_FOREARM = _Part(0.037, 1.1, 'cloth')
_HAND = _Part(0.012, 0.4, 'skin')
_FINGER = _Part(0.009, 0.02, 'skin')
_THIGH = _Part(0.075, 7.0, 'trousers')
_SHIN = _Part(0.052, 3.3, 'trousers')
_FOOT = _Part(0.036, 0.3, 'hair')
_BONE = _Part(0.015, 0.1, 'cloth')

#: Kinds of bones by the names of BEAT's and SMPL-X's joints, without left and right.
_PARTS = {
    **dict.fromkeys('Hips Spine Spine1 Spine2 Spine3 pelvis spine1 spine2 spine3'.split(), _TRUNK),
    **dict.fromkeys('Neck Neck1 neck'.split(), _NECK),
    **dict.fromkeys('Head head'.split(), _HEAD),
    **dict.fromkeys('Shoulder collar'.split(), _COLLAR),
    **dict.fromkeys('Arm shoulder'.split(), _UPPER_ARM),
    **dict.fromkeys('ForeArm elbow'.split(), _FOREARM),
    **dict.fromkeys('Hand wrist'.split(), _HAND),
    **dict.fromkeys('UpLeg hip'.split(), _THIGH),
    **dict.fromkeys('Leg knee'.split(), _SHIN),
    **dict.fromkeys('Foot ForeFoot ToeBase ToeBaseEnd ankle foot'.split(), _FOOT),
}
_SIDE = re.compile(r'^(Left|Right|left_|right_)(?=.)')
_FINGER_NAME = re.compile(r'(?i)^(hand)?(thumb|index|middle|ring|pinky)\d?$')
#: Joints of SMPL-X that move a part of the face. In other skeletons the head has these parts.
_JAW = 'jaw'
_EYES = {'left_eye_smplhf': 1.0, 'right_eye_smplhf': -1.0}

#: Half the trunk's width without its rounding, and the radius of the rounding, metres. They are
#: given at shares of the height from the hips to the neck.
_TRUNK_SHARES = (0.0, 0.25, 0.65, 0.85, 1.0)
_TRUNK_HALF_WIDTHS_M = (0.075, 0.062, 0.085, 0.085, 0.03)
_TRUNK_RADII_M = (0.095, 0.088, 0.1, 0.085, 0.065)
_TRUNK_STEP_M = 0.02
#: Metres from the last bar of the trunk to the neck, which is thinner.
_BELOW_NECK_M = 0.055
_PALM_M = (0.085, 0.024, 0.066)
#: Metres from the middle of the head to its top.
_HALF_HEAD_M = 0.105


def leg_joints(skeleton: Skeleton) -> frozenset[int]:
    """Return the indices of the hip joints and all joints below them."""
    found: set[int] = set()
    for joint, name in enumerate(skeleton.names):
        if skeleton.parents[joint] in found or _part(name) is _THIGH:
            found.add(joint)
    return frozenset(found)


def mass_kg(name: str) -> float:
    """Return the mass of the part of the body that moves with a joint."""
    return _part(name).mass_kg


def shapes(skeleton: Skeleton, joint: int) -> list[Shape]:
    """Return the shapes that move with a joint, in its own frame."""
    name = skeleton.names[joint]
    part = _part(name)
    if part is _TRUNK:
        return list(_trunk(skeleton, joint))
    if part is _HEAD:
        return list(_head(skeleton, joint))
    if part is not _FACE:
        return list(_limb(skeleton, joint, part))
    middle = _middle_of_head(skeleton, skeleton.parents[joint])
    middle = middle - np.asarray(skeleton.offsets_m)[joint]
    if name == _JAW:
        return list(_chin(middle))
    return list(_eye(middle, _EYES[name])) if name in _EYES else []


def _part(name: str) -> _Part:
    plain = _SIDE.sub('', name)
    if _FINGER_NAME.match(plain):
        return _FINGER
    if name in (_JAW, *_EYES, 'HeadEnd'):
        return _FACE
    return _PARTS.get(plain, _BONE)


def _limb(skeleton: Skeleton, joint: int, part: _Part) -> Iterator[Shape]:
    """Yield bones with round ends to the child joints, or to the end of this bone."""
    children = skeleton.children(joint)
    offsets = np.asarray(skeleton.offsets_m)
    ends = [offsets[child] for child in children] or [np.asarray(skeleton.ends_m)[joint]]
    yield Shape('sphere', (part.radius_m,), np.zeros(3), part.colour)
    for end in ends:
        length = float(np.linalg.norm(end))
        if length > 1e-6:
            axis = end / length
            yield Shape('cylinder', (part.radius_m, length), end / 2, part.colour, axis)
            yield Shape('sphere', (part.radius_m,), end, part.colour)
    if part is _HAND:
        side = np.sign(sum(end[0] for end in ends))
        yield Shape('box', _PALM_M, np.array([side * 0.048, 0.0, 0.0]), part.colour)


def _trunk(skeleton: Skeleton, joint: int) -> Iterator[Shape]:
    """Yield horizontal round bars, close together, from this joint to the next one above."""
    above = [
        child
        for child in skeleton.children(joint)
        if _part(skeleton.names[child]) in (_TRUNK, _NECK)
    ]
    if not above:
        return
    heights_m = _heights(skeleton)
    necks_m = [heights_m[i] for i, name in enumerate(skeleton.names) if _part(name) is _NECK]
    trunk_m = max(min(necks_m, default=heights_m.max()) - heights_m[0], 0.01)
    reach = np.asarray(skeleton.offsets_m)[above[0]]
    if _part(skeleton.names[above[0]]) is _NECK:
        reach = reach * max(0.0, 1 - _BELOW_NECK_M / float(np.linalg.norm(reach)))
    steps = max(1, round(float(reach[1]) / _TRUNK_STEP_M))
    for step in range(steps):
        centre = reach * step / steps
        share = (heights_m[joint] + centre[1] - heights_m[0]) / trunk_m
        half = float(np.interp(share, _TRUNK_SHARES, _TRUNK_HALF_WIDTHS_M))
        radius = float(np.interp(share, _TRUNK_SHARES, _TRUNK_RADII_M))
        colour = 'trousers' if joint == 0 else 'cloth'
        yield Shape('cylinder', (radius, 2 * half), centre, colour, np.array([1.0, 0.0, 0.0]))
        for side in (-half, half):
            yield Shape('sphere', (radius,), centre + (side, 0.0, 0.0), colour)


def _head(skeleton: Skeleton, joint: int) -> Iterator[Shape]:
    middle = _middle_of_head(skeleton, joint)
    yield _ball(0.084, middle, (0.0, 0.018, 0.005), 'skin')
    yield _ball(0.068, middle, (0.0, -0.02, 0.024), 'skin')
    yield _ball(0.088, middle, (0.0, 0.023, -0.012), 'hair')
    yield _ball(0.013, middle, (0.0, -0.02, 0.094), 'skin')
    for side in (-1.0, 1.0):
        yield _ball(0.017, middle, (side * 0.082, -0.005, 0.0), 'skin')
    if _JAW not in skeleton.names:
        yield from _chin(middle)
    for name, side in _EYES.items():
        if name not in skeleton.names:
            yield from _eye(middle, side)


def _chin(middle: Array) -> Iterator[Shape]:
    yield _ball(0.048, middle, (0.0, -0.055, 0.034), 'skin')
    yield Shape('box', (0.04, 0.009, 0.014), middle + (0.0, -0.05, 0.083), 'lips')


def _eye(middle: Array, side: float) -> Iterator[Shape]:
    yield _ball(0.0145, middle, (side * 0.03, 0.004, 0.075), 'eyes')
    yield _ball(0.0095, middle, (side * 0.03, 0.004, 0.082), 'irises')


def _ball(radius: float, middle: Array, place: tuple[float, float, float], colour: str) -> Shape:
    return Shape('sphere', (radius,), middle + place, colour)


def _middle_of_head(skeleton: Skeleton, head: int) -> Array:
    """Return the middle in the head's frame, metres: its top is the skeleton's highest point."""
    tops = _heights(skeleton) + np.asarray(skeleton.ends_m)[:, 1]
    top_m = float(tops.max()) - _heights(skeleton)[head]
    return np.array([0.0, top_m - _HALF_HEAD_M, 0.0])


def _heights(skeleton: Skeleton) -> Array:
    """Return (N,) heights of the joints in the T-pose, metres from the ground."""
    heights = np.asarray(skeleton.offsets_m)[:, 1].copy()
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        heights[joint] += heights[parent]
    return heights
