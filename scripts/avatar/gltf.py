"""A skinned, morphing character as one binary glTF 2.0 file.

Morph targets are sparse; their positions and all normals are quantised as KHR_mesh_quantization
allows (shorts of 1 m / 32767, bytes).
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from diffsheg_model.files.atomic import atomic_path

_FLOAT, _BYTE, _UBYTE, _SHORT, _USHORT, _UINT = 5126, 5120, 5121, 5122, 5123, 5125
_DTYPES = {
    _FLOAT: '<f4', _BYTE: '<i1', _UBYTE: '<u1', _SHORT: '<i2', _USHORT: '<u2', _UINT: '<u4',
}  # fmt: skip
_KINDS = {1: 'SCALAR', 2: 'VEC2', 3: 'VEC3', 4: 'VEC4', 16: 'MAT4'}
_MOVED_M = 3e-5
_TURNED = 0.03
"""Thresholds of a morph target: a vertex that moves and turns by less is left out of it."""


@dataclass(frozen=True, eq=False)
class Part:
    """One mesh of the character, in the bind pose.

    Attributes:
        name: of the mesh and its node.
        material: key of the materials.
        positions: (V, 3) metres.
        normals: (V, 3) unit vectors.
        triangles: (T, 3) vertex indices, counter-clockwise seen from outside.
        weights: (V, J) skin weights by joint.
        colours: (V, 3) linear RGB in [0, 1], or None.
        uv: (V, 2), or None.
        morphs: by target name, (V, 3) displacements in metres and (V, 3) changes of the normals.
            The latter are None for all targets or for none.
    """

    name: str
    material: str
    positions: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    colours: np.ndarray | None = None
    uv: np.ndarray | None = None
    morphs: dict[str, tuple[np.ndarray, np.ndarray | None]] = field(default_factory=dict)


class _Buffer:
    """The binary data of the file and the accessors that describe it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.zeros: dict[tuple[int, int], int] = {}

    def view(self, data: bytes, **extra: int) -> int:
        self.data += b'\0' * (-len(self.data) % 4)
        self.views.append(
            {'buffer': 0, 'byteOffset': len(self.data), 'byteLength': len(data), **extra}
        )
        self.data += data
        return len(self.views) - 1

    def accessor(
        self, values: np.ndarray, component: int, *, normalized: bool = False, target: int = 34962
    ) -> int:
        """Add an array (n,) or (n, k); rows of vertex attributes start at multiples of 4 bytes."""
        values = np.ascontiguousarray(values, dtype=_DTYPES[component])
        width = 1 if values.ndim == 1 else values.shape[1]
        extra = {'target': target} if target else {}
        row = width * values.itemsize
        packed = values.tobytes()
        if target == 34962 and row % 4:
            stride = row + -row % 4
            padded = np.zeros((len(values), stride), np.uint8)
            padded[:, :row] = values.reshape(len(values), width).view(np.uint8)
            packed, extra['byteStride'] = padded.tobytes(), stride
        accessor: dict[str, Any] = {
            'bufferView': self.view(packed, **extra),
            'componentType': component,
            'count': len(values),
            'type': _KINDS[width],
        }
        if normalized:
            accessor['normalized'] = True
        if component == _FLOAT and width == 3:
            accessor['min'] = values.min(axis=0).tolist()
            accessor['max'] = values.max(axis=0).tolist()
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def sparse(self, values: np.ndarray, rows: np.ndarray, indices: int, component: int) -> int:
        """Add (n, 3) normalised values that are zero outside `rows`.

        Values that are zero everywhere share one accessor.

        Args:
            values: (n, 3) numbers as they are stored.
            rows: indices of the rows to store.
            indices: the buffer view that holds `rows`.
            component: glTF component type.
        """
        key = (len(values), component)
        if not len(rows) and key in self.zeros:
            return self.zeros[key]
        accessor: dict[str, Any] = {
            'componentType': component,
            'normalized': True,
            'count': len(values),
            'type': 'VEC3',
            # The specification requires the bounds of stored positions.
            'min': values.min(axis=0).astype(int).tolist(),
            'max': values.max(axis=0).astype(int).tolist(),
        }
        if len(rows):
            kept = np.ascontiguousarray(values[rows], dtype=_DTYPES[component])
            accessor['sparse'] = {
                'count': len(rows),
                'indices': {'bufferView': indices, 'componentType': _USHORT},
                'values': {'bufferView': self.view(kept.tobytes())},
            }
        self.accessors.append(accessor)
        index = len(self.accessors) - 1
        if not len(rows):
            self.zeros[key] = index
        return index


def write_glb(
    path: Path,
    *,
    joint_names: Sequence[str],
    parents: Sequence[int],
    joints_m: np.ndarray,
    parts: Sequence[Part],
    morph_names: Sequence[str],
    materials: dict[str, dict[str, Any]],
    images: dict[str, bytes],
    asset: dict[str, Any],
) -> None:
    """Write the character to a file, replacing it in one step.

    Args:
        path: The file.
        joint_names: J names, every joint after its parent.
        parents: J indices, -1 for the root.
        joints_m: (J, 3) positions in the bind pose; all rest rotations are the identity.
        parts: The meshes; those with morphs get all `morph_names`, in that order.
        morph_names: Names of the morph targets.
        materials: glTF materials by the parts' keys; a texture's index is that of its image.
        images: PNG files by name.
        asset: The glTF field `asset` without `version`.
    """
    buffer = _Buffer()
    keys = list(materials)
    joint_nodes = _joint_nodes(joint_names, parents, joints_m)
    nodes = [{'name': 'avatar', 'children': [1 + len(joint_nodes) + n for n in range(len(parts))]}]
    nodes[0]['children'].insert(0, 1)
    nodes += joint_nodes
    meshes = []
    for part in parts:
        nodes.append({'name': part.name, 'mesh': len(meshes), 'skin': 0})
        meshes.append(_mesh(buffer, part, keys.index(part.material), morph_names))
    document: dict[str, Any] = {
        'asset': {**asset, 'version': '2.0'},
        'extensionsUsed': sorted(
            {'KHR_mesh_quantization'}.union(*(m.get('extensions', {}) for m in materials.values()))
        ),
        'extensionsRequired': ['KHR_mesh_quantization'],
        'scene': 0,
        'scenes': [{'nodes': [0]}],
        'nodes': nodes,
        'meshes': meshes,
        'skins': [_skin(buffer, joints_m)],
        'materials': [{'name': key, **materials[key]} for key in keys],
    }
    if images:
        document |= _textures(buffer, images)
    document['bufferViews'] = buffer.views
    document['accessors'] = buffer.accessors
    document['buffers'] = [{'byteLength': len(buffer.data) + -len(buffer.data) % 4}]
    with atomic_path(path) as part_path:
        part_path.write_bytes(_glb(document, bytes(buffer.data)))


def _glb(document: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(document, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 4)
    data += b'\0' * (-len(data) % 4)
    header = struct.pack('<4sII', b'glTF', 2, 12 + 8 + len(text) + 8 + len(data))
    text_chunk = struct.pack('<I4s', len(text), b'JSON') + text
    return header + text_chunk + struct.pack('<I4s', len(data), b'BIN\0') + data


def _joint_nodes(
    names: Sequence[str], parents: Sequence[int], joints_m: np.ndarray
) -> list[dict[str, Any]]:
    """Return the nodes of the joints in order; the first becomes node 1."""
    nodes: list[dict[str, Any]] = []
    for index, (name, parent) in enumerate(zip(names, parents, strict=True)):
        offset = joints_m[index] - (joints_m[parent] if parent >= 0 else 0)
        nodes.append({'name': name, 'translation': np.round(offset, 6).tolist()})
        if parent >= 0:
            nodes[parent].setdefault('children', []).append(index + 1)
    return nodes


def _skin(buffer: _Buffer, joints_m: np.ndarray) -> dict[str, Any]:
    bind = np.tile(np.eye(4), (len(joints_m), 1, 1))
    bind[:, 3, :3] = -joints_m  # column-major
    return {
        'inverseBindMatrices': buffer.accessor(bind.reshape(-1, 16), _FLOAT, target=0),
        'joints': list(range(1, 1 + len(joints_m))),
        'skeleton': 1,
    }


def _textures(buffer: _Buffer, images: dict[str, bytes]) -> dict[str, Any]:
    return {
        'images': [
            {'name': name, 'mimeType': 'image/png', 'bufferView': buffer.view(data)}
            for name, data in images.items()
        ],
        'samplers': [{'wrapS': 10497, 'wrapT': 10497, 'minFilter': 9987}],
        'textures': [{'sampler': 0, 'source': n} for n in range(len(images))],
    }


def _mesh(buffer: _Buffer, part: Part, material: int, morph_names: Sequence[str]) -> dict[str, Any]:
    joints, weights = _four_weights(part.weights)
    attributes = {
        'POSITION': buffer.accessor(part.positions, _FLOAT),
        'NORMAL': buffer.accessor(np.round(part.normals * 127), _BYTE, normalized=True),
        'JOINTS_0': buffer.accessor(joints, _UBYTE),
        'WEIGHTS_0': buffer.accessor(weights, _UBYTE, normalized=True),
    }
    if part.colours is not None:
        colours = np.c_[part.colours, np.ones(len(part.colours))]
        attributes['COLOR_0'] = buffer.accessor(
            np.round(np.clip(colours, 0, 1) * 255), _UBYTE, normalized=True
        )
    if part.uv is not None:
        attributes['TEXCOORD_0'] = buffer.accessor(part.uv, _FLOAT)
    primitive: dict[str, Any] = {
        'attributes': attributes,
        'indices': buffer.accessor(
            part.triangles.reshape(-1), _USHORT if len(part.positions) < 65536 else _UINT,
            target=34963,
        ),
        'material': material,
    }  # fmt: skip
    mesh: dict[str, Any] = {'name': part.name, 'primitives': [primitive]}
    if part.morphs:
        primitive['targets'] = [_target(buffer, *part.morphs[name]) for name in morph_names]
        mesh['weights'] = [0] * len(morph_names)
        mesh['extras'] = {'targetNames': list(morph_names)}
    return mesh


def _target(buffer: _Buffer, moved: np.ndarray, turned: np.ndarray | None) -> dict[str, int]:
    changed = np.abs(moved).max(axis=1) > _MOVED_M
    if turned is not None:
        changed |= np.abs(turned).max(axis=1) > _TURNED
    rows = np.flatnonzero(changed)
    indices = buffer.view(rows.astype('<u2').tobytes()) if len(rows) else -1
    moved = np.round(moved * 32767) * changed[:, None]
    target = {'POSITION': buffer.sparse(moved, rows, indices, _SHORT)}
    if turned is not None:
        # A change of a unit vector may exceed 1: it is clipped, and the shader normalises.
        turned = np.round(np.clip(turned, -1, 1) * 127) * changed[:, None]
        target['NORMAL'] = buffer.sparse(turned, rows, indices, _BYTE)
    return target


def _four_weights(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the four largest weights of each vertex: (V, 4) joints, and bytes that sum to 255."""
    joints = np.argsort(-weights, axis=1, kind='stable')[:, :4]
    kept = np.take_along_axis(weights, joints, axis=1)
    kept = kept / kept.sum(axis=1, keepdims=True)
    whole = np.floor(kept * 255)
    # The largest weight takes the remainder of the rounding.
    whole[:, 0] += 255 - whole.sum(axis=1)
    return np.where(whole > 0, joints, 0), whole
