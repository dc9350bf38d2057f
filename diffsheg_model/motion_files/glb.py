"""glTF: the avatar with a motion on it, for Blender, three.js, Godot and whatever reads GLB."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.avatar_rig import AVATAR, avatar_motion
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from diffsheg_model.motion.rotations import Array, quaternion_from_rotvec
from diffsheg_model.motion_files.checks import check_rate, check_rotations, check_weights
from diffsheg_model.motion_files.glb_figure import Glb, read_glb


def write_gltf(path: str | os.PathLike[str], motion: Motion, avatar: Path = AVATAR) -> None:
    """Writes the avatar with one animation, as a GLB file.

    Every joint of the motion turns its bone, every weight drives the morph target of its name in
    every mesh that has one; what the meshes lack is left out. Keys are at the motion's frames,
    from start_frame / fps seconds on. Bones that the motion leaves out stand at rest. SHOW's
    motions move the bones of `AVATAR_JOINTS_OF_SHOW` and, by their jaw, jawOpen.

    Args:
        path: the file; replaced only when the new one is complete.
        motion: at least one frame.
        avatar: a GLB with bones called as BEAT's joints and targets named in the meshes' extras.

    Raises:
        InputError: no frames, values that are not finite, a joint that the avatar lacks, or a
            path that cannot be written.
    """
    if len(motion) == 0:
        raise InputError(f'cannot write {path}: the motion has no frames')
    check_rate(motion)
    check_rotations(motion)
    check_weights(motion)
    motion = avatar_motion(motion)
    glb = read_glb(avatar)
    nodes = {node.get('name', ''): i for i, node in enumerate(glb.scene.get('nodes', []))}
    missing = [name for name in motion.joint_names if name not in nodes]
    if missing:
        raise InputError(f'cannot write {path}: the avatar has no bone {missing[0]}')
    _stand_at_rest(glb, nodes, motion)
    times_s = (motion.start_frame + np.arange(len(motion))) / motion.fps
    animation = _Animation(glb, times_s)
    turned = _continuous(quaternion_from_rotvec(motion.rotations))
    for joint, name in enumerate(motion.joint_names):
        animation.add(nodes[name], 'rotation', 'VEC4', turned[:, joint])
    for node, targets in _morphed(glb):
        values = np.zeros((len(motion), len(targets)))
        for column, target in enumerate(targets):
            if target in motion.weight_names:
                values[:, column] = motion.weights[:, motion.weight_names.index(target)]
        if set(targets) & set(motion.weight_names):
            animation.add(node, 'weights', 'SCALAR', values)
    animation.put('motion')
    with atomic_path(path) as temporary:
        temporary.write_bytes(glb.to_bytes())


class _Animation:
    """An animation of a scene under construction, its channels all at the same times."""

    def __init__(self, glb: Glb, times_s: Array) -> None:
        self._glb = glb
        self._times = glb.add_floats('SCALAR', times_s, limits=True)
        self._samplers: list[dict[str, Any]] = []
        self._channels: list[dict[str, Any]] = []

    def add(self, node: int, path: str, kind: str, values: Array) -> None:
        """A channel; between the keys it is linear, rotations on the shorter way."""
        output = self._glb.add_floats(kind, values)
        self._samplers.append({'input': self._times, 'output': output, 'interpolation': 'LINEAR'})
        target = {'node': node, 'path': path}
        self._channels.append({'sampler': len(self._samplers) - 1, 'target': target})

    def put(self, name: str) -> None:
        """Adds it to the scene, unless it moves nothing."""
        if self._channels:
            animation = {'name': name, 'samplers': self._samplers, 'channels': self._channels}
            self._glb.scene.setdefault('animations', []).append(animation)


def _stand_at_rest(glb: Glb, nodes: dict[str, int], motion: Motion) -> None:
    for name, rest in zip(BEAT_SKELETON.names, np.asarray(BEAT_SKELETON.rest), strict=True):
        if name in nodes and name not in motion.joint_names and rest.any():
            glb.scene['nodes'][nodes[name]]['rotation'] = quaternion_from_rotvec(rest).tolist()


def _morphed(glb: Glb) -> list[tuple[int, list[str]]]:
    """The nodes whose mesh has morph targets, and the targets' names."""
    found = []
    for index, node in enumerate(glb.scene.get('nodes', [])):
        if 'mesh' in node:
            mesh = glb.scene['meshes'][node['mesh']]
            names = mesh.get('extras', {}).get('targetNames', [])
            if names:
                found.append((index, [str(name) for name in names]))
    return found


def _continuous(quaternions: Array) -> Array:
    """(F, J, 4) with the sign that is nearer to the frame before: players need not look."""
    dots = np.sum(quaternions[1:] * quaternions[:-1], axis=-1)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    quaternions[1:] *= signs[..., None]
    return quaternions
