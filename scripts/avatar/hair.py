"""Short, side-swept hair: a cap over the scalp and locks that overlap like feathers."""

import numpy as np

from avatar import figure
from avatar.body import Body
from avatar.gltf import Part
from avatar.surface import unit, vertex_normals

_LOCKS = 380
_RINGS = 9
_AROUND = 5
_PART_X = 0.32
"""Direction x of the parting; the hair falls to both sides of it."""


class _Skull:
    """The scalp as a smooth radius over directions from a point within the head."""

    def __init__(self, body: Body) -> None:
        mesh = body.mesh
        eyes = (mesh.centre('helper-l-eye') + mesh.centre('helper-r-eye')) / 2
        self.centre = np.array([0.0, eyes[1] + 0.012, mesh.centre('joint-head')[2] - 0.005])
        skin = np.unique(body.skin)
        away = mesh.positions[skin] - self.centre
        direction = unit(away)
        # Scalp, forehead and nape; not the ears, which stand off.
        chosen = (self.hairline(direction) > -0.25) & (np.abs(away[:, 0]) < 0.082)
        terms = _terms(direction[chosen])
        length = np.linalg.norm(away[chosen], axis=1)
        self.factors, *_ = np.linalg.lstsq(terms, length, rcond=None)

    def radius(self, direction: np.ndarray) -> np.ndarray:
        return _terms(direction) @ self.factors

    def hairline(self, direction: np.ndarray) -> np.ndarray:
        """Return about the sine of the height over the hairline: above 0 where hair grows."""
        azimuth = np.abs(np.degrees(np.arctan2(direction[:, 0], direction[:, 2])))
        edge = np.interp(
            azimuth,
            [0, 25, 48, 62, 74, 84, 98, 108, 124, 150, 180],
            [40, 41, 36, 20, -4, -14, 2, -14, -34, -38, -40],
        )
        height = np.degrees(np.arcsin(np.clip(direction[:, 1], -1, 1)))
        return (height - edge) / 57.3


def _terms(direction: np.ndarray) -> np.ndarray:
    """Return the polynomials of degree 4 of unit vectors that are even in x."""
    x, y, z = direction.T
    powers = [(a, b, c) for a in (0, 2, 4) for b in range(5) for c in range(5) if a + b + c <= 4]
    return np.column_stack([x**a * y**b * z**c for a, b, c in powers])


def hair_part(body: Body) -> Part:
    """Build the hair, which moves with the head as one piece."""
    skull = _Skull(body)
    rng = np.random.default_rng(5)
    pieces = [_cap(skull)]
    for root in _roots(skull, rng):
        pieces.append(_lock(skull, root, rng))
    positions, normals, colours, uv, triangles, total = [], [], [], [], [], 0
    for place, colour, coordinates, faces in pieces:
        positions.append(place)
        normals.append(vertex_normals(place, faces))
        colours.append(colour)
        uv.append(coordinates)
        triangles.append(faces + total)
        total += len(place)
    weights = np.zeros((total, body.weights.shape[1]))
    weights[:, body.rig.names.index('Head')] = 1
    return body.part(
        'hair', 'hair', np.concatenate(positions), np.concatenate(normals),
        np.concatenate(triangles), weights, np.concatenate(colours), np.concatenate(uv),
    )  # fmt: skip


def _flow(direction: np.ndarray) -> np.ndarray:
    """Return the directions (n, 3) of the hair along the scalp."""
    x, y, z = direction.T
    # Away from the parting on top, down at the sides and the back, swept back at the sides.
    side = np.tanh((_PART_X - x) / 0.12)
    top = np.clip(y, 0, 1)
    front = np.clip(z, 0, 1)
    back = np.clip(-z, 0, 1)
    push = np.column_stack(
        [
            -side * (0.9 * top + 0.25 * front) * (1 - 0.6 * back),
            -0.75 - 0.25 * back + 0.25 * front * top,
            -0.55 * (1 - back) * (1 - 0.75 * front * top) + 0.35 * front * top,
        ]
    )
    return unit(push - (push * direction).sum(axis=1, keepdims=True) * direction)


def _volume(direction: np.ndarray, skull: _Skull) -> np.ndarray:
    """Return the thickness (n,) of the hair, metres."""
    inside = np.clip(skull.hairline(direction) / 0.45, 0, 1)
    top = np.clip(direction[:, 1], 0, 1)
    return 0.004 + (0.008 + 0.016 * top) * inside**0.7


def _roots(skull: _Skull, rng: np.random.Generator) -> np.ndarray:
    """Return directions (n, 3) spread evenly over the scalp."""
    index = np.arange(2 * _LOCKS) + 0.5
    y = 1 - index / _LOCKS
    turn = np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(np.clip(1 - y * y, 0, 1))
    direction = np.column_stack([ring * np.sin(turn), y, ring * np.cos(turn)])
    direction = unit(direction + rng.normal(0, 0.03, direction.shape))
    return direction[skull.hairline(direction) > 0.03]


def _lock(
    skull: _Skull, root: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Build one lock: positions, colours, uv, triangles."""
    top = max(root[1], 0)
    length = rng.uniform(0.8, 1.15) * (0.07 + 0.04 * top)
    width = rng.uniform(0.75, 1.2) * (0.0075 + 0.004 * top)
    lift = rng.uniform(0.0, 1.0)
    bend = rng.normal(0, 0.22)
    direction = root.copy()
    spine, sides, ups = [], [], []
    shares = np.linspace(0, 1, _RINGS)
    for share in shares:
        radius = skull.radius(direction[None])[0] + _volume(direction[None], skull)[0]
        height = -0.004 + 0.007 * np.sin(np.pi * min(share * 0.9 + 0.05, 1)) + 0.002 * lift * share
        spine.append(skull.centre + direction * (radius + height))
        flow = _flow(direction[None])[0]
        side = np.cross(direction, flow)
        flow = unit(flow + bend * (share - 0.3) * side)
        sides.append(np.cross(direction, flow))
        ups.append(direction)
        direction = unit(direction + flow * length / (_RINGS - 1) / radius)
    spine, sides, ups = np.array(spine), np.array(sides), np.array(ups)
    broad = width * np.sqrt(
        np.clip(np.interp(shares, [0, 0.12, 0.4, 1], [0.3, 0.8, 1, 0.0]), 0.001, 1) ** 1.7
    )
    # Open below, where nobody sees.
    angle = np.linspace(-0.12, 1.12, _AROUND) * np.pi
    rings = (
        spine[:, None]
        + broad[:, None, None] * np.cos(angle)[None, :, None] * sides[:, None]
        + 0.34 * broad[:, None, None] * np.sin(angle)[None, :, None] * ups[:, None]
    )
    positions = rings.reshape(-1, 3)
    tone = np.clip(rng.normal(0.35, 0.22), 0, 1)
    dark, light = figure.linear(figure.HAIR), figure.linear(figure.HAIR_LIGHT)
    along = np.interp(shares, [0, 0.3, 1], [0.55, 0.9, 1.1])[:, None, None]
    colours = (dark + tone * (light - dark)) * along * np.ones((1, _AROUND, 1))
    triangles = []
    for ring in range(_RINGS - 1):
        for step in range(_AROUND - 1):
            a, b = ring * _AROUND + step, ring * _AROUND + step + 1
            c, d = a + _AROUND, b + _AROUND
            triangles += [(a, c, b), (b, c, d)]
    faces = np.array(triangles)
    facing = vertex_normals(positions, faces)
    if (facing * (positions - spine.repeat(_AROUND, 0))).sum() < 0:
        faces = faces[:, ::-1]
    around = np.linspace(0, 0.35, _AROUND) + rng.random()
    uv = np.column_stack(
        [np.tile(around, _RINGS), (shares * rng.uniform(0.8, 1.2)).repeat(_AROUND)]
    )
    return positions, colours.reshape(-1, 3), uv, faces


def _cap(skull: _Skull) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Build the surface that is visible between the locks: positions, colours, uv, triangles."""
    rows, columns = 28, 60
    azimuth = np.linspace(-np.pi, np.pi, columns, endpoint=False)
    heights = []
    for turn in azimuth:
        level = np.linspace(-np.pi / 2, np.pi / 2, 400)
        ring = np.column_stack(
            [np.cos(level) * np.sin(turn), np.sin(level), np.cos(level) * np.cos(turn)]
        )
        heights.append(level[np.argmax(skull.hairline(ring) > 0)])
    share = np.linspace(0, 1, rows)[:, None]
    level = np.array(heights) * (1 - share) + np.pi / 2 * share
    direction = np.stack(
        [np.cos(level) * np.sin(azimuth), np.sin(level), np.cos(level) * np.cos(azimuth)], axis=-1
    ).reshape(-1, 3)
    thick = np.clip(skull.hairline(direction) / 0.06, 0, 1) * (_volume(direction, skull) - 0.002)
    positions = skull.centre + direction * (skull.radius(direction) - 0.002 + thick)[:, None]
    triangles = []
    for row in range(rows - 1):
        for column in range(columns):
            after = (column + 1) % columns
            a, b = row * columns + column, row * columns + after
            triangles += [(a, b, b + columns), (a, b + columns, a + columns)]
    colours = np.tile(figure.linear(figure.HAIR) * 0.6, (len(positions), 1))
    uv = np.column_stack([np.tile(azimuth * 3, rows), np.zeros(len(positions))])
    return positions, colours, uv, np.array(triangles)
