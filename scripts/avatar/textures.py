"""Small images drawn by formula: eyes, knitted cloth, hair."""

import io

import numpy as np
from PIL import Image

from avatar import figure

_IRIS_DEG = 28.0
"""Degrees from the middle of the iris to its edge, seen from the eyeball's centre."""

_STITCHES = 16
"""Number of stitches on one side of the cloth's square image."""


def eye_texture(size: int = 512) -> bytes:
    """Draw an eyeball seen from its front as a PNG: pupil, iris, white."""
    rng = np.random.default_rng(7)
    row, column = np.mgrid[0:size, 0:size]
    x, y = (column + 0.5) / size * 2 - 1, (row + 0.5) / size * 2 - 1
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    # The image's radius is the angle from the front over a quarter turn.
    iris = _IRIS_DEG / 90
    spokes = np.zeros_like(angle)
    for count in (23, 41, 67, 97):
        spokes += np.cos(count * angle + rng.uniform(0, 2 * np.pi) + 3 * np.sin(5 * angle))
    spokes = spokes / 4
    depth = np.clip(radius / iris, 0, 1)
    inner, outer, rim = (figure.linear(code) for code in (figure.IRIS_INNER, figure.IRIS, '20160f'))
    mixed = _smooth(0.32, 0.62, depth)[..., None]
    colour = inner + mixed * (outer - inner)
    colour = colour * (1 + 0.28 * spokes * np.sin(np.pi * np.clip(depth, 0, 1)))[..., None]
    # Light that falls in from above brightens the lower half.
    colour = colour * (1 + 0.45 * np.clip(y / iris, -1, 1) * (depth < 1))[..., None]
    colour = colour + _smooth(0.8, 1.0, depth)[..., None] * 0.85 * (rim - colour)
    colour = colour * _smooth(0.38, 0.44, depth)[..., None]
    white = figure.linear('f4f0ec') + _smooth(0.5, 1.0, radius)[..., None] * (
        figure.linear('e3bcb0') - figure.linear('f4f0ec')
    )
    colour = colour + _smooth(0.955, 1.03, radius / iris)[..., None] * (white - colour)
    return _png(_encoded(colour))


def cloth_texture(size: int = 256) -> bytes:
    """Draw the brightness of stockinette as a PNG: columns of V-shaped stitches, each different."""
    rng = np.random.default_rng(2)
    yarn = rng.normal(0, 1, (_STITCHES, 2 * _STITCHES))
    row, column = np.mgrid[0:size, 0:size] / size * _STITCHES
    _, leg, down = _stitch(row, column)
    tone = yarn[np.floor(down).astype(int) % _STITCHES, leg]
    shade = 0.86 + 0.05 * tone + 0.10 * (_height(row, column) - 0.5)
    return _png(np.round(np.clip(shade, 0, 1) * 255).astype(np.uint8))


def cloth_normals(size: int = 128) -> bytes:
    """Draw the normals of stockinette as a PNG, with half as many stitches as `cloth_texture`."""
    row, column = np.mgrid[0:size, 0:size] / size * (_STITCHES / 2)
    return _normals(_height(row, column), 1.6)


def rib_normals(size: int = 64) -> bytes:
    """Draw the normals of ribs along v as a PNG, four in the image."""
    _, column = np.mgrid[0:size, 0:size] / size * 4
    return _normals(np.abs(np.sin(np.pi * column)) ** 0.7, 4.0)


def hair_texture(width: int = 256, height: int = 32) -> bytes:
    """Draw the brightness of hair along v as a PNG."""
    rng = np.random.default_rng(9)
    streaks = np.zeros((height, width))
    row, column = np.mgrid[0:height, 0:width].astype(float)
    row, column = row / height, column / width
    for _ in range(60):
        count, slant = int(rng.integers(4, 90)), int(rng.integers(-1, 2))
        wave = np.cos(2 * np.pi * (count * column + slant * row) + rng.uniform(0, 2 * np.pi))
        streaks += wave / count**0.35
    streaks /= np.abs(streaks).max()
    return _png(np.round(np.clip(0.80 + 0.42 * streaks, 0.3, 1) * 255).astype(np.uint8))


def _stitch(row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for places in stitches: distance from a leg's middle, the leg, the way down it."""
    across = (column % 1) * 2
    right = across >= 1
    within = np.where(right, across - 1, across)
    # Both legs fall towards the middle of their stitch.
    down = row - 0.55 * np.where(right, 1 - within, within)
    leg = (2 * np.floor(column).astype(int) + right) % (2 * _STITCHES)
    return within - 0.5, leg, down


def _height(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return the height of the yarn, 0 to 1."""
    across, _, down = _stitch(row, column)
    return np.cos(np.pi * across) ** 0.8 * (0.55 + 0.45 * np.sin(np.pi * (down % 1)))


def _normals(height: np.ndarray, steepness: float) -> bytes:
    """Draw the normals of a repeating surface as a PNG, from its height times a steepness."""
    rise_x = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) * steepness
    rise_y = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) * steepness
    normal = np.stack([-rise_x, rise_y, np.ones_like(height)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return _png(np.round((normal * 0.5 + 0.5) * 255).astype(np.uint8))


def _encoded(linear: np.ndarray) -> np.ndarray:
    """Return linear RGB (H, W, 3) as sRGB bytes."""
    linear = np.clip(linear, 0, 1)
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(coded * 255).astype(np.uint8)


def _png(pixels: np.ndarray) -> bytes:
    """Return bytes (H, W) or (H, W, 3) as a PNG file."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, 'PNG', optimize=True)
    return data.getvalue()


def _smooth(low: float, high: float, values: np.ndarray) -> np.ndarray:
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)
