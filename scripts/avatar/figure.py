"""The design of the figure: body shape, stylisation, colours."""

from dataclasses import replace

import numpy as np

from avatar.makehuman import BaseMesh, load_base_mesh

HEIGHT_M = 1.75
DETAILS = {
    # A friendly face that resembles no person: rounder, younger, larger eyes, mouth corners up.
    'head/head-oval': 0.35,
    'head/head-age-decr': 0.25,
    'eyes/l-eye-scale-incr': 0.75,
    'eyes/r-eye-scale-incr': 0.75,
    'eyes/l-eye-height2-incr': 0.45,
    'eyes/r-eye-height2-incr': 0.45,
    'mouth/mouth-angles-up': 0.8,
    'mouth/mouth-upperlip-volume-decr': 0.2,
    'nose/nose-scale-horiz-decr': 0.6,
    'nose/nose-scale-vert-decr': 0.4,
    'nose/nose-point-up': 0.25,
    'ears/l-ear-scale-decr': 0.3,
    'ears/r-ear-scale-decr': 0.3,
}
HEAD_SCALE = 1.08
EXPRESSION = {'mouthSmileLeft': 0.16, 'mouthSmileRight': 0.16, 'browInnerUp': 0.15}

SKIN = 'e3b596'
FLUSH = 'd98a76'
LIPS = 'c67f74'
MOUTH = '7a2f30'
NAILS = 'edc4b0'
HAIR = '4a2f20'
HAIR_LIGHT = '7a5236'
IRIS = '4f321b'
IRIS_INNER = '8a5c2e'
BROWS = '4a3123'
LASHES = '1d1411'
TOP = '4f7c86'
TROUSERS = '3c4250'


def linear(code: str) -> np.ndarray:
    """Return a colour such as 'e8b795' as linear RGB (3,)."""
    values = np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def figure() -> BaseMesh:
    """Return the base mesh in the figure's shape, with a slight smile."""
    mesh = load_base_mesh(DETAILS, HEIGHT_M, HEAD_SCALE)
    smile = sum(share * mesh.face_unit(name) for name, share in EXPRESSION.items())
    return replace(mesh, positions=mesh.positions + smile)
