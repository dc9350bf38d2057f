"""The body that all parts are made from: mesh, skeleton, weights and 52 face units."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from avatar.gltf import Part
from avatar.makehuman import BaseMesh
from avatar.rig import Rig, build_rig, skin_weights
from avatar.surface import triangulated, unit, vertex_normals
from diffsheg_model.motion.formats import ARKIT_WEIGHTS

ARKIT_52 = (*ARKIT_WEIGHTS, 'tongueOut')
"""All of Apple's blendshapes, tongueOut last."""

Morphs = dict[str, tuple[np.ndarray, np.ndarray | None]]
"""By name: displacements (V, 3) in metres, and changes of the normals (V, 3) or None."""


@dataclass(frozen=True, eq=False)
class Body:
    """The base mesh with its rig, skin weights and face units.

    Attributes:
        mesh: the base mesh in MakeHuman's pose.
        rig: BEAT's skeleton in this mesh.
        weights: (V, J) skin weights.
        units: (V, 3) displacements in metres by name.
    """

    mesh: BaseMesh
    rig: Rig
    weights: np.ndarray
    units: dict[str, np.ndarray]

    @cached_property
    def skin(self) -> np.ndarray:
        """Triangles (T, 3) of the body."""
        return triangulated(self.mesh.quads['body'], self.mesh.positions)

    @cached_property
    def normals(self) -> np.ndarray:
        """Unit normals (V, 3) of the body."""
        return vertex_normals(self.mesh.positions, self.skin)

    @cached_property
    def unit_normals(self) -> dict[str, np.ndarray]:
        """Changes (V, 3) of the body's normals by name of the face unit."""
        turned = {
            name: vertex_normals(self.mesh.positions + moved, self.skin) - self.normals
            for name, moved in self.units.items()
        }
        # mouthClose closes the lips of an open jaw, and never occurs without one.
        both = self.units['jawOpen'] + self.units['mouthClose']
        closed = vertex_normals(self.mesh.positions + both, self.skin) - self.normals
        return {**turned, 'mouthClose': closed - turned['jawOpen']}

    def part(
        self,
        name: str,
        material: str,
        positions: np.ndarray,
        normals: np.ndarray,
        triangles: np.ndarray,
        weights: np.ndarray,
        colours: np.ndarray | None = None,
        uv: np.ndarray | None = None,
        morphs: Morphs | None = None,
    ) -> Part:
        """Return a part in the T-pose, given in MakeHuman's pose."""
        bound, turned, back = self.rig.to_bind(positions, normals, weights)
        return Part(
            name,
            material,
            bound,
            turned,
            triangles,
            weights,
            colours,
            uv,
            {
                key: (_turned(back, moved), None if bent is None else _turned(back, bent))
                for key, (moved, bent) in (morphs or {}).items()
            },
        )


def _turned(turns: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return np.einsum('vab,vb->va', turns, vectors)


def make_body(mesh: BaseMesh) -> Body:
    """Build the body of a base mesh."""
    return Body(mesh, build_rig(mesh), skin_weights(mesh), _face_units(mesh))


def _face_units(mesh: BaseMesh) -> dict[str, np.ndarray]:
    """Return the 52 face units; the lids stay in front of the eyeballs all the way."""
    units = {name: mesh.face_unit(name) for name in ARKIT_52}
    for side, letter in (('Left', 'l'), ('Right', 'r')):
        centre, radii = eyeball(mesh, letter)
        away = (mesh.positions - centre) / radii
        distance = np.linalg.norm(away, axis=1)
        lid = (distance > 0.99) & (distance < 1.6) & (away[:, 2] > 0.2)
        lid &= np.abs(away[:, 0]) < 1.2
        lid[mesh.groups[f'helper-{letter}-eye']] = False
        for name in ('eyeBlink', 'eyeSquint', 'eyeLookDown', 'eyeLookUp', 'eyeWide'):
            units[name + side] = _pushed_out(units[name + side], lid, away, distance, radii)
    return units


def eyeball(mesh: BaseMesh, letter: str) -> tuple[np.ndarray, np.ndarray]:
    """Return centre and radii (3,) of an eyeball, which is not quite a sphere."""
    ball = mesh.positions[mesh.groups[f'helper-{letter}-eye']]
    return (ball.min(axis=0) + ball.max(axis=0)) / 2, np.ptp(ball, axis=0) / 2


def _pushed_out(
    unit_: np.ndarray, lid: np.ndarray, away: np.ndarray, distance: np.ndarray, radii: np.ndarray
) -> np.ndarray:
    """Return a face unit (V, 3) with a straight path that does not cut through the eyeball.

    Args:
        unit_: Displacements to correct, metres.
        lid: (V,) True for the vertices to keep outside the eyeball.
        away: (V, 3) places relative to the eyeball's centre, in its radii.
        distance: (V,) lengths of `away`.
        radii: (3,) of the eyeball.
    """
    rows = np.flatnonzero(lid & (np.abs(unit_).max(axis=1) > 1e-5))
    start, path = away[rows], unit_[rows] / radii
    least = np.minimum(distance[rows], 1.045)
    for share in (1.0, 0.8, 0.6, 0.4):
        place = start + share * path
        lacking = np.maximum(least - np.linalg.norm(place, axis=1), 0) / share
        path = path + lacking[:, None] * unit(place)
    corrected = unit_.copy()
    corrected[rows] = path * radii
    return corrected
