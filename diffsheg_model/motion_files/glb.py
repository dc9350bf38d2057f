"""glTF: the avatar with a motion, as a GLB file for Blender, three.js and Godot."""

import json
import os
import struct
from dataclasses import dataclass
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
from diffsheg_model.untrusted.reading import reader

_MAGIC, _VERSION = b'glTF', 2
_JSON, _BINARY = b'JSON', b'BIN\0'
_FLOAT = 5126
_WIDTHS = {'SCALAR': 1, 'VEC3': 3, 'VEC4': 4}


@dataclass
class Glb:
    """A GLB file in memory: a JSON scene and one block of binary data.

    Attributes:
        scene: the JSON part in the layout of glTF 2.0.
        data: the binary part, buffer 0.
    """

    scene: dict[str, Any]
    data: bytearray

    def add_floats(self, kind: str, values: np.ndarray, limits: bool = False) -> int:
        """Append an accessor of float32 numbers and return its index.

        Args:
            kind: 'SCALAR', 'VEC3' or 'VEC4'.
            values: one row for each element, with 1, 3 or 4 numbers.
            limits: also state the minimum and maximum of each component. glTF requires them for
                the times of an animation.
        """
        rows = np.ascontiguousarray(values, dtype='<f4').reshape(-1, _WIDTHS[kind])
        self.data += bytes(-len(self.data) % 4)
        view = {'buffer': 0, 'byteOffset': len(self.data), 'byteLength': rows.nbytes}
        self.data += rows.tobytes()
        views = self.scene.setdefault('bufferViews', [])
        views.append(view)
        accessor: dict[str, Any] = {
            'bufferView': len(views) - 1,
            'componentType': _FLOAT,
            'count': len(rows),
            'type': kind,
        }
        if limits:
            accessor |= {'min': rows.min(axis=0).tolist(), 'max': rows.max(axis=0).tolist()}
        accessors = self.scene.setdefault('accessors', [])
        accessors.append(accessor)
        return len(accessors) - 1

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        data = bytes(self.data) + bytes(-len(self.data) % 4)
        self.scene['buffers'] = [{'byteLength': len(data)}]
        scene = json.dumps(self.scene, separators=(',', ':')).encode()
        scene += b' ' * (-len(scene) % 4)
        chunks = b''.join(
            struct.pack('<I4s', len(chunk), name) + chunk
            for name, chunk in ((_JSON, scene), (_BINARY, data))
        )
        return struct.pack('<4sII', _MAGIC, _VERSION, 12 + len(chunks)) + chunks


@reader('a GLB file')
def read_glb(path: Path) -> Glb:
    """Read a GLB file with all data in its one binary block.

    Raises:
        InputError: the file does not exist, is not GLB version 2, is cut, or refers to other
            files.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f'cannot read {path}: {error.strerror or error}') from error
    try:
        magic, version, length = struct.unpack_from('<4sII', content)
        if (magic, version) != (_MAGIC, _VERSION) or length > len(content):
            raise ValueError('not GLB version 2, or cut short')
        size, name = struct.unpack_from('<I4s', content, 12)
        if name != _JSON:
            raise ValueError('its first part is not JSON')
        scene = json.loads(content[20 : 20 + size])
        data = bytearray()
        if 20 + size < length:
            data_size, name = struct.unpack_from('<I4s', content, 20 + size)
            if name != _BINARY:
                raise ValueError('its second part is not binary data')
            data += content[28 + size : 28 + size + data_size]
        if len(scene.get('buffers', [])) > 1 or any('uri' in b for b in scene.get('buffers', [])):
            raise ValueError('it has data in other files')
    except (struct.error, ValueError, AttributeError) as error:
        raise InputError(f'{path} is not a usable GLB file: {error}') from error
    return Glb(scene, data)


def write_gltf(path: str | os.PathLike[str], motion: Motion, avatar: Path = AVATAR) -> None:
    """Write the avatar with one animation, as a GLB file.

    Each joint of the motion turns the bone of its name. Each weight drives the morph targets of its
    name; weights without a target are left out. Keys are at the motion's frames, from
    start_frame / fps seconds on. Bones that the motion lacks stay at rest. Motions of SHOW move the
    bones of `AVATAR_JOINTS_OF_SHOW`, and their jaw moves jawOpen.

    Args:
        path: the file; replaced only when the new one is complete.
        motion: at least one frame.
        avatar: a GLB with BEAT's joint names for its bones, and names of morph targets in the
            meshes' extras.

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
    """An animation under construction. All of its channels have the same times."""

    def __init__(self, glb: Glb, times_s: Array) -> None:
        self._glb = glb
        self._times = glb.add_floats('SCALAR', times_s, limits=True)
        self._samplers: list[dict[str, Any]] = []
        self._channels: list[dict[str, Any]] = []

    def add(self, node: int, path: str, kind: str, values: Array) -> None:
        """Add a channel, with linear interpolation between the keys."""
        output = self._glb.add_floats(kind, values)
        self._samplers.append({'input': self._times, 'output': output, 'interpolation': 'LINEAR'})
        target = {'node': node, 'path': path}
        self._channels.append({'sampler': len(self._samplers) - 1, 'target': target})

    def put(self, name: str) -> None:
        """Add the animation to the scene, unless it is empty."""
        if self._channels:
            animation = {'name': name, 'samplers': self._samplers, 'channels': self._channels}
            self._glb.scene.setdefault('animations', []).append(animation)


def _stand_at_rest(glb: Glb, nodes: dict[str, int], motion: Motion) -> None:
    for name, rest in zip(BEAT_SKELETON.names, np.asarray(BEAT_SKELETON.rest), strict=True):
        if name in nodes and name not in motion.joint_names and rest.any():
            glb.scene['nodes'][nodes[name]]['rotation'] = quaternion_from_rotvec(rest).tolist()


def _morphed(glb: Glb) -> list[tuple[int, list[str]]]:
    """Return the nodes with morph targets, and the names of the targets."""
    found = []
    for index, node in enumerate(glb.scene.get('nodes', [])):
        if 'mesh' in node:
            mesh = glb.scene['meshes'][node['mesh']]
            names = mesh.get('extras', {}).get('targetNames', [])
            if names:
                found.append((index, [str(name) for name in names]))
    return found


def _continuous(quaternions: Array) -> Array:
    """Return (F, J, 4) with signs that keep each quaternion near the one of the frame before."""
    dots = np.sum(quaternions[1:] * quaternions[:-1], axis=-1)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    quaternions[1:] *= signs[..., None]
    return quaternions
