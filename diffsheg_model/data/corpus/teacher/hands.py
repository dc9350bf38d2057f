"""Hand shapes: curl and spread of the fingers, opposition of the thumb."""

import numpy as np

from diffsheg_model.data.corpus.teacher.curves import FloatArray

FINGERS = ('Index', 'Middle', 'Ring', 'Pinky')
# Curl of index, middle, ring, pinky; spread; thumb towards the fingertips. 0..1.
SHAPES: dict[str, tuple[float, ...]] = {
    'relaxed': (0.28, 0.34, 0.38, 0.40, 0.25, 0.35),
    'open': (0.08, 0.08, 0.12, 0.16, 0.90, 0.05),
    'flat': (0.05, 0.05, 0.06, 0.08, 0.15, 0.20),
    'cup': (0.32, 0.30, 0.30, 0.30, 0.55, 0.30),
    'point': (0.05, 0.80, 0.85, 0.85, 0.20, 0.75),
    'ring': (0.55, 0.30, 0.22, 0.18, 0.60, 0.80),
    'fist': (0.92, 0.92, 0.92, 0.92, 0.05, 0.85),
}
_FLEXION = np.deg2rad([72.0, 88.0, 48.0])
_SPREAD = dict(zip(FINGERS, np.deg2rad([9.0, 1.0, -7.0, -14.0]), strict=True))
_PALM_ARCH = {'Ring': np.deg2rad(-7.0), 'Pinky': np.deg2rad(-6.0), 'Index': np.deg2rad(-4.0)}


def solve_left_hand(
    shape: FloatArray, flexion: FloatArray, deviation: FloatArray
) -> dict[str, FloatArray]:
    """Return the rotation vectors (F, 3) of the left hand's 19 joints by name without 'Left'.

    Args:
        shape: (F, 6) rows as in SHAPES, blended over time.
        flexion: (F,) angle of the wrist towards the palm, radians.
        deviation: (F,) angle of the wrist towards the thumb, radians.
    """
    frames = len(shape)
    zero = np.zeros(frames)
    curl, spread, thumb = shape[:, :4], shape[:, 4], shape[:, 5]
    joints = {'Hand': np.stack([zero, -deviation, -flexion], axis=1)}
    for at, finger in enumerate(FINGERS):
        for segment in range(3):
            bend = -_FLEXION[segment] * curl[:, at]
            # Straight fingers spread, bent fingers close, as real joints do.
            turn = -_SPREAD[finger] * spread * (1 - 0.8 * curl[:, at]) if segment == 0 else zero
            joints[f'Hand{finger}{segment + 1}'] = np.stack([zero, turn, bend], axis=1)
    for finger, arch in _PALM_ARCH.items():
        joints[f'Hand{finger}'] = np.stack([arch * (0.6 + 0.8 * curl[:, 2]), zero, zero], axis=1)
    joints['HandThumb1'] = np.stack(
        [np.deg2rad(32.0) + np.deg2rad(26.0) * thumb, np.deg2rad(8) * (0.5 - spread), zero], axis=1
    )
    joints['HandThumb2'] = np.stack(
        [zero, np.deg2rad(4.0) + np.deg2rad(22.0) * thumb, -np.deg2rad(8.0) * thumb], axis=1
    )
    joints['HandThumb3'] = np.stack(
        [zero, np.deg2rad(4.0) + np.deg2rad(28.0) * thumb, -np.deg2rad(6.0) * thumb], axis=1
    )
    return joints
