"""FACEGOOD's captured lips with gesture and upper face from the teacher.

`data.recordings.facegood` describes the captured columns and their mapping to ARKit weights.
mouthClose is derived from press and roll, which close the lips of an open jaw in FACEGOOD's rig.
All other uncaptured channels come from the teacher, driven by the loudness of the recording.
"""

from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from diffsheg_model.data.corpus import augment
from diffsheg_model.data.corpus.teacher import events, teacher
from diffsheg_model.data.corpus.teacher.curves import wander
from diffsheg_model.data.corpus.teacher.mouth import weight_matrix
from diffsheg_model.data.corpus.teacher.styles import STYLES, Style
from diffsheg_model.data.corpus.teacher.upper_face import upper_face_weights
from diffsheg_model.data.recordings.facegood import CAPTURE_FPS, MAPPING, find
from diffsheg_model.data.recordings.recording import Recording, TakeFiles
from diffsheg_model.data.shard_writer import (
    SAMPLE_RATE,
    TakeInfo,
    frame_count,
    write_take,
)
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT

VALIDATION_TAKE = '1114_2_05'
LICENCE = 'FACEGOOD-Audio2Face, MIT (audio, captured weights); the rest generated, CC0-1.0'
WEIGHT_MASK = tuple(name in MAPPING for name in BEAT.weight_names)


def find_takes(folder: Path, exclude: tuple[str, ...]) -> list[TakeFiles]:
    """Return the complete takes of a folder in order, without the excluded ones.

    Raises:
        InputError: not a FACEGOOD folder, or nothing is left.
    """
    takes = [take for take in find(folder) if not take.problem and take.name not in exclude]
    if not takes:
        raise InputError(f'{folder} has no take besides the excluded {", ".join(exclude)}')
    return takes


def weights_at(recording: Recording, frames: int, speed: float = 1.0) -> NDArray[np.float32]:
    """Resample the captured weights to BEAT's 15 fps at a playback speed, (frames, 51).

    Weights that were not captured are 0.
    """
    captured = recording.weights.values
    at = np.minimum(np.arange(frames) / BEAT.fps * CAPTURE_FPS * speed, len(captured) - 1.001)
    low = at.astype(int)
    part = (at - low)[:, None]
    mixed = captured[low] * (1 - part) + captured[low + 1] * part
    weights = np.zeros((frames, len(BEAT.weight_names)), np.float32)
    weights[:, [BEAT.weight_names.index(name) for name in recording.weights.names]] = mixed
    return weights


def _filled_face(
    captured: NDArray[np.float32],
    happening: events.SpeechEvents,
    style: Style,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return the captured weights, with the teacher's weights in the uncaptured columns."""
    frames = len(captured)
    times = np.arange(frames) / BEAT.fps

    def of(name: str) -> NDArray[np.float64]:
        return captured[:, BEAT.weight_names.index(name)].astype(np.float64)

    jaw = of('jawOpen')
    press = 0.5 * (of('mouthPressLeft') + of('mouthPressRight'))
    together = np.clip(2.0 * press + of('mouthRollLower') + of('mouthRollUpper'), 0.0, 1.0)
    slow = wander(rng, frames, BEAT.fps, 4.0, 4)
    curves = upper_face_weights(times, BEAT.fps, happening, style, rng)
    curves.update(
        {
            'mouthClose': 0.9 * together * jaw,
            'jawForward': 0.05 + 0.12 * of('mouthFunnel'),
            'jawLeft': 0.015 * np.clip(slow[:, 0], 0.0, 3.0),
            'jawRight': 0.015 * np.clip(-slow[:, 0], 0.0, 3.0),
            'mouthLeft': 0.02 * np.clip(slow[:, 1], 0.0, 3.0),
            'mouthRight': 0.02 * np.clip(-slow[:, 1], 0.0, 3.0),
            'mouthShrugLower': 0.04 + 0.18 * together + 0.08 * of('mouthPucker'),
            'cheekPuff': 0.01 + 0.08 * together,
        }
    )
    for side in ('Left', 'Right'):
        curves[f'mouthDimple{side}'] = 0.05 + 0.3 * of(f'mouthStretch{side}')
        curves[f'mouthFrown{side}'] = 0.02 + 0.06 * np.clip(slow[:, 2], 0.0, 2.0)
        curves[f'cheekSquint{side}'] = 0.05 + 0.35 * of(f'mouthSmile{side}')
        curves[f'noseSneer{side}'] = 0.05 + 0.20 * of(f'mouthUpperUp{side}')
    filled = weight_matrix(curves, frames)
    return np.where(np.asarray(WEIGHT_MASK), captured, filled).astype(np.float32)


def copy_name(name: str, copy: int) -> str:
    """Return the folder name of a copy of a take."""
    return f'facegood-{name}-{copy}'


def write_copies(
    recording: Recording, folder: Path, copies: int, seed: int, first_speaker: int
) -> list[str]:
    """Write several copies of a recording; the first copy keeps the original audio.

    The other copies are up to 10 % faster or slower, in other rooms and at other levels. Weights
    follow the changed speed. Every copy has another style and its own gestures.

    Returns:
        The names of the takes.
    """
    names = []
    for copy in range(copies):
        name = copy_name(recording.name, copy)
        names.append(name)
        number = int.from_bytes(recording.name.encode()[-8:], 'big')
        rng = np.random.default_rng([seed, 2, number, copy])
        speaker = (first_speaker + copy) % len(STYLES)
        style = STYLES[speaker]
        speed = float(np.exp(rng.uniform(np.log(0.9), np.log(1.1)))) if copy else 1.0
        heard = recording.samples
        if copy:
            heard = soxr.resample(heard, SAMPLE_RATE * speed, SAMPLE_RATE)
        captured_s = len(recording.weights.values) / CAPTURE_FPS / speed
        length_s = min(len(heard) / SAMPLE_RATE, captured_s)
        heard = heard[: int(length_s * SAMPLE_RATE)]
        frames = frame_count(len(heard), BEAT.fps)
        weights = weights_at(recording, frames, speed)
        happening = events.from_audio(heard, SAMPLE_RATE, BEAT.fps, frames)
        motion = teacher.combine(
            teacher.gesture(happening, style, rng), _filled_face(weights, happening, style, rng)
        )
        if copy:
            heard = augment.augment(heard, SAMPLE_RATE, rng)
        info = TakeInfo(
            speaker=speaker,
            fps=BEAT.fps,
            source=f'FACEGOOD {recording.name}, teacher in style {style.name}',
            licence=LICENCE,
            gesture_valid=True,
            face_valid=True,
            weight_mask=WEIGHT_MASK,
        )
        write_take(folder / name, heard, motion, info, BEAT)
    return names
