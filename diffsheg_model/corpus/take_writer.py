"""Takes on disk as diffsheg_model.training.shards reads them: a folder each, and an index."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from diffsheg_model.config import FeatureConfig
from diffsheg_model.errors import InputError
from diffsheg_model.features import extract_features
from diffsheg_model.files import atomic_path
from diffsheg_model.formats import BEAT

SAMPLE_RATE = 16000
INDEX = 'dataset.json'


@dataclass(frozen=True)
class TakeInfo:
    """What `take.json` says.

    Attributes:
        speaker: index of the style one-hot.
        fps: motion and mel frames a second.
        source: where audio and motion come from, for people.
        licence: of the take.
        gesture_valid: whether the gesture channels may train.
        face_valid: whether the weights may train.
        weight_mask: 51 times whether that weight was captured (or, synthetic, is the teacher's
            own); a weight that is not was filled in.
    """

    speaker: int
    fps: float
    source: str
    licence: str
    gesture_valid: bool
    face_valid: bool
    weight_mask: tuple[bool, ...]

    def __post_init__(self) -> None:
        if len(self.weight_mask) != len(BEAT.weight_names):
            raise ValueError(
                f'TakeInfo.weight_mask has {len(self.weight_mask)} values: must be '
                f'{len(BEAT.weight_names)}'
            )


def mel_of(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(F, 128) mel of 16 kHz audio (n,), by the same code as at inference."""
    return extract_features(samples, SAMPLE_RATE, FeatureConfig(), BEAT.fps).mel


def frame_count(samples: int) -> int:
    """Frames of a take of 16 kHz audio, as the published mel has them."""
    mel_rate = FeatureConfig().mel_rate
    return int(samples * mel_rate / SAMPLE_RATE / (mel_rate / BEAT.fps))


def write_take(
    folder: Path, samples: NDArray[np.float32], motion: NDArray[np.float32], info: TakeInfo
) -> int:
    """Writes one take; it appears whole or not at all.

    Args:
        folder: of the take.
        samples: (n,) at SAMPLE_RATE, in -1..1.
        motion: (F, 192) un-normalised, F as mel has or some frames off at the end.
        info: for take.json.

    Returns:
        The number of frames written.
    """
    audio = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)
    mel = mel_of(audio.astype(np.float32) / np.float32(32768.0))
    frames = min(len(mel), len(motion))
    if abs(len(mel) - len(motion)) > 2:
        raise ValueError(f'{folder}: {len(mel)} frames of mel, {len(motion)} of motion')
    if not (np.isfinite(motion).all() and np.isfinite(mel).all()):
        raise ValueError(f'{folder}: not finite')
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        soundfile.write(temporary / 'audio.wav', audio, SAMPLE_RATE)
        np.save(temporary / 'mel.npy', mel[:frames].astype(np.float32))
        np.save(temporary / 'motion.npy', motion[:frames].astype(np.float32))
        (temporary / 'take.json').write_text(json.dumps(asdict(info), indent=1) + '\n')
    return frames


def is_complete(folder: Path) -> bool:
    """Whether a take was written; a folder appears whole."""
    return (folder / 'take.json').exists()


def write_index(folder: Path, takes: list[str], description: dict[str, object]) -> int:
    """Writes dataset.json and stats.npz over the takes (mean and deviation of every channel).

    Returns:
        The number of frames.

    Raises:
        InputError: there is no take, or one of them is damaged.
    """
    if not takes:
        raise InputError(f'no take in {folder}: nothing to train on')
    count, total, squares = 0, np.zeros(BEAT.channels), np.zeros(BEAT.channels)
    mel_total, mel_squares = np.zeros(128), np.zeros(128)
    for name in takes:
        try:
            motion = np.load(folder / name / 'motion.npy').astype(np.float64)
            mel = np.load(folder / name / 'mel.npy').astype(np.float64)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(
                f'{folder / name} is damaged: delete that folder and run the command again'
            ) from error
        count += len(motion)
        total += motion.sum(axis=0)
        squares += np.square(motion).sum(axis=0)
        mel_total += mel.sum(axis=0)
        mel_squares += np.square(mel).sum(axis=0)
    mean, mel_mean = total / count, mel_total / count
    with atomic_path(folder / 'stats.npz') as temporary, temporary.open('wb') as file:
        np.savez(
            file,
            mean=mean.astype(np.float32),
            std=np.sqrt(np.maximum(squares / count - mean**2, 0.0)).astype(np.float32),
            mel_mean=mel_mean.astype(np.float32),
            mel_std=np.sqrt(np.maximum(mel_squares / count - mel_mean**2, 0)).astype(np.float32),
        )
    index = {
        'format': BEAT.name,
        'fps': BEAT.fps,
        'frames': count,
        'hours': round(count / BEAT.fps / 3600, 4),
        **description,
        'takes': takes,
    }
    with atomic_path(folder / INDEX) as temporary:
        temporary.write_text(json.dumps(index, indent=1) + '\n')
    return count
