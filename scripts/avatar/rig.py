"""BEAT's skeleton inside the figure, and the figure's surface brought into its T-pose.

MakeHuman's mesh stands with its arms half down, elbows and fingers slightly bent. The viewer skins
linearly. The surface in the T-pose is chosen so that the modelled pose of the bones gives exactly
the modelled shape: `bind = (sum of weight * bone)^-1 * modelled`. Most gestures are nearer to the
modelled pose than to the T-pose.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from avatar.makehuman import BaseMesh
from avatar.surface import unit
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON

SIDES = (('Left', 'l', 'L', 1.0), ('Right', 'r', 'R', -1.0))
_FINGERS = {'Thumb': 1, 'Index': 2, 'Middle': 3, 'Ring': 4, 'Pinky': 5}
_T_DIRECTIONS = {
    # Of each finger in the T-pose, for the left hand: the fingers spread a little, the thumb as
    # the captured skeletons have it.
    'Thumb': (5.4, 0.8, 2.3),
    'Index': (1.0, 0.0, 0.09),
    'Middle': (1.0, 0.0, 0.0),
    'Ring': (1.0, 0.0, -0.09),
    'Pinky': (1.0, 0.0, -0.2),
}
_THUMB_ROLL_DEG = 40.0
"""Degrees about the hand's axis from the thumb in the T-pose to the modelled one."""

_BONES = {
    # BEAT's joint: MakeHuman's bones that it moves. Every other bone belongs to the head.
    'Hips': 'root pelvis.L pelvis.R spine05',
    'Spine': 'spine04',
    'Spine1': 'spine03',
    'Spine2': 'spine02 breast.L breast.R',
    'Spine3': 'spine01',
    'Neck': 'neck01 neck02',
    'Neck1': 'neck03',
}
_SIDE_BONES = {
    'Shoulder': 'clavicle shoulder01',
    'Arm': 'upperarm01 upperarm02',
    'ForeArm': 'lowerarm01 lowerarm02',
    'Hand': 'wrist metacarpal2',
    'HandIndex': 'metacarpal1',
    'HandRing': 'metacarpal3',
    'HandPinky': 'metacarpal4',
    'UpLeg': 'upperleg01 upperleg02',
    'Leg': 'lowerleg01 lowerleg02',
    'Foot': 'foot',
    **{
        f'Hand{finger}{segment}': f'finger{number}-{segment}'
        for finger, number in _FINGERS.items()
        for segment in (1, 2, 3)
    },
}


@dataclass(frozen=True, eq=False)
class Rig:
    """The skeleton in both poses.

    Attributes:
        names: J names of BEAT's joints, in its order.
        parents: J indices, -1 for the root.
        joints: (J, 3) in the T-pose, metres.
        modelled: (J, 3) in MakeHuman's pose.
        turns: (J, 3, 3) from the T-pose to MakeHuman's pose, about each joint.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    joints: np.ndarray
    modelled: np.ndarray
    turns: np.ndarray

    def to_bind(
        self, positions: np.ndarray, normals: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take a surface from MakeHuman's pose to the T-pose.

        Args:
            positions: (V, 3) metres.
            normals: (V, 3).
            weights: (V, J).

        Returns:
            Positions, normals and the (V, 3, 3) matrices that take displacements there.
        """
        shifts = self.modelled - np.einsum('jab,jb->ja', self.turns, self.joints)
        turns = np.einsum('vj,jab->vab', weights, self.turns)
        back = np.linalg.inv(turns)
        moved = np.einsum('vab,vb->va', back, positions - weights @ shifts)
        return moved, unit(np.einsum('vab,vb->va', back, normals)), back


def build_rig(mesh: BaseMesh) -> Rig:
    """Place BEAT's joints in the mesh."""
    names, parents = BEAT_SKELETON.names, BEAT_SKELETON.parents
    place = _places(mesh)
    modelled = np.array([place[name] for name in names])
    turn = _turns(place)
    turns = np.array([turn.get(name, np.eye(3)) for name in names])
    joints = modelled.copy()
    for index, parent in enumerate(parents):
        if parent >= 0:
            joints[index] = joints[parent] + turns[parent].T @ (modelled[index] - modelled[parent])
    return Rig(names, parents, joints, modelled, turns)


def skin_weights(mesh: BaseMesh) -> np.ndarray:
    """Return weights (V, J) of BEAT's joints at the base mesh's vertices; each row sums to 1."""
    owner = {bone: joint for joint, bones in _BONES.items() for bone in bones.split()}
    for side, _, letter, _ in SIDES:
        for joint, bones in _SIDE_BONES.items():
            owner.update({f'{bone}.{letter}': f'{side}{joint}' for bone in bones.split()})
        owner.update(
            {f'toe{n}-{m}.{letter}': f'{side}ToeBase' for n in range(1, 6) for m in (1, 2, 3)}
        )
    weights = np.zeros((len(mesh.positions), len(BEAT_SKELETON.names)))
    for bone, (vertices, shares) in mesh.weights().items():
        weights[vertices, BEAT_SKELETON.index(owner.get(bone, 'Head'))] += shares
    weights[mesh.groups['helper-tongue'], :] = 0
    weights[mesh.groups['helper-tongue'], BEAT_SKELETON.index('Head')] = 1
    total = weights.sum(axis=1, keepdims=True)
    return weights / np.where(total > 0, total, 1)


def _places(mesh: BaseMesh) -> dict[str, np.ndarray]:
    """Return the places (3,) of the joints in MakeHuman's pose; both sides are mirror images."""

    def middle(cube: str) -> np.ndarray:
        return mesh.centre(f'joint-{cube}') * (0, 1, 1)

    def sided(cube: str, sign: float) -> np.ndarray:
        left, right = mesh.centre(f'joint-l-{cube}'), mesh.centre(f'joint-r-{cube}')
        return (left + right * (-1, 1, 1)) / 2 * (sign, 1, 1)

    neck, head, crown = middle('neck'), middle('head'), middle('head-2')
    place = {
        'Hips': middle('pelvis'),
        'Spine': middle('spine-4'),
        'Spine1': middle('spine-3'),
        'Spine2': middle('spine-2'),
        'Spine3': middle('spine-1'),
        'Neck': neck,
        'Neck1': neck + 0.55 * (head - neck),
        'Head': head,
        'HeadEnd': crown,
    }
    for side, _, _, sign in SIDES:
        toe, toe_end = sided('foot-1', sign), sided('foot-2', sign)
        ring, pinky = sided('hand-2', sign), sided('finger-5-1', sign)
        place.update(
            {
                f'{side}Shoulder': sided('clavicle', sign),
                f'{side}Arm': sided('shoulder', sign),
                f'{side}ForeArm': sided('elbow', sign),
                f'{side}Hand': sided('hand', sign),
                f'{side}HandIndex': sided('hand-3', sign),
                f'{side}HandRing': ring,
                f'{side}HandPinky': ring + 0.15 * (pinky - ring),
                f'{side}UpLeg': sided('upper-leg', sign),
                f'{side}Leg': sided('knee', sign),
                f'{side}Foot': sided('ankle', sign),
                f'{side}ForeFoot': sided('ankle', sign) + 0.3 * (toe - sided('ankle', sign)),
                f'{side}ToeBase': toe,
                f'{side}ToeBaseEnd': toe_end,
            }
        )
        for finger, number in _FINGERS.items():
            for segment in (1, 2, 3, 4):
                cube = f'finger-{number}-{segment}'
                place[f'{side}Hand{finger}{segment}'] = sided(cube, sign)
    return place


def _turns(place: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the rotations (3, 3) of the arms' joints from the T-pose to MakeHuman's pose."""
    turns = {}
    for side, _, _, sign in SIDES:
        hand = place[f'{side}Hand']
        upper = unit(place[f'{side}ForeArm'] - place[f'{side}Arm'])
        fore = unit(hand - place[f'{side}ForeArm'])
        # In the T-pose the elbow bends forward: its hinge is vertical.
        hinge = sign * unit(np.cross(fore, upper))
        turns[f'{side}Arm'] = _frame(sign * upper, up=hinge)
        front = place[f'{side}HandIndex1'] - place[f'{side}HandPinky1']
        turns[f'{side}ForeArm'] = _frame(sign * fore, front=front)
        palm = _frame(sign * unit(place[f'{side}HandMiddle1'] - hand), front=front)
        for bone in ('Hand', 'HandIndex', 'HandRing', 'HandPinky'):
            turns[f'{side}{bone}'] = palm
        for finger, direction in _T_DIRECTIONS.items():
            along = unit(np.array(direction)) * (sign, 1, 1)
            turn = palm
            if finger == 'Thumb':
                turn = palm @ Rotation.from_euler('x', _THUMB_ROLL_DEG, degrees=True).as_matrix()
            for segment in (1, 2, 3):
                joint = f'{side}Hand{finger}{segment}'
                tip = f'{side}Hand{finger}{segment + 1}'
                turn = _shortest(turn @ along, unit(place[tip] - place[joint])) @ turn
                turns[joint] = turn
    return turns


def _frame(
    x: np.ndarray, *, up: np.ndarray | None = None, front: np.ndarray | None = None
) -> np.ndarray:
    """Return the rotation with first column x, and its second near `up` or third near `front`."""
    if up is not None:
        y = unit(up - (up @ x) * x)
        return np.column_stack([x, y, np.cross(x, y)])
    z = unit(front - (front @ x) * x)
    return np.column_stack([x, np.cross(z, x), z])


def _shortest(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the smallest rotation (3, 3) from one unit vector to another."""
    axis = np.cross(start, end)
    angle = np.arctan2(np.linalg.norm(axis), start @ end)
    return Rotation.from_rotvec(unit(axis) * angle).as_matrix()
