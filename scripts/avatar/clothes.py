"""A crew-neck pullover and trousers, from the base mesh's tights."""

from dataclasses import dataclass

import numpy as np

from avatar import figure
from avatar.body import Body
from avatar.gltf import Part
from avatar.surface import (
    border_loops,
    clipped,
    compact,
    smoothed,
    subdivision,
    triangulated,
    unit,
    vertex_normals,
)

_TILE_M = 0.05
"""Metres of cloth that the height of the cloth's image covers."""
_HEM_M, _WAIST_M, _LEGS_END_M = 0.865, 0.90, 0.60
"""Metres above the ground: the pullover's hem, and the upper and lower ends of the trousers."""
_CUFF = 0.84
"""Share of the forearm at which the sleeve's cloth ends."""


@dataclass(frozen=True, eq=False)
class Cut:
    """The ends of the pullover on a body.

    Attributes:
        neck: (3,) point on the plane of the neckline.
        up: (3,) unit normal of this plane, upwards.
        shoulders: (2, 3) left, right.
        elbows: (2, 3).
        wrists: (2, 3).
    """

    neck: np.ndarray
    up: np.ndarray
    shoulders: np.ndarray
    elbows: np.ndarray
    wrists: np.ndarray

    def above_neckline(self, places: np.ndarray) -> np.ndarray:
        """Return the heights (V,) above the neckline's plane, metres."""
        return (places - self.neck) @ self.up

    def along_forearm(self, places: np.ndarray) -> np.ndarray:
        """Return shares (V,) of the way from elbow to wrist; -1 away from forearms and hands."""
        along = np.full(len(places), -1.0)
        for elbow, wrist, sign in zip(self.elbows, self.wrists, (1, -1), strict=True):
            bone = wrist - elbow
            share = (places - elbow) @ bone / (bone @ bone)
            ours = (places[:, 0] * sign > 0.3) & (np.linalg.norm(places - wrist, axis=1) < 0.3)
            along = np.where(ours, share, along)
        return along

    def uncovered(self, places: np.ndarray) -> np.ndarray:
        """Return (V,) True where the skin can be seen, with a margin under the cloth."""
        return (self.above_neckline(places) > -0.06) | (self.along_forearm(places) > _CUFF - 0.12)


def cut_of(body: Body) -> Cut:
    """Return the pullover's ends on this body."""
    names = body.rig.names

    def joint(name: str) -> np.ndarray:
        return body.rig.modelled[names.index(name)]

    up = unit(np.array([0.0, 0.95, 0.31]))
    return Cut(
        joint('Neck') + (0, 0.006, 0),
        up,
        np.array([joint('LeftArm'), joint('RightArm')]),
        np.array([joint('LeftForeArm'), joint('RightForeArm')]),
        np.array([joint('LeftHand'), joint('RightHand')]),
    )


def clothes_parts(body: Body, cut: Cut) -> list[Part]:
    """Build a pullover with rib collar, cuffs and hem, and trousers to the thighs."""
    quads = body.mesh.quads['helper-tights']
    used, quads = compact(quads)
    positions, weights = body.mesh.positions[used], body.weights[used]
    matrix, quads = subdivision(quads, len(positions))
    positions, weights = matrix @ positions, matrix @ weights
    trousers = _trousers(body, positions, weights, triangulated(quads, positions))
    matrix, quads = subdivision(quads, len(positions))
    positions, weights = matrix @ positions, matrix @ weights
    return [*_pullover(body, cut, positions, weights, triangulated(quads, positions)), trousers]


def _pullover(
    body: Body, cut: Cut, positions: np.ndarray, weights: np.ndarray, triangles: np.ndarray
) -> list[Part]:
    near = cut.along_forearm(positions)
    snug = np.minimum(-cut.above_neckline(positions), (_CUFF - near) * 0.25)
    field = np.minimum(snug, positions[:, 1] - _HEM_M)
    # Only what hangs on the body: the smoothing below takes no part of the legs with it.
    keep = (positions[triangles][:, :, 1] > _HEM_M - 0.08).any(axis=1)
    used, triangles = compact(triangles[keep])
    positions, weights, near = positions[used], weights[used], near[used]
    field, snug = field[used], snug[used]
    sleeve = np.clip((near + 0.3) / 0.6, 0, 1)
    ease = 0.009 - 0.004 * sleeve
    # Blousing over the hem, close at the neck and the cuffs.
    ease = ease + 0.006 * np.exp(-(((positions[:, 1] - _HEM_M - 0.07) / 0.06) ** 2)) * (near < 0)
    ease = 0.002 + (ease - 0.002) * np.clip(snug / 0.03, 0, 1)
    ease = ease + _folds(positions, near, field)
    normals = vertex_normals(smoothed(positions, triangles, 12), triangles)
    positions = smoothed(positions, triangles, 10, 0.5 * np.clip(field / 0.02, 0, 1))
    # Cloth bridges hollows: the lower back and the seat most.
    low = np.clip((1.04 - positions[:, 1]) / 0.1, 0, 1) * (near < 0)
    taut = smoothed(positions, triangles, 80, 0.5 * low)
    inside = np.maximum(((positions - taut) * normals).sum(axis=1), 0)
    positions = smoothed(taut + inside[:, None] * normals, triangles, 24, 0.5 * low)
    positions = positions + normals * ease[:, None]
    # Cut level, where the cloth now is.
    matrix, triangles = clipped(triangles, np.minimum(snug, positions[:, 1] - _HEM_M))
    positions, weights = matrix @ positions, matrix @ weights
    normals = vertex_normals(positions, triangles)
    colour = figure.linear(figure.TOP)
    arms = [i for i, name in enumerate(body.rig.names) if 'Arm' in name or 'Hand' in name]
    rows, uv, faces = _knitted(cut, positions, weights[:, arms].sum(axis=1), triangles)
    parts = [
        body.part(
            'top', 'top', positions[rows], normals[rows], faces, weights[rows],
            np.tile(colour, (len(rows), 1)), uv,
        )
    ]  # fmt: skip
    return [*parts, _ribs(body, cut, positions, normals, weights, border_loops(triangles))]


def _ribs(
    body: Body,
    cut: Cut,
    positions: np.ndarray,
    normals: np.ndarray,
    weights: np.ndarray,
    loops: list[np.ndarray],
) -> Part:
    """Build collar, cuffs and hem along the borders of the pullover's cloth."""
    places, facing, shares, faces, uv, total = [], [], [], [], [], 0
    for loop in loops:
        centre = positions[loop].mean(axis=0)
        if abs(centre[0]) > 0.2:
            side = 0 if centre[0] > 0 else 1
            along, height, thick = unit(cut.wrists[side] - cut.elbows[side]), 0.05, 0.0022
        elif centre[1] > 1.2:
            along, height, thick = cut.up, 0.021, 0.0045
        else:
            along, height, thick = np.array([0.0, -1.0, 0.0]), 0.05, 0.003
        band, held, triangles, image = _band(
            positions[loop], normals[loop], weights[loop], along, height, thick
        )
        places.append(band)
        facing.append(vertex_normals(band, triangles))
        shares.append(held)
        faces.append(triangles + total)
        uv.append(image)
        total += len(band)
    return body.part(
        'rib', 'rib', np.concatenate(places), np.concatenate(facing), np.concatenate(faces),
        np.concatenate(shares), np.tile(figure.linear(figure.TOP) * 0.8, (total, 1)),
        np.concatenate(uv),
    )  # fmt: skip


def _knitted(
    cut: Cut, positions: np.ndarray, on_arm: np.ndarray, triangles: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Map the cloth's image onto trunk and sleeves, each taken as a cylinder.

    Args:
        cut: The pullover's ends.
        positions: (V, 3) metres.
        on_arm: (V,) share of each vertex's weights that belongs to the arms' joints.
        triangles: (T, 3).

    Returns:
        Which vertex each new one was (a seam doubles its vertices), their uv, the triangles.
    """
    middle = positions[triangles].mean(axis=1)
    sleeve = np.where(on_arm[triangles].mean(axis=1) > 0.5, np.where(middle[:, 0] > 0, 1, 2), 0)
    uv = np.zeros((len(triangles), 3, 2))
    for region in range(3):
        ours = sleeve == region
        places = positions[triangles[ours]]
        if region == 0:
            turn = np.arctan2(places[..., 0], places[..., 2] - 0.02)
            # Over the shoulders the rows go on outwards.
            length = places[..., 1] - np.hypot(places[..., 0], places[..., 2] - 0.02)
            repeats = 20
        else:
            start = cut.shoulders[region - 1]
            axis = unit(cut.elbows[region - 1] - start)
            side = unit(np.cross(axis, (0.0, 0.0, 1.0)))
            away = places - start
            turn = np.arctan2(away @ side, away @ np.cross(side, axis))
            length, repeats = -(away @ axis), 7
        # A triangle across the back's seam goes on past half a turn.
        turn = turn + 2 * np.pi * (np.ptp(turn, axis=1, keepdims=True) > np.pi) * (turn < 0)
        uv[ours] = np.stack([turn / (2 * np.pi) * repeats, length / _TILE_M], axis=-1)
    keys = np.c_[triangles.reshape(-1), np.round(uv.reshape(-1, 2) * 1e4).astype(int)]
    found, first, renumbered = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return found[:, 0], uv.reshape(-1, 2)[first], renumbered.reshape(triangles.shape)


def _folds(positions: np.ndarray, near: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Return heights (V,) of soft folds at elbows, wrists and hem, metres."""
    x, y, z = positions.T
    across = 2.3 * np.sin(23 * z + 9 * np.abs(x)) + 1.2 * np.sin(31 * x + 2)
    elbow = np.exp(-((near / 0.22) ** 2)) * np.sin(2 * np.pi * near / 0.17 + across)
    wrist = np.exp(-(((near - 0.74) / 0.16) ** 2)) * np.sin(2 * np.pi * near / 0.12 + across)
    trunk = np.exp(-(((y - _HEM_M - 0.11) / 0.09) ** 2)) * (near < -0.5)
    trunk = trunk * np.sin(2 * np.pi * y / 0.055 + 3 * np.sin(9 * x + 1) + 2 * np.sin(13 * z))
    calm = np.clip(field / 0.02, 0, 1)
    return calm * (0.0016 * elbow + 0.0014 * wrist + 0.0010 * trunk)


def _band(
    edge: np.ndarray,
    normals: np.ndarray,
    weights: np.ndarray,
    along: np.ndarray,
    height: float,
    thick: float,
    count: int = 96,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a closed band of cloth from an edge on: positions, weights, triangles, uv."""
    closed = np.r_[np.arange(len(edge)), 0]
    steps = np.linalg.norm(np.diff(edge[closed], axis=0), axis=1)
    place = np.r_[0, np.cumsum(steps)]
    wanted = np.linspace(0, place[-1], count, endpoint=False)

    def resampled(values: np.ndarray) -> np.ndarray:
        return np.column_stack([np.interp(wanted, place, column) for column in values[closed].T])

    edge, weights = resampled(edge), resampled(weights)
    normals = resampled(normals)
    for _ in range(6):
        normals = (np.roll(normals, 1, 0) + 2 * normals + np.roll(normals, -1, 0)) / 4
        edge = (np.roll(edge, 1, 0) + 2 * edge + np.roll(edge, -1, 0)) / 4
    normals = unit(normals)
    onward = unit(along - (normals @ along)[:, None] * normals)
    profile = [
        (-0.08, -0.4), (-0.05, 0.6), (0.06, 1.0), (0.5, 1.0), (0.85, 0.95), (1.0, 0.3),
        (0.96, -0.4), (0.7, -0.8), (-0.05, -0.8),
    ]  # fmt: skip
    rings = [edge + onward * (u * height) + normals * (v * thick) for u, v in profile]
    triangles = []
    step = np.arange(count)
    after = (step + 1) % count
    for ring in range(len(profile) - 1):
        low, high = ring * count, (ring + 1) * count
        triangles.append(np.c_[low + step, low + after, high + after])
        triangles.append(np.c_[low + step, high + after, high + step])
    positions, triangles = np.concatenate(rings), np.concatenate(triangles)
    facing = vertex_normals(positions, triangles)[2 * count : 3 * count]
    if (facing * normals).sum() < 0:
        triangles = triangles[:, ::-1]
    # Rib by rib round the band; its last column meets the first at a whole number of images.
    around = (
        np.where(step < count / 2, step, count - step) / count * 2 * round(place[-1] / 0.028 / 2)
    )
    uv = np.column_stack(
        [np.tile(around, len(profile)), np.repeat(np.arange(len(profile)) / 4, count)]
    )
    return positions, np.tile(weights, (len(profile), 1)), triangles, uv


def _trousers(
    body: Body, positions: np.ndarray, weights: np.ndarray, triangles: np.ndarray
) -> Part:
    body_only = np.abs(positions[:, 0]) < 0.27
    field = np.minimum(positions[:, 1] - _LEGS_END_M, _WAIST_M - positions[:, 1])
    field = np.where(body_only, field, -1)
    normals = vertex_normals(positions, triangles)
    # Close to the body, and well inside the pullover where that hangs over them.
    inside = np.clip((positions[:, 1] - _HEM_M + 0.06) / 0.05, 0, 1)[:, None]
    positions = positions + (0.003 - 0.015 * inside) * normals
    matrix, triangles = clipped(triangles, field)
    positions, weights = matrix @ positions, matrix @ weights
    colour = figure.linear(figure.TROUSERS)
    return body.part(
        'trousers', 'trousers', positions, vertex_normals(positions, triangles), triangles, weights,
        np.tile(colour, (len(positions), 1)),
    )  # fmt: skip
