"""Operations on polygon surfaces: normals, subdivision, clipping, attachment."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree


def triangulated(quads: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return (Q, 4) quads as (2 Q, 3) triangles, cut along the shorter diagonal: no slivers."""
    a, b, c, d = (positions[quads[:, corner]] for corner in range(4))
    other = np.linalg.norm(a - c, axis=1) > np.linalg.norm(b - d, axis=1)
    quads = np.where(other[:, None], np.roll(quads, -1, axis=1), quads)
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def vertex_normals(positions: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return (V, 3) unit normals, each the mean of its triangles' normals by area."""
    a, b, c = (positions[triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.zeros_like(positions)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    return unit(normals)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale vectors to length 1; zero vectors stay zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 1e-12, length, 1)


def compact(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices in use, and the triangles renumbered to them."""
    used, renumbered = np.unique(triangles, return_inverse=True)
    return used, renumbered.reshape(triangles.shape)


def subdivision(quads: np.ndarray, count: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Subdivide a surface once by the method of Catmull and Clark.

    Args:
        quads: (Q, 4) vertex indices.
        count: V; every vertex must be in use.

    Returns:
        The (V', V) matrix that maps values at the old vertices to the new ones, and (4 Q, 4) quads.
        Border edges become cubic splines.
    """
    corners = quads.reshape(-1)
    following = np.roll(quads, -1, axis=1).reshape(-1)
    faces = np.repeat(np.arange(len(quads)), 4)
    edges, edge_of = np.unique(
        np.sort(np.c_[corners, following], axis=1), axis=0, return_inverse=True
    )
    edge_of = edge_of.reshape(-1)
    border = np.bincount(edge_of, minlength=len(edges)) == 1
    face_points = sparse.csr_matrix(
        (np.full(len(corners), 0.25), (faces, corners)), (len(quads), count)
    )
    ends = sparse.csr_matrix(
        (np.full(edges.size, 0.5), (np.repeat(np.arange(len(edges)), 2), edges.reshape(-1))),
        (len(edges), count),
    )
    around = sparse.csr_matrix(
        (np.full(len(corners), 0.5), (edge_of, faces)), (len(edges), len(quads))
    )
    inner = sparse.diags((~border).astype(float))
    edge_points = (
        inner @ (0.5 * ends + 0.5 * around @ face_points)
        + sparse.diags(border.astype(float)) @ ends
    )
    touched = sparse.csr_matrix((np.ones(len(corners)), (corners, faces)), (count, len(quads)))
    face_mean = sparse.diags(1 / np.asarray(touched.sum(axis=1)).ravel()) @ touched @ face_points
    vertex_points = _vertex_points(edges, border, face_mean, ends)

    matrix = sparse.vstack([vertex_points, edge_points, face_points]).tocsr()
    edge_index = count + edge_of.reshape(-1, 4)
    face_index = count + len(edges) + np.arange(len(quads))
    new = [
        np.c_[quads[:, corner], edge_index[:, corner], face_index, edge_index[:, corner - 1]]
        for corner in range(4)
    ]
    return matrix, np.concatenate(new)


def _vertex_points(
    edges: np.ndarray, border: np.ndarray, face_mean: sparse.csr_matrix, ends: sparse.csr_matrix
) -> sparse.csr_matrix:
    """Return the matrix to the new places of the old vertices.

    Args:
        edges: (E, 2) vertex indices.
        border: (E,) True where an edge belongs to one face only.
        face_mean: (V, V) matrix to the mean of the face points around each vertex.
        ends: (E, V) matrix to the middle of each edge.
    """
    count = face_mean.shape[0]
    valence = np.bincount(edges.reshape(-1), minlength=count).astype(float)
    incident = sparse.csr_matrix(
        (np.ones(edges.size), (edges.reshape(-1), np.repeat(np.arange(len(edges)), 2))),
        (count, len(edges)),
    )
    edge_mean = sparse.diags(1 / valence) @ incident @ ends
    smooth = sparse.diags(1 / valence) @ (face_mean + 2 * edge_mean) + sparse.diags(
        (valence - 3) / valence
    )
    on_border = np.zeros(count, bool)
    on_border[edges[border].reshape(-1)] = True
    border_edges = incident @ sparse.diags(border.astype(float)) @ ends
    creased = 0.5 * sparse.identity(count) + 0.25 * border_edges
    return (
        sparse.diags((~on_border).astype(float)) @ smooth
        + sparse.diags(on_border.astype(float)) @ creased
    )


def smoothed(
    positions: np.ndarray, triangles: np.ndarray, steps: int, share: np.ndarray | float = 0.5
) -> np.ndarray:
    """Move positions `steps` times by `share` towards the mean of their neighbours."""
    mean = neighbour_mean(triangles, len(positions))
    share = np.asarray(share).reshape(-1, 1)
    for _ in range(steps):
        positions = positions + share * (mean @ positions - positions)
    return positions


def neighbour_mean(triangles: np.ndarray, count: int) -> sparse.csr_matrix:
    """Return the (V, V) matrix that maps values to their means over each vertex's neighbours."""
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    links = sparse.csr_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    return sparse.diags(1 / np.maximum(np.asarray(links.sum(axis=1)).ravel(), 1)) @ links


def clipped(triangles: np.ndarray, field: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Keep the part of a surface where a field is positive, cut along its zero line.

    Args:
        triangles: (T, 3).
        field: (V,) values at the vertices.

    Returns:
        The (V', V) matrix that maps values at the old vertices to the new ones, and (T', 3)
        triangles. A new vertex is a mix of at most two old ones.
    """
    field = np.where(np.abs(field) < 1e-9, 1e-9, field)
    cuts: dict[tuple[int, int], int] = {}
    rows: list[tuple[int, int, float]] = []
    kept: list[tuple[int, int, int]] = []
    count = len(field)

    def cut(inside: int, outside: int) -> int:
        key = (inside, outside)
        if key not in cuts:
            cuts[key] = count + len(rows)
            rows.append((inside, outside, field[inside] / (field[inside] - field[outside])))
        return cuts[key]

    for triangle in triangles:
        inside = field[triangle] > 0
        total = int(inside.sum())
        if total == 3:
            kept.append(tuple(triangle))
        elif total == 1:
            first = int(np.argmax(inside))
            a, b, c = (int(triangle[(first + turn) % 3]) for turn in range(3))
            kept.append((a, cut(a, b), cut(a, c)))
        elif total == 2:
            out = int(np.argmin(inside))
            a, b, c = (int(triangle[(out + turn) % 3]) for turn in range(3))
            kept.append((cut(b, a), b, c))
            kept.append((cut(b, a), c, cut(c, a)))
    mixes = sparse.lil_matrix((count + len(rows), count))
    mixes[np.arange(count), np.arange(count)] = 1
    for offset, (inside, outside, share) in enumerate(rows):
        mixes[count + offset, inside] = 1 - share
        mixes[count + offset, outside] = share
    used, renumbered = compact(np.array(kept))
    return mixes.tocsr()[used], renumbered


def border_loops(triangles: np.ndarray) -> list[np.ndarray]:
    """Return the closed borders of a surface as vertex indices in the triangles' direction."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    present = {(int(a), int(b)) for a, b in edges}
    following = {a: b for a, b in sorted(present) if (b, a) not in present}
    loops = []
    while following:
        start = min(following)
        loop = [start]
        step = following.pop(start)
        while step != start and step in following:
            loop.append(step)
            step = following.pop(step)
        loops.append(np.array(loop))
    return loops


@dataclass(frozen=True, eq=False)
class Attachment:
    """Points tied to a surface: where it goes, they go.

    Attributes:
        corners: (P, 3) vertex indices of the triangle of each point.
        shares: (P, 3) barycentric coordinates.
    """

    corners: np.ndarray
    shares: np.ndarray

    def carry(self, values: np.ndarray) -> np.ndarray:
        """(P, k) of values (V, k) at the surface's vertices."""
        return np.einsum('pc,pck->pk', self.shares, values[self.corners])


def attach(points: np.ndarray, positions: np.ndarray, triangles: np.ndarray) -> Attachment:
    """Ties points (P, 3) to the nearest places of a surface."""
    tree = cKDTree(positions[triangles].mean(axis=1))
    _, candidates = tree.query(points, k=min(24, len(triangles)))
    chosen = triangles[candidates]
    shares = _nearest(points[:, None], *(positions[chosen[:, :, corner]] for corner in range(3)))
    places = np.einsum('pkc,pkcd->pkd', shares, positions[chosen])
    best = np.argmin(np.linalg.norm(places - points[:, None], axis=-1), axis=1)
    rows = np.arange(len(points))
    return Attachment(chosen[rows, best], shares[rows, best])


def _nearest(p: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Barycentric coordinates (..., 3) of the points of triangles nearest to p."""
    ab, ac, ap = b - a, c - a, p - a
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    scale = np.maximum(d00 * d11 - d01 * d01, 1e-18)
    v = (d11 * d20 - d01 * d21) / scale
    w = (d00 * d21 - d01 * d20) / scale
    inside = (v >= 0) & (w >= 0) & (v + w <= 1)
    options = [np.stack([1 - v - w, v, w], -1)]
    gaps = [np.where(inside, 0.0, np.inf)]
    for first, second in ((0, 1), (1, 2), (2, 0)):
        start, end = (a, b, c)[first], (a, b, c)[second]
        along = end - start
        share = ((p - start) * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-18)
        share = np.clip(share, 0, 1)
        coordinates = np.zeros((*share.shape, 3))
        coordinates[..., first], coordinates[..., second] = 1 - share, share
        options.append(coordinates)
        gaps.append(np.linalg.norm(start + share[..., None] * along - p, axis=-1))
    best = np.argmin(np.stack(gaps), axis=0)
    return np.take_along_axis(np.stack(options), best[None, ..., None], axis=0)[0]
