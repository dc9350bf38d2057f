"""Ambient occlusion: soft shade baked into the colours of the vertices."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from avatar.gltf import Part
from avatar.surface import smoothed

_CELL_M = 0.004
_BIAS_M = 0.006
_DIRECTIONS = 96


def shaded(parts: Sequence[Part], depth: dict[str, float]) -> list[Part]:
    """Return the parts with the shade of the T-pose in their colours.

    Args:
        parts: All parts of the figure; those without colours count as white.
        depth: Darkness by material where no sky is visible, 0 (no shade) to 1 (black).
    """
    points = np.concatenate([_scattered(part.positions[part.triangles]) for part in parts])
    places = np.concatenate([part.positions for part in parts])
    open_ = _openness(places, np.concatenate([part.normals for part in parts]), points)
    ends = np.cumsum([len(part.positions) for part in parts])[:-1]
    result = []
    for part, share in zip(parts, np.split(open_[:, None], ends), strict=True):
        share = smoothed(share, part.triangles, 3)
        colours = np.ones_like(part.positions) if part.colours is None else part.colours
        result.append(replace(part, colours=colours * (1 - depth[part.material] * (1 - share))))
    return result


def _scattered(corners: np.ndarray) -> np.ndarray:
    """Return points (P, 3) on triangles (T, 3, 3), at least one in each cell that one covers."""
    area = (
        np.linalg.norm(
            np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
        )
        / 2
    )
    count = np.ceil(1.5 * area / _CELL_M**2).astype(int) + 1
    triangle = np.repeat(np.arange(len(corners)), count)
    number = np.arange(len(triangle)) - np.repeat(np.cumsum(count) - count, count)
    # Roberts' sequence, folded into the triangle.
    share = (0.5 + number[:, None] * (0.7548776662466927, 0.5698402909980532)) % 1
    share = np.where(share.sum(axis=1, keepdims=True) > 1, 1 - share, share)
    a, b, c = (corners[triangle, corner] for corner in range(3))
    return a + share[:, :1] * (b - a) + share[:, 1:] * (c - a)


def _openness(positions: np.ndarray, normals: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the visible share (V,) of the half sphere over each vertex, weighted by the cosine.

    The points are drawn into a depth map of small cells from each of many directions. A vertex is
    hidden where the map is nearer than the vertex by more than a bias.

    Args:
        positions: (V, 3) metres.
        normals: (V, 3).
        points: (P, 3) of all surfaces, dense enough for the cells.
    """
    seen, total = np.zeros(len(positions)), np.zeros(len(positions))
    for direction in _sphere(_DIRECTIONS):
        helper = np.eye(3)[np.argmin(np.abs(direction))]
        right = np.cross(direction, helper)
        right /= np.linalg.norm(right)
        plane = np.column_stack([right, np.cross(direction, right)])
        cells, depth = points @ plane / _CELL_M, points @ direction
        low = np.floor(cells.min(axis=0)).astype(int) - 2
        size = np.ceil(cells.max(axis=0)).astype(int) - low + 4
        nearest = np.full(size[0] * size[1], -np.inf)
        np.maximum.at(nearest, (np.round(cells).astype(int) - low) @ (size[1], 1), depth)
        at = np.round(positions @ plane / _CELL_M).astype(int) - low
        visible = nearest[at @ (size[1], 1)] < positions @ direction + _BIAS_M
        cosine = np.maximum(normals @ direction, 0)
        seen += cosine * visible
        total += cosine
    return seen / np.maximum(total, 1e-9)


def _sphere(count: int) -> np.ndarray:
    """Return unit vectors (count, 3) spread evenly over the sky and somewhat below the horizon."""
    index = np.arange(count) + 0.5
    height = 1 - 1.6 * index / count
    turn = np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(1 - height * height)
    return np.column_stack([ring * np.cos(turn), height, ring * np.sin(turn)])
