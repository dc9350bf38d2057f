"""Lashes and brows: short tapered hairs that move with the lids and the forehead."""

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from avatar import figure
from avatar.body import ARKIT_52, Body, eyeball
from avatar.gltf import Part
from avatar.surface import attach, unit

_STEPS = 3


class _Hairs:
    """Ribbons of points, each a mix of the base mesh's vertices plus an offset."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.mixes: list[sparse.csr_matrix] = []
        self.offsets: list[np.ndarray] = []
        self.triangles: list[np.ndarray] = []
        self.total = 0

    def strip(self, mix: sparse.csr_matrix, offsets: np.ndarray) -> None:
        """Add a ribbon of points in pairs, left and right."""
        pairs = mix.shape[0] // 2
        low = self.total + 2 * np.arange(pairs - 1)
        self.triangles += [np.c_[low, low + 1, low + 3], np.c_[low, low + 3, low + 2]]
        self.mixes.append(mix)
        self.offsets.append(offsets)
        self.total += 2 * pairs

    def part(self, body: Body, name: str, colour: str, towards: np.ndarray) -> Part:
        """Return the part; its hairs are lit as if they faced along `towards` (P, 3)."""
        mix = sparse.vstack(self.mixes).tocsr()
        positions = mix @ body.mesh.positions + np.concatenate(self.offsets)
        weights = np.zeros((self.total, body.weights.shape[1]))
        weights[:, body.rig.names.index('Head')] = 1
        rng = np.random.default_rng(3)
        tone = 1 + 0.25 * (rng.random(self.total // 2).repeat(2)[:, None] - 0.5)
        return body.part(
            name, name, positions, unit(towards), np.concatenate(self.triangles), weights,
            figure.linear(colour) * tone, None,
            {key: (mix @ body.units[key], None) for key in ARKIT_52},
        )  # fmt: skip


def lash_part(body: Body) -> Part:
    """Build lashes and a dark line along the edges of the lids.

    They follow the base mesh's lash surfaces. Such a surface is a grid: its second row lies on the
    edge of the lid, its last row at the tips.
    """
    mesh = body.mesh
    hairs = _Hairs(len(mesh.positions))
    facing = []
    for letter in 'lr':
        for group, count, reach, width, line in (
            (f'helper-{letter}-eyelashes-2', 64, 2.8, 0.0011, 0.85),
            (f'helper-{letter}-eyelashes-1', 36, 1.1, 0.0005, 0.25),
        ):
            rows = _grid(mesh.quads[group])
            columns = np.linspace(0, rows.shape[1] - 1, 3 * rows.shape[1])
            edge = _mixed(rows, np.full(len(columns), 0.8), columns, hairs.count)
            rim = _mixed(rows, np.full(len(columns), 0.8 + line), columns, hairs.count)
            both = sparse.vstack([edge, rim]).tocsr()
            order = np.arange(2 * len(columns)).reshape(2, -1).T.reshape(-1)
            hairs.strip(both[order], np.zeros((len(order), 3)))
            for number in range(count):
                place = (number + 0.5) / count
                column = place * (rows.shape[1] - 1)
                # Shorter at the ends of the lid, and not all of one length.
                length = reach * (0.55 + 0.45 * np.sin(np.pi * place)) * (1 - 0.2 * (number % 3))
                along = np.linspace(0, 1, _STEPS + 1)
                mix = _mixed(rows, 1 + length * along, np.full(_STEPS + 1, column), hairs.count)
                ends = _mixed(
                    rows, np.array([1.0, 1.0]), column + np.array([-0.3, 0.3]), hairs.count
                )
                first, last = ends @ mesh.positions
                side = unit(last - first) * width / 2 * (1 - along**1.5)[:, None]
                hairs.strip(mix[np.arange(_STEPS + 1).repeat(2)], _both_sides(side))
            facing.append(hairs.total)
    mix = sparse.vstack(hairs.mixes).tocsr()
    centre = np.zeros((hairs.total, 3))
    middle = facing[1]
    centre[:middle] = mesh.centre('helper-l-eye')
    centre[middle:] = mesh.centre('helper-r-eye')
    return hairs.part(body, 'lashes', figure.LASHES, mix @ mesh.positions - centre)


def brow_part(body: Body) -> Part:
    """Build brows of many hairs, upright at their inner ends, flat at the outer ones."""
    mesh = body.mesh
    rng = np.random.default_rng(11)
    hairs = _Hairs(len(mesh.positions))
    # The forehead alone: neither the folds behind the lids nor the sockets.
    eyes = mesh.centre('helper-l-eye')
    centres = mesh.positions[body.skin].mean(axis=1)
    outside = (centres[:, 1] > eyes[1] + 0.0135) & (centres[:, 2] > eyes[2] - 0.02)
    outside &= body.normals[body.skin].mean(axis=1)[:, 2] > 0.1
    for letter in 'lr':
        middle, radii = eyeball(mesh, letter)
        outside &= np.linalg.norm((centres - middle) / radii, axis=1) > 1.4
    forehead = body.skin[outside]
    front = np.unique(forehead)
    tree = cKDTree(mesh.positions[front, :2])
    facing = []
    shared = [
        (place, across, rng.uniform(0.8, 1.2), rng.normal(0, 6))
        for place in np.linspace(0, 0.97, 52)
        for across in (-0.8, -0.3, 0.2, 0.7)
    ]
    for letter, sign in (('l', 1), ('r', -1)):
        eye = mesh.centre(f'helper-{letter}-eye')
        for place, across, size, tilt in shared:
            base = _brow_curve(place) + (0, across * _brow_half(place))
            angle = np.deg2rad(
                np.interp(place, [0, 0.15, 0.5, 1], [72, 48, 22, -22]) + tilt - 10 * across
            )
            length = size * np.interp(place, [0, 0.5, 1], [0.0062, 0.0085, 0.006])
            along = np.linspace(0, 1, _STEPS + 1)
            flat = base + length * along[:, None] * (np.cos(angle), np.sin(angle))
            points = eye[:2] + flat * (sign, 1)
            near = tree.query(points, k=3)[1]
            depth = mesh.positions[front[near], 2].mean(axis=1)
            tied = attach(np.c_[points, depth], mesh.positions, forehead)
            mix = sparse.csr_matrix(
                (
                    tied.shares.reshape(-1),
                    (np.arange(_STEPS + 1).repeat(3), tied.corners.reshape(-1)),
                ),
                (_STEPS + 1, hairs.count),
            )
            normal = unit(tied.carry(body.normals))
            # Both sides wind alike, so that none is lit from behind.
            side = np.array([-np.sin(angle), sign * np.cos(angle), 0])
            width = 0.0013 * np.minimum(1, 1.4 * (1 - along))[:, None] / 2
            lift = 0.0006 + 0.0007 * np.sin(np.pi * along)[:, None]
            hairs.strip(
                mix[np.arange(_STEPS + 1).repeat(2)],
                (normal * lift).repeat(2, axis=0) + _both_sides(side * width),
            )
            facing.append(normal.repeat(2, axis=0))
    return hairs.part(body, 'brows', figure.BROWS, np.concatenate(facing))


def _brow_curve(place: float) -> np.ndarray:
    """Return a point of the brow's middle line relative to the eye's centre, metres.

    Args:
        place: 0 at the inner end to 1 at the outer end.
    """
    return np.array(
        [
            np.interp(place, [0, 1], [-0.0155, 0.0245]),
            np.interp(place, [0, 0.3, 0.62, 0.8, 1], [0.0195, 0.0225, 0.0248, 0.0238, 0.0195]),
        ]
    )


def _brow_half(place: float) -> float:
    """Return half of the brow's height, metres."""
    return float(np.interp(place, [0, 0.12, 0.5, 1], [0.0022, 0.0030, 0.0024, 0.0006]))


def _both_sides(side: np.ndarray) -> np.ndarray:
    return np.stack([-side, side], axis=1).reshape(-1, 3)


def _mixed(rows: np.ndarray, down: np.ndarray, along: np.ndarray, count: int) -> sparse.csr_matrix:
    """Return the (P, count) matrix to places in a grid of vertices, given by row and column."""
    down = np.clip(down, 0, rows.shape[0] - 1)
    along = np.clip(along, 0, rows.shape[1] - 1)
    top = np.minimum(down.astype(int), rows.shape[0] - 2)
    left = np.minimum(along.astype(int), rows.shape[1] - 2)
    v, u = down - top, along - left
    corners = np.stack([rows[top + i, left + j] for i in (0, 1) for j in (0, 1)], axis=1)
    shares = np.stack([(1 - v) * (1 - u), (1 - v) * u, v * (1 - u), v * u], axis=1)
    points = np.arange(len(down)).repeat(4)
    return sparse.csr_matrix(
        (shares.reshape(-1), (points, corners.reshape(-1))), (len(down), count)
    )


def _grid(quads: np.ndarray) -> np.ndarray:
    """Return the vertices (R, C) of a lash surface, its row along the eyeball first.

    The first vertex is the corner with the lowest index, which lies on the eyeball; the first row
    runs along the longer side.
    """
    use = {int(vertex): int((quads == vertex).sum()) for vertex in np.unique(quads)}
    links: dict[int, set[int]] = {vertex: set() for vertex in use}
    for quad in quads:
        for first, second in zip(quad, np.roll(quad, -1), strict=True):
            links[int(first)].add(int(second))
            links[int(second)].add(int(first))
    start = min(vertex for vertex, count in use.items() if count == 1)
    lines = []
    for step in sorted(v for v in links[start] if use[v] <= 2):
        line = [start, step]
        while use[line[-1]] != 1:
            line.append(next(v for v in sorted(links[line[-1]]) if use[v] <= 2 and v not in line))
        lines.append(line)
    row = max(lines, key=len)
    rows, seen = [row], set(row)
    while len(seen) < len(use):
        following = []
        for vertex in rows[-1]:
            following.append(next(v for v in sorted(links[vertex]) if v not in seen))
        rows.append(following)
        seen.update(following)
    return np.array(rows)
