"""The whole body of one take: face and gesture channels from speech events."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from diffsheg_model.data.corpus.teacher import arms, gestures, hands
from diffsheg_model.data.corpus.teacher.body import head_and_spine
from diffsheg_model.data.corpus.teacher.curves import FloatArray, wander
from diffsheg_model.data.corpus.teacher.events import SpeechEvents
from diffsheg_model.data.corpus.teacher.gestures import HandPaths
from diffsheg_model.data.corpus.teacher.mouth import articulate, mouth_weights, weight_matrix
from diffsheg_model.data.corpus.teacher.styles import Style
from diffsheg_model.data.corpus.teacher.upper_face import upper_face_weights
from diffsheg_model.data.corpus.voices.phones import Phone
from diffsheg_model.motion.formats import BEAT

FPS = BEAT.fps


def face(
    phones: tuple[Phone, ...], events: SpeechEvents, style: Style, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the ARKit weights (F, 51) of speech with known phones."""
    frames = len(events.loudness)
    times = np.arange(frames) / FPS
    articulation = style.articulation * float(rng.uniform(0.85, 1.15))
    positions = articulate(
        phones, events.duration_s, events.loudness, FPS, frames, precision=articulation
    )
    curves = mouth_weights(positions, FPS, style.smile, rng)
    curves.update(upper_face_weights(times, FPS, events, style, rng))
    return weight_matrix(curves, frames)


def gesture(events: SpeechEvents, style: Style, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the rotation vectors (F, 47, 3) in radians, in the order of BEAT's joints."""
    frames = len(events.loudness)
    times = np.arange(frames) / FPS
    right, left = gestures.plan(events, style, times, FPS, rng)
    lean = np.clip((left.wrist[:, 0] - right.wrist[:, 0]) / 0.25, -1.0, 1.0)
    lean = gaussian_filter1d(lean, 0.25 * FPS, mode='nearest')
    joints = head_and_spine(events, style, times, FPS, lean, rng)
    for side, path in (('Right', right), ('Left', left)):
        for name, vectors in _arm(path, rng).items():
            joints[side + name] = arms.mirrored(vectors) if side == 'Right' else vectors
    stacked = np.stack([joints[name] for name in BEAT.joint_names], axis=1)
    return stacked.astype(np.float32)


def _arm(path: HandPaths, rng: np.random.Generator) -> dict[str, FloatArray]:
    frames = len(path.wrist)
    slow = wander(rng, frames, FPS, 2.5, 4)
    height = np.clip((path.wrist[:, 1] + 0.35) / 0.35, 0.0, 1.0)
    shrug = np.deg2rad(3.0) + np.deg2rad(10.0) * height + np.deg2rad(0.8) * slow[:, 0]
    raised = np.clip((path.wrist[:, 1] + 0.5) / 0.2, 0.0, 1.0)
    swivel = 0.25 + raised * (0.30 + 0.10 * slow[:, 1])
    rotations = arms.solve_left_arm(path.wrist, path.palm, shrug, swivel, FPS)
    # The hand lags behind the forearm: it bends back on the way up and forward on the way down.
    speed = gaussian_filter1d(np.gradient(path.wrist[:, 1]) * FPS, 0.6, mode='nearest')
    flexion = np.clip(0.22 * speed + 0.05 * slow[:, 2] - 0.06 * raised, -0.6, 0.6)
    deviation = np.clip(0.06 * slow[:, 3], -0.3, 0.3)
    rotations.update(hands.solve_left_hand(path.shape, flexion, deviation))
    return rotations


def combine(rotations: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the channels (F, 192) in the order of the format: gesture, then expression."""
    return np.concatenate([rotations.reshape(len(rotations), -1), weights], axis=1)
