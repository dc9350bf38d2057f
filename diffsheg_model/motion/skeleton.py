"""A skeleton at rest and the positions of its joints under a motion.

Y is up, the figure faces +Z, its left side is +X: the frame of BEAT's BVH files and of SMPL-X. With
all rotations zero the figure stands in a T-pose, palms down, thumbs to the front.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from diffsheg_model.errors import InputError
from diffsheg_model.motion.rotations import Array, matrix_from_rotvec


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A tree of joints.

    Attributes:
        names: N joint names, every joint after its parent; the first is the root.
        parents: N indices of the parents, -1 for the root.
        offsets_m: (N, 3) from a joint's parent to the joint in the T-pose, metres; the root's from
            the ground between the feet.
        rest: (N, 3) axis-angle of the rest pose, radians. Joints that a motion lacks stay in it.
        ends_m: (N, 3) from a joint without children to the end of its bone (a fingertip, the top of
            the head), metres; zero for other joints. Default: the joint's own offset.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets_m: np.ndarray
    rest: np.ndarray
    ends_m: np.ndarray | None = None

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, 'names', tuple(self.names))
        set_field(self, 'parents', tuple(int(parent) for parent in self.parents))
        count = len(self.names)
        if count == 0:
            raise InputError('Skeleton.names is empty: it needs at least a root')
        if len(set(self.names)) != count:
            twice = sorted(name for name, times in Counter(self.names).items() if times > 1)
            raise InputError(f'Skeleton.names has {", ".join(twice)} more than once')
        if len(self.parents) != count:
            raise InputError(f'Skeleton.parents has {len(self.parents)} entries: must be {count}')
        for index, parent in enumerate(self.parents):
            if (parent != -1) if index == 0 else not 0 <= parent < index:
                raise InputError(
                    f'Skeleton.parents[{index}] is {parent}: the root comes first with -1, every '
                    f'other joint after its parent'
                )
        if self.ends_m is None:
            leaf = np.isin(np.arange(count), self.parents, invert=True)
            ends = np.where(leaf[:, None], np.asarray(self.offsets_m), 0.0)
            set_field(self, 'ends_m', ends)
        for field in ('offsets_m', 'rest', 'ends_m'):
            values = np.array(getattr(self, field), dtype=np.float64)
            if values.shape != (count, 3) or not np.isfinite(values).all():
                raise InputError(
                    f'Skeleton.{field} has shape {values.shape}: must be ({count}, 3), all finite'
                )
            values.setflags(write=False)
            set_field(self, field, values)

    def index(self, name: str) -> int:
        """Return the index of a joint; raise InputError for an unknown name."""
        return int(self.indices([name])[0])

    def indices(self, names: Sequence[str]) -> np.ndarray:
        """Return the indices (J,) of joints; raise InputError for unknown names."""
        missing = [name for name in names if name not in self._places]
        if missing:
            raise InputError(
                f'the skeleton ({self.names[0]}, {len(self.names)} joints) has no joint '
                f'{", ".join(missing[:5])}{" ..." if len(missing) > 5 else ""}: '
                f'the motion belongs to another skeleton'
            )
        return np.array([self._places[name] for name in names], dtype=np.intp)

    def children(self, index: int) -> tuple[int, ...]:
        return self._children[index]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    @cached_property
    def _children(self) -> tuple[tuple[int, ...], ...]:
        found: list[list[int]] = [[] for _ in self.names]
        for index, parent in enumerate(self.parents[1:], start=1):
            found[parent].append(index)
        return tuple(tuple(children) for children in found)

    @cached_property
    def _generations(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """(joints, their parents) for each distance from the root, to compute them together."""
        depths = [0] * len(self.names)
        for index, parent in enumerate(self.parents[1:], start=1):
            depths[index] = depths[parent] + 1
        parents = np.array(self.parents)
        levels = (np.flatnonzero(np.array(depths) == depth) for depth in range(1, max(depths) + 1))
        return tuple((level, parents[level]) for level in levels)

    def full_pose(self, joint_names: Sequence[str], rotvec: ArrayLike) -> Array:
        """Return local rotations of all joints (F, N, 3) rad, with the other joints at rest."""
        rotvec = np.asarray(rotvec, dtype=np.float64)
        if rotvec.ndim != 3 or rotvec.shape[1:] != (len(joint_names), 3):
            raise InputError(
                f'rotations have shape {rotvec.shape}: must be (frames, {len(joint_names)}, 3)'
            )
        pose = np.repeat(np.asarray(self.rest)[None], len(rotvec), axis=0)
        pose[:, self.indices(joint_names)] = rotvec
        return pose

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists for JSON."""
        return {
            'names': list(self.names),
            'parents': list(self.parents),
            'offsets_m': np.asarray(self.offsets_m).tolist(),
            'rest': np.asarray(self.rest).tolist(),
            'ends_m': np.asarray(self.ends_m).tolist(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> 'Skeleton':
        """Return the skeleton of a dictionary of `to_dict`; `ends_m` may be missing."""
        try:
            return cls(
                names=tuple(str(name) for name in values['names']),
                parents=tuple(int(parent) for parent in values['parents']),
                offsets_m=np.array(values['offsets_m'], dtype=np.float64),
                rest=np.array(values['rest'], dtype=np.float64),
                ends_m=None if values.get('ends_m') is None else np.array(values['ends_m'], float),
            )
        except KeyError as error:
            raise InputError(f'the skeleton has no field {error}') from error
        except InputError:
            raise
        except (TypeError, ValueError) as error:
            raise InputError(f'the skeleton is not readable: {error}') from error


def forward_kinematics(skeleton: Skeleton, joint_names: Sequence[str], rotvec: ArrayLike) -> Array:
    """Return the positions of the joints.

    Args:
        skeleton: the bones.
        joint_names: J names of the moving joints. The others stay at rest.
        rotvec: (F, J, 3) local axis-angle, rad.

    Returns:
        Positions (F, N, 3) of all the skeleton's joints in its order, metres.

    Raises:
        InputError: the skeleton lacks a joint, or the shape does not match the names.
    """
    return joint_frames(skeleton, joint_names, rotvec)[0]


def joint_frames(
    skeleton: Skeleton, joint_names: Sequence[str], rotvec: ArrayLike
) -> tuple[Array, Array]:
    """Return positions (F, N, 3), metres, and orientations (F, N, 3, 3) of all joints.

    Arguments and errors as for `forward_kinematics`.
    """
    turned = matrix_from_rotvec(skeleton.full_pose(joint_names, rotvec))
    offsets = np.asarray(skeleton.offsets_m)
    positions = np.empty(turned.shape[:-1])
    positions[:, 0] = offsets[0]
    for joints, parents in skeleton._generations:
        above = turned[:, parents]
        positions[:, joints] = positions[:, parents] + (above @ offsets[joints, :, None])[..., 0]
        turned[:, joints] = above @ turned[:, joints]
    return positions, turned


def bone_ends(skeleton: Skeleton, positions: Array, orientations: Array) -> Array:
    """Return the ends of the bones (F, N, 3), metres; the joint itself if `ends_m` is zero."""
    ends = np.asarray(skeleton.ends_m)
    return positions + (orientations @ ends[:, :, None])[..., 0]
