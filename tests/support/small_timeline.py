"""Windows of motion of three joints and two weights, and poses compared."""

import numpy as np
from scipy.spatial.transform import Rotation

from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.session.session import MotionWindow
from diffsheg_model.time_units import NS

FPS = 15.0
FREE = MotionFormat('free', FPS, 34, ('A', 'B'), ('jaw',), ('open', 'blink'), False)
SMALL = MotionFormat('small', FPS, 34, ('A', 'B'), ('jaw',), ('open', 'blink'), True)
JOINTS, WEIGHTS = 3, 2
TICK_NS = NS // 60
T0 = 1_700_000_000 * NS + 123_456_789


def window(start, rotations, weights, last=False, overlap=0, fps=FPS) -> MotionWindow:
    rotations = np.asarray(rotations, np.float32)
    weights = np.asarray(weights, np.float32)
    motion = Motion(fps, ('A', 'B', 'jaw'), rotations, SMALL.weight_names, weights, start)
    return MotionWindow(0, start, motion, len(weights) - (0 if last else overlap), last)


def constant(start, count, value, last=False) -> MotionWindow:
    rotations = np.zeros((count, JOINTS, 3))
    rotations[:, :, 0] = value
    return window(start, rotations, np.full((count, WEIGHTS), value), last)


def frame_ns(index, start_ns=T0) -> int:
    return start_ns + round(index * 1e9 / FPS)


def turn(a, b) -> float:
    """Largest angle between two poses, rad."""
    between = Rotation.from_quat(a.rotations) * Rotation.from_quat(b.rotations).inv()
    return float(np.linalg.norm(between.as_rotvec(), axis=-1).max())


def settled(timeline, time_ns, seconds=0.6):
    """Samples at 60 Hz up to a moment, so that every fade is over by then."""
    for tick in range(round(seconds * 60), 0, -1):
        timeline.sample(time_ns - tick * TICK_NS)
    return timeline.sample(time_ns)


def same(a, b, atol=1e-9):
    assert turn(a, b) < max(atol, 1e-7)
    np.testing.assert_allclose(a.weights, b.weights, atol=atol)


def swaying(start, count, *, speed=1.0, last=False) -> MotionWindow:
    """Joint A sways about x and the weights with it."""
    times = (start + np.arange(count)) / FPS
    rotations = np.zeros((count, JOINTS, 3))
    rotations[:, 0, 0] = 0.3 * np.sin(speed * times)
    weights = np.repeat(0.3 + 0.2 * np.sin(speed * times)[:, None], WEIGHTS, axis=1)
    return window(start, rotations, weights, last)
