"""Skin, teeth and tongue, with their 52 morph targets."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from avatar import figure
from avatar.body import ARKIT_52, Body
from avatar.gltf import Part
from avatar.makehuman import BaseMesh
from avatar.surface import compact, triangulated, vertex_normals


def skin_parts(body: Body, visible: Callable[[np.ndarray], np.ndarray]) -> list[Part]:
    """Build the face, which morphs, and the rest of the skin that clothes leave visible.

    Args:
        body: The body to take the skin from.
        visible: Takes places (V, 3) and returns (V,) True where no cloth covers them.
    """
    shown = visible(body.mesh.positions)[body.skin].any(axis=1)
    moving = np.zeros(len(body.mesh.positions), bool)
    for moved in body.units.values():
        moving |= np.abs(moved).max(axis=1) > 1e-5
    in_face = moving[body.skin].any(axis=1)
    colours = _skin_colours(body)
    parts = []
    for name, chosen in (('face', shown & in_face), ('skin', shown & ~in_face)):
        used, triangles = compact(body.skin[chosen])
        morphs = (
            {key: (body.units[key][used], body.unit_normals[key][used]) for key in ARKIT_52}
            if name == 'face'
            else None
        )
        parts.append(
            body.part(
                name, 'skin', body.mesh.positions[used], body.normals[used], triangles,
                body.weights[used], colours[used], None, morphs,
            )
        )  # fmt: skip
    return parts


def mouth_parts(body: Body) -> list[Part]:
    """Build teeth and tongue."""
    mesh = body.mesh
    parts = []
    for name, groups, front, back in (
        ('teeth', ('helper-upper-teeth', 'helper-lower-teeth'), 'f3ede2', '9a8378'),
        ('tongue', ('helper-tongue',), 'c86f6e', '6e2c2e'),
    ):
        triangles = np.concatenate(
            [triangulated(mesh.quads[group], mesh.positions) for group in groups]
        )
        used, renumbered = compact(triangles)
        normals = vertex_normals(mesh.positions, triangles)
        depth = mesh.positions[used, 2]
        share = np.clip((depth - depth.min()) / np.ptp(depth), 0, 1)[:, None]
        colours = figure.linear(back) + share * (figure.linear(front) - figure.linear(back))
        morphs = {}
        for key, moved in body.units.items():
            turned = vertex_normals(mesh.positions + moved, triangles) - normals
            morphs[key] = (moved[used], turned[used])
        parts.append(
            body.part(
                name, name, mesh.positions[used], normals[used], renumbered, body.weights[used],
                colours, None, morphs,
            )
        )  # fmt: skip
    return parts


def _skin_colours(body: Body) -> np.ndarray:
    """Return linear RGB (V, 3): warm cheeks, nose and finger tips, lips, nails, a dark mouth."""
    mesh = body.mesh
    places = mesh.positions
    colours = np.tile(figure.linear(figure.SKIN), (len(places), 1))

    def blend(code: str, share: np.ndarray) -> None:
        colours[:] += np.clip(share, 0, 1)[:, None] * (figure.linear(code) - colours)

    def around(centre: np.ndarray, radius_m: float) -> np.ndarray:
        return np.exp(-(((places - centre) / radius_m) ** 2).sum(axis=1))

    for letter, sign in (('l', 1), ('r', -1)):
        eye = mesh.centre(f'helper-{letter}-eye')
        blend(figure.FLUSH, 0.5 * around(eye + (sign * 0.014, -0.042, 0.01), 0.026))
        blend(figure.FLUSH, 0.22 * around(eye + (0, -0.012, 0.012), 0.02))
        for number in range(1, 6):
            tip = mesh.centre(f'joint-{letter}-finger-{number}-4')
            blend(figure.FLUSH, 0.4 * around(tip, 0.012))
            for knuckle in (1, 2):
                joint = mesh.centre(f'joint-{letter}-finger-{number}-{knuckle}')
                blend(figure.FLUSH, 0.2 * around(joint, 0.012))
    head = places[(body.weights.argmax(axis=1) == body.rig.names.index('Head'))]
    nose = head[np.argmax(head[:, 2])]
    blend(figure.FLUSH, 0.35 * around(nose, 0.016))
    blend(figure.FLUSH, 0.4 * _mask(mesh, 'ears'))
    blend(figure.LIPS, 0.85 * _mask(mesh, 'lips'))
    blend(figure.NAILS, 0.8 * _mask(mesh, 'fingernails'))
    blend(figure.MOUTH, _mask(mesh, 'inside-mouth'))
    return colours


def _mask(mesh: BaseMesh, name: str) -> np.ndarray:
    """Return the shares (V,) of a region such as 'lips' at the body's vertices, 0 to 1."""
    with Image.open(mesh.folder / f'mpfb2/textures/mpfb_{name}.jpg') as image:
        pixels = np.asarray(image.convert('L'), float) / 255
    corners, uv = mesh.quads['body'].reshape(-1), mesh.uv['body'].reshape(-1, 2)
    height, width = pixels.shape
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    total, count = np.zeros(len(mesh.positions)), np.zeros(len(mesh.positions))
    np.add.at(total, corners, pixels[row, column])
    np.add.at(count, corners, 1)
    return total / np.maximum(count, 1)
