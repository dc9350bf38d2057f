"""FACEGOOD's captured lips as ARKit weights, with gesture and upper face from the teacher.

FACEGOOD-Audio2Face (https://github.com/FACEGOOD/FACEGOOD-Audio2Face, MIT) has Mandarin speech with
weights of its own 116-shape rig at 30 fps, solved from a camera; some 25 columns move, all of them
about the mouth. Which ARKit weight a column becomes, and why:

    jawOpen         mouth_stretch_c          the jaw drop of FACEGOOD's rig; follows the speech
                                             energy with r = 0.75; both are 1 at a yawn
    mouthFunnel     mean mouth_funnel_* + mouth_oh_c   four quarters of ARKit's one funnel; 'oh' is
                                             the rig's ready-made open rounding, which ARKit has
                                             no shape of its own for
    mouthPucker     mean mouth_pucker_* + mouth_oo_c   likewise, 'oo' is the closed rounding
    mouthPressX     mouth_press_x            lips pressed together
    mouthRollLower  mean mouth_suck_d*       lips sucked in, lower
    mouthRollUpper  mean mouth_suck_u*       lips sucked in, upper
    mouthUpperUpX   mouth_upperLipRaise_x
    mouthLowerDownX mouth_lowerLipDepress_x
    mouthSmileX     mouth_lipCornerPull_x
    mouthStretchX   mouth_lipStretch_x
    mouthShrugUpper mouth_chinRaise_u        the upper half of the mentalis' chin raise

The columns are weights of 0..1 already and are not scaled, so that an opening means the same in
every take. tooth_* (ARKit's teeth hang on the jaw) and nose_wrinkle_* (never above 0.03: noise) are
left out. mouthClose was not captured: ARKit needs it to close the lips of an open jaw, which this
rig does with press and suck; it is filled in from those. All else comes from the teacher, driven by
the recording's energy.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from diffsheg_model.audio import read_audio
from diffsheg_model.corpus import augment, events, teacher
from diffsheg_model.corpus.curves import wander
from diffsheg_model.corpus.mouth import weight_matrix
from diffsheg_model.corpus.styles import STYLES, Style
from diffsheg_model.corpus.take_writer import SAMPLE_RATE, TakeInfo, frame_count, write_take
from diffsheg_model.corpus.upper_face import upper_face_weights
from diffsheg_model.errors import InputError
from diffsheg_model.formats import BEAT

CAPTURE_FPS = 30.0
COLUMNS = 116
VALIDATION_TAKE = '1114_2_05'
LICENCE = 'FACEGOOD-Audio2Face, MIT (audio, captured weights); the rest generated, CC0-1.0'

MAPPING: dict[str, tuple[tuple[str, ...], ...]] = {
    'jawOpen': (('mouth_stretch_c',),),
    'mouthFunnel': (
        ('mouth_funnel_dl', 'mouth_funnel_dr', 'mouth_funnel_ul', 'mouth_funnel_ur'),
        ('mouth_oh_c',),
    ),
    'mouthPucker': (('mouth_pucker_l', 'mouth_pucker_r'), ('mouth_oo_c',)),
    'mouthPressLeft': (('mouth_press_l',),),
    'mouthPressRight': (('mouth_press_r',),),
    'mouthRollLower': (('mouth_suck_dl', 'mouth_suck_dr'),),
    'mouthRollUpper': (('mouth_suck_ul', 'mouth_suck_ur'),),
    'mouthUpperUpLeft': (('mouth_upperLipRaise_l',),),
    'mouthUpperUpRight': (('mouth_upperLipRaise_r',),),
    'mouthLowerDownLeft': (('mouth_lowerLipDepress_l',),),
    'mouthLowerDownRight': (('mouth_lowerLipDepress_r',),),
    'mouthSmileLeft': (('mouth_lipCornerPull_l',),),
    'mouthSmileRight': (('mouth_lipCornerPull_r',),),
    'mouthStretchLeft': (('mouth_lipStretch_l',),),
    'mouthStretchRight': (('mouth_lipStretch_r',),),
    'mouthShrugUpper': (('mouth_chinRaise_u',),),
}
"""ARKit weight <- sum of means of columns."""

WEIGHT_MASK = tuple(name in MAPPING for name in BEAT.weight_names)


@dataclass(frozen=True)
class Recording:
    """One FACEGOOD take.

    Attributes:
        name: such as '1114_2_01'.
        samples: (n,) at SAMPLE_RATE.
        captured: (F, 51) captured ARKit weights at CAPTURE_FPS, low-passed for 15 fps; 0 where the
            mask is False.
    """

    name: str
    samples: NDArray[np.float32]
    captured: NDArray[np.float32]


def find_takes(folder: Path, exclude: tuple[str, ...]) -> list[str]:
    """Names of the takes (a wav and an npy of one name) in order, without the excluded ones.

    Raises:
        InputError: not a FACEGOOD folder, or nothing is left.
    """
    if not (folder / 'blendshape_names.npy').is_file():
        raise InputError(
            f'{folder} has no blendshape_names.npy: give the folder of FACEGOOD takes '
            '(NAME.wav and NAME.npy pairs, and blendshape_names.npy)'
        )
    names = sorted(path.stem for path in folder.glob('*.wav') if path.with_suffix('.npy').is_file())
    kept = [name for name in names if name not in exclude]
    if not kept:
        raise InputError(f'{folder} has no take besides the excluded {", ".join(exclude)}')
    return kept


def read_recording(folder: Path, name: str) -> Recording:
    """Reads one take and maps its columns.

    Raises:
        InputError: a file is missing, of another shape, not finite, or the durations disagree.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', UserWarning)  # the files were written by Python 2
            columns = [str(column) for column in np.load(folder / 'blendshape_names.npy')]
            captured = np.load(folder / f'{name}.npy', allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f'{folder / name}.npy is not readable: {error}') from error
    if captured.ndim != 2 or captured.shape[1] != len(columns) or len(columns) != COLUMNS:
        raise InputError(
            f'{folder / name}.npy has shape {captured.shape}: must be (frames, {COLUMNS})'
        )
    if not np.isfinite(captured).all():
        raise InputError(f'{folder / name}.npy holds NaN or infinity: leave it out by --exclude')
    missing = [
        column
        for groups in MAPPING.values()
        for group in groups
        for column in group
        if column not in columns
    ]
    if missing:
        raise InputError(f'{folder}/blendshape_names.npy lacks {", ".join(missing)}')
    samples, rate = read_audio(folder / f'{name}.wav')
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE)
    audio_s, capture_s = len(samples) / SAMPLE_RATE, len(captured) / CAPTURE_FPS
    if abs(audio_s - capture_s) > 0.5:
        raise InputError(
            f'{folder / name}: {audio_s:.2f} s of audio but {capture_s:.2f} s of weights'
        )
    curves = {
        weight: sum(
            captured[:, [columns.index(column) for column in group]].mean(axis=1)
            for group in groups
        )
        for weight, groups in MAPPING.items()
    }
    matrix = weight_matrix(
        {weight: _low_passed(curve) for weight, curve in curves.items()}, len(captured)
    )
    return Recording(name, samples.astype(np.float32), matrix)


def _low_passed(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F,): both neighbours in with a quarter each, so that every second frame may be left out."""
    padded = np.pad(curve, 1, mode='edge')
    return np.asarray(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:])


def weights_at(recording: Recording, frames: int, speed: float = 1.0) -> NDArray[np.float32]:
    """The captured weights (frames, 51) at BEAT's 15 fps of the recording played at a speed."""
    at = np.minimum(
        np.arange(frames) / BEAT.fps * CAPTURE_FPS * speed, len(recording.captured) - 1.001
    )
    low = at.astype(int)
    part = (at - low)[:, None]
    mixed = recording.captured[low] * (1 - part) + recording.captured[low + 1] * part
    return mixed.astype(np.float32)


def _filled_face(
    captured: NDArray[np.float32],
    happening: events.SpeechEvents,
    style: Style,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """The captured weights with the teacher's in the columns that no camera saw."""
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
    """Folder of a copy of a take."""
    return f'facegood-{name}-{copy}'


def write_copies(
    recording: Recording, folder: Path, copies: int, seed: int, first_speaker: int
) -> list[str]:
    """Writes a recording some times over; the first copy's audio is the recording's own.

    The further copies are played up to 10 % faster or slower, weights with the sound, in other
    rooms and at other levels. Every copy is another style, with gestures of its own.

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
        length_s = min(len(heard) / SAMPLE_RATE, len(recording.captured) / CAPTURE_FPS / speed)
        heard = heard[: int(length_s * SAMPLE_RATE)]
        frames = frame_count(len(heard))
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
        write_take(folder / name, heard, motion, info)
    return names
