"""Sketch of a face: brows, eyes and mouth from the weights, turned with the head."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from diffsheg_model.motion.avatar_rig import JAW_JOINT, JAW_OPEN_RAD
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import Array
from diffsheg_model.pictures.curves import BLINK, INK, MOUTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Metres in the head joint's frame: x to the face's left, y up, z forward.
_HEAD_CENTRE = (0.0, 0.05)
_HEAD_SIZE = (0.075, 0.105)
_HEAD_DEPTH = 0.02
_FACE_DEPTH = 0.09
_EYE = (0.028, 0.068)
_EYE_SIZE = (0.011, 0.011)
_EYE_TURN = (0.008, 0.006)
_BROW_HEIGHT = 0.021
_BROW_HALF_WIDTH = 0.017
_BROW_THICKNESS = 0.0022
_MOUTH_Y = 0.005
_MOUTH_HALF_WIDTH = 0.026
_LIP = 0.003
_MOUTH_OPEN = 0.07


def draw_face(axes: 'Axes', motion: Motion, frame: int, head: Array, orientation: Array) -> None:
    """Draw the face of a frame, seen from the front.

    Args:
        axes: matplotlib axes in metres.
        motion: its ARKit weights move the face; a joint jaw opens the mouth too.
        frame: index of the frame.
        head: (3,) position of the head joint.
        orientation: (3, 3) rotation of the head joint.
    """
    weights = dict(zip(motion.weight_names, motion.weights[frame].tolist(), strict=True))

    def weight(*names: str) -> float:
        return float(np.clip(np.mean([weights.get(name, 0.0) for name in names]), 0, 1))

    def stroke(
        x: Array, y: Array, colour: str, depth: float = _FACE_DEPTH, edge: str = 'none'
    ) -> None:
        local = np.stack([x, y, np.full_like(x, depth)], axis=-1)
        seen = head + local @ orientation.T
        axes.fill(
            seen[:, 0],
            seen[:, 1],
            facecolor=colour,
            edgecolor=edge,
            lw=0 if edge == 'none' else 1.4,
            zorder=4 if edge != 'none' else 5,
        )

    around = np.linspace(0, 2 * np.pi, 48)
    stroke(
        _HEAD_CENTRE[0] + _HEAD_SIZE[0] * np.cos(around),
        _HEAD_CENTRE[1] + _HEAD_SIZE[1] * np.sin(around),
        'white',
        _HEAD_DEPTH,
        INK,
    )
    for side, sign in (('Left', 1.0), ('Right', -1.0)):
        out = weight(f'eyeLookOut{side}') - weight(f'eyeLookIn{side}')
        up = weight(f'eyeLookUp{side}') - weight(f'eyeLookDown{side}')
        half_height = 0.0015 + _EYE_SIZE[1] * (1 - weight(f'eyeBlink{side}')) * (
            1 + 0.3 * weight(f'eyeWide{side}') - 0.4 * weight(f'eyeSquint{side}')
        )
        stroke(
            sign * (_EYE[0] + _EYE_TURN[0] * out) + _EYE_SIZE[0] * np.cos(around),
            _EYE[1] + _EYE_TURN[1] * up + half_height * np.sin(around),
            BLINK,
        )
        _draw_brow(stroke, weight, side, sign)
    opening = weight('jawOpen') * (1 - 0.8 * weight('mouthClose'))
    if JAW_JOINT in motion.joint_names:
        jaw_rad = motion.rotations[frame, motion.joint_names.index(JAW_JOINT), 0]
        opening = float(np.clip(jaw_rad / JAW_OPEN_RAD, 0, 1))
    _draw_mouth(stroke, weight, opening)


def _draw_brow(
    stroke: Callable[..., None], weight: Callable[..., float], side: str, sign: float
) -> None:
    """Draw a brow from its inner to its outer end."""
    along = np.linspace(-1, 1, 12)
    inner = weight('browInnerUp') - weight(f'browDown{side}')
    outer = weight(f'browOuterUp{side}') - 0.5 * weight(f'browDown{side}')
    height = _BROW_HEIGHT + 0.004 * (1 - along**2)
    height += 0.014 * (inner * (1 - along) + outer * (1 + along)) / 2
    x, y = sign * (_EYE[0] + _BROW_HALF_WIDTH * along), _EYE[1] + height
    thickness = _BROW_THICKNESS * np.sqrt(1 - 0.9 * along**2)
    stroke(
        np.concatenate([x, x[::-1]]), np.concatenate([y + thickness, (y - thickness)[::-1]]), INK
    )


def _draw_mouth(stroke: Callable[..., None], weight: Callable[..., float], opening: float) -> None:
    """Draw lips that open downwards, narrow when rounded and rise at the corners in a smile."""
    along = np.linspace(-1, 1, 24)
    smile = weight('mouthSmileLeft', 'mouthSmileRight')
    frown = weight('mouthFrownLeft', 'mouthFrownRight')
    rounded = weight('mouthFunnel', 'mouthPucker')
    stretched = weight('mouthStretchLeft', 'mouthStretchRight')
    width = _MOUTH_HALF_WIDTH * (1 + 0.35 * smile + 0.25 * stretched - 0.6 * rounded)
    corners = (0.018 * smile - 0.016 * frown) * along**2
    arch = 1 - along**2
    upper = corners + arch * (_LIP + 0.2 * _MOUTH_OPEN * opening)
    lower = corners - arch * (_LIP + 0.8 * _MOUTH_OPEN * opening)
    x = width * along
    y = _MOUTH_Y + np.concatenate([upper, lower[::-1]])
    stroke(np.concatenate([x, x[::-1]]), y, MOUTH)
