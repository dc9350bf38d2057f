"""The rest skeletons of the two motion formats, as data.

The skeletons are an adult of 1.75 m in round numbers of our own: body segments in the usual
anthropometric ratios, a hand of 19 cm. Names and trees are those of a BEAT BVH file and of SMPL-X,
so their rotations apply without conversion. The lengths are those of no real person.

A row holds a joint, its parent and the offset from the parent in centimetres. Some rows add the
rest pose as an axis-angle vector in degrees, and the end of the bone in centimetres.
"""

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.skeleton import Skeleton

_Triple = tuple[float, float, float]
_Row = tuple[str, str, _Triple, _Triple, _Triple]
_ZERO: _Triple = (0.0, 0.0, 0.0)


def _row(
    name: str, parent: str, offset: _Triple, rest: _Triple = _ZERO, end: _Triple = _ZERO
) -> _Row:
    return name, parent, offset, rest, end


def _mirrored(rows: list[_Row], prefixes: tuple[str, str]) -> list[_Row]:
    """Return rows of the left side (+X) mirrored to the right: x and two angles negated."""
    left, right = prefixes

    def renamed(name: str) -> str:
        return right + name.removeprefix(left) if name.startswith(left) else name

    return [
        (
            renamed(name),
            renamed(parent),
            (-offset[0], offset[1], offset[2]),
            (rest[0], -rest[1], -rest[2]),
            (-end[0], end[1], end[2]),
        )
        for name, parent, offset, rest, end in rows
    ]


def _skeleton(rows: list[_Row]) -> Skeleton:
    places = {'': -1}
    for index, (name, *_) in enumerate(rows):
        places[name] = index
    return Skeleton(
        names=tuple(row[0] for row in rows),
        parents=tuple(places[row[1]] for row in rows),
        offsets_m=np.array([row[2] for row in rows]) / 100,
        rest=np.deg2rad([row[3] for row in rows]),
        ends_m=np.array([row[4] for row in rows]) / 100,
    )


_ARM_DOWN = (0.0, 0.0, -78.0)
_ELBOW = (0.0, -22.0, 0.0)
_KNUCKLE = (0.0, 0.0, -18.0)
_THUMB = (30.0, 0.0, 0.0)


def _beat_arm() -> list[_Row]:
    """Return the left arm: little finger on the ring's palm bone, thumb on the index's."""
    rows = [
        _row('LeftShoulder', 'Spine3', (2, 6, 2)),
        _row('LeftArm', 'LeftShoulder', (16, 0, 0), _ARM_DOWN),
        _row('LeftForeArm', 'LeftArm', (30, 0, 0), _ELBOW),
        _row('LeftHand', 'LeftForeArm', (26, 0, 0)),
    ]

    def finger(name: str, parent: str, base: _Triple, lengths: _Triple) -> None:
        joint = f'LeftHand{name}'
        first, second, third = lengths
        rows.append(_row(f'{joint}1', parent, base, _KNUCKLE))
        rows.append(_row(f'{joint}2', f'{joint}1', (first, 0, 0), _KNUCKLE))
        rows.append(_row(f'{joint}3', f'{joint}2', (second, 0, 0), _KNUCKLE))
        rows.append(_row(f'{joint}4', f'{joint}3', (third, 0, 0), end=(1, 0, 0)))

    finger('Middle', 'LeftHand', (9, 0, 0), (4.5, 3, 1.5))
    rows.append(_row('LeftHandRing', 'LeftHand', (1, 0, -1)))
    finger('Ring', 'LeftHandRing', (7.5, 0, -1), (4, 3, 1.5))
    rows.append(_row('LeftHandPinky', 'LeftHandRing', (0, 0, -1)))
    finger('Pinky', 'LeftHandPinky', (6.5, 0, -2), (3, 2, 1.5))
    rows.append(_row('LeftHandIndex', 'LeftHand', (1, 0, 1)))
    finger('Index', 'LeftHandIndex', (8, 0, 1), (4.5, 2.5, 1.5))
    rows += [
        _row('LeftHandThumb1', 'LeftHandIndex', (0, -0.5, 1), _THUMB),
        _row('LeftHandThumb2', 'LeftHandThumb1', (4, 0.5, 2.5)),
        _row('LeftHandThumb3', 'LeftHandThumb2', (3, 0, 1.5)),
        _row('LeftHandThumb4', 'LeftHandThumb3', (2, 0, 1), end=(1, 0, 0.5)),
    ]
    return rows


def _beat() -> Skeleton:
    arm = _beat_arm()
    leg = [
        _row('LeftUpLeg', 'Hips', (9, -3, 0)),
        _row('LeftLeg', 'LeftUpLeg', (0, -43, 0)),
        _row('LeftFoot', 'LeftLeg', (0, -42, 0)),
        _row('LeftForeFoot', 'LeftFoot', (0, -4, 2)),
        _row('LeftToeBase', 'LeftForeFoot', (0, -2, 11)),
        _row('LeftToeBaseEnd', 'LeftToeBase', (0, 0, 5), end=(0, 0, 2)),
    ]
    return _skeleton(
        [
            _row('Hips', '', (0, 95, 0)),
            _row('Spine', 'Hips', (0, 10, -2)),
            _row('Spine1', 'Spine', (0, 11, -1)),
            _row('Spine2', 'Spine1', (0, 11, 0)),
            _row('Spine3', 'Spine2', (0, 11, 0)),
            _row('Neck', 'Spine3', (0, 13, 1)),
            _row('Neck1', 'Neck', (0, 5, 1)),
            _row('Head', 'Neck1', (0, 4, 1)),
            _row('HeadEnd', 'Head', (0, 10, 0), end=(0, 5, 0)),
            *_mirrored(arm, ('Left', 'Right')),
            *arm,
            *_mirrored(leg, ('Left', 'Right')),
            *leg,
        ]
    )


def _show() -> Skeleton:
    """Return SMPL-X: its 55 joints in its own order, with root and legs at rest."""
    sides = ('left_', 'right_')

    def both(
        name: str, parent: str, offset: _Triple, rest: _Triple = _ZERO, end: _Triple = _ZERO
    ) -> list[_Row]:
        left = [_row(name, parent, offset, rest, end)]
        return left + _mirrored(left, sides)

    hand: list[_Row] = []

    def finger(name: str, base: _Triple, lengths: _Triple) -> None:
        joint = f'left_{name}'
        first, second, third = lengths
        hand.append(_row(f'{joint}1', 'left_wrist', base, _KNUCKLE))
        hand.append(_row(f'{joint}2', f'{joint}1', (first, 0, 0), _KNUCKLE))
        hand.append(_row(f'{joint}3', f'{joint}2', (second, 0, 0), _KNUCKLE, (third, 0, 0)))

    finger('index', (9, 0, 2), (4.5, 2.5, 2.5))
    finger('middle', (9, 0, 0), (4.5, 3, 2.5))
    finger('pinky', (7.5, 0, -4), (3, 2, 2.5))
    finger('ring', (8.5, 0, -2), (4, 3, 2.5))
    hand += [
        _row('left_thumb1', 'left_wrist', (1, -0.5, 2), _THUMB),
        _row('left_thumb2', 'left_thumb1', (4, 0.5, 2.5)),
        _row('left_thumb3', 'left_thumb2', (3, 0, 1.5), end=(3, 0, 1.5)),
    ]
    return _skeleton(
        [
            _row('pelvis', '', (0, 95, 0)),
            *both('left_hip', 'pelvis', (9, -3, 0)),
            _row('spine1', 'pelvis', (0, 11, -2)),
            *both('left_knee', 'left_hip', (0, -43, 0)),
            _row('spine2', 'spine1', (0, 14, 0)),
            *both('left_ankle', 'left_knee', (0, -42, 0)),
            _row('spine3', 'spine2', (0, 6, 0)),
            *both('left_foot', 'left_ankle', (0, -6, 13), _ZERO, (0, 0, 7)),
            _row('neck', 'spine3', (0, 22, 0)),
            *both('left_collar', 'spine3', (6, 15, 1)),
            _row('head', 'neck', (0, 10, 2), end=(0, 17, 0)),
            *both('left_shoulder', 'left_collar', (12, 3, -2), _ARM_DOWN),
            *both('left_elbow', 'left_shoulder', (28, 0, 0), _ELBOW),
            *both('left_wrist', 'left_elbow', (26, 0, 0)),
            _row('jaw', 'head', (0, 1, 1), end=(0, -5, 7)),
            _row('left_eye_smplhf', 'head', (3, 6, 7), end=(0, 0, 1)),
            _row('right_eye_smplhf', 'head', (-3, 6, 7), end=(0, 0, 1)),
            *hand,
            *_mirrored(hand, sides),
        ]
    )


BEAT_SKELETON = _beat()
"""75 joints of a BEAT BVH file, in its order; Hips first."""

SHOW_SKELETON = _show()
"""55 joints of SMPL-X in its order; pelvis first."""

SKELETONS = {'beat': BEAT_SKELETON, 'show': SHOW_SKELETON}
"""Skeletons by the name of the motion format."""


def human(format_name: str) -> Skeleton:
    """Return the rest skeleton of a motion format, 'beat' or 'show'."""
    try:
        return SKELETONS[format_name]
    except KeyError:
        raise InputError(
            f'there is no skeleton for motion format {format_name!r}: must be one of '
            f'{", ".join(sorted(SKELETONS))}'
        ) from None
