"""Smooth eyeballs in place of the base mesh's coarse ones."""

import numpy as np
from scipy.spatial.transform import Rotation

from avatar.body import ARKIT_52, Body, eyeball
from avatar.gltf import Part
from avatar.surface import unit


def eye_part(body: Body) -> Part:
    """Build two smooth eyeballs that turn as the base mesh's coarse ones do."""
    grid, triangles, uv = _ball(rings=20, segments=32)
    positions, normals, morphs = [], [], {name: ([], []) for name in ARKIT_52}
    for side, letter in (('Left', 'l'), ('Right', 'r')):
        vertices = body.mesh.groups[f'helper-{letter}-eye']
        ball = body.mesh.positions[vertices]
        # Turning, it slides within its own surface.
        centre, radii = eyeball(body.mesh, letter)
        positions.append(centre + radii * grid)
        normals.append(unit(grid / radii))
        for name in ARKIT_52:
            turn = np.eye(3)
            if name.startswith('eyeLook') and name.endswith(side):
                moved = ball + body.units[name][vertices]
                rotation, _ = Rotation.align_vectors(
                    (moved - centre) / radii, (ball - centre) / radii
                )
                # Its up and down are timid: people look further.
                further = 1.5 if 'Up' in name or 'Down' in name else 1.1
                turn = Rotation.from_rotvec(further * rotation.as_rotvec()).as_matrix()
            turned = grid @ turn.T - grid
            morphs[name][0].append(radii * turned)
            morphs[name][1].append(turned)
    count = len(grid)
    weights = np.zeros((2 * count, body.weights.shape[1]))
    weights[:, body.rig.names.index('Head')] = 1
    return body.part(
        'eyes', 'eyes', np.concatenate(positions), np.concatenate(normals),
        np.concatenate([triangles, triangles + count]), weights, None, np.tile(uv, (2, 1)),
        {name: (np.concatenate(a), np.concatenate(b)) for name, (a, b) in morphs.items()},
    )  # fmt: skip


def _ball(rings: int, segments: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the front of a unit sphere, up to 110 degrees from +Z: points, triangles, uv."""
    angle = np.deg2rad(110) * np.arange(1, rings + 1) / rings
    turn = 2 * np.pi * np.arange(segments) / segments
    a, t = (values.reshape(-1) for values in np.meshgrid(angle, turn, indexing='ij'))
    points = np.c_[np.sin(a) * np.cos(t), np.sin(a) * np.sin(t), np.cos(a)]
    reach = np.minimum(a / (np.pi / 2), 1)
    uv = 0.5 + 0.5 * np.c_[reach * np.cos(t), -reach * np.sin(t)]
    triangles = []
    for segment in range(segments):
        after = (segment + 1) % segments
        triangles.append((0, 1 + segment, 1 + after))
        for ring in range(rings - 1):
            low, high = 1 + ring * segments, 1 + (ring + 1) * segments
            triangles.append((low + segment, high + segment, high + after))
            triangles.append((low + segment, high + after, low + after))
    return (
        np.concatenate([[(0.0, 0.0, 1.0)], points]),
        np.array(triangles),
        np.concatenate([[(0.5, 0.5)], uv]),
    )
