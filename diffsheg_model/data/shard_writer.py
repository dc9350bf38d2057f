"""Writer of shards: a folder for each take, and an index. `data.shards` reads them."""

import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from diffsheg_model.config import FeatureConfig
from diffsheg_model.data.shards import INDEX, STATISTICS, open_take
from diffsheg_model.data.statistics import Moments
from diffsheg_model.errors import InputError
from diffsheg_model.features.stream import extract_features
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion_format import MotionFormat

SAMPLE_RATE = 16000


@dataclass(frozen=True)
class TakeInfo:
    """Content of `take.json`.

    Attributes:
        speaker: index of the style one-hot, -1 for none.
        fps: motion and mel frames a second.
        source: origin of audio and motion, as text.
        licence: licence of the take.
        gesture_valid: True if the gesture channels may train.
        face_valid: True if the weights may train.
        weight_mask: True for each weight that was captured or, in synthetic takes, made by the
            teacher; other weights were filled in or are 0.
        joint_mask: the same for each gesture joint; empty if all were captured.
        notes: problems found and repaired.
    """

    speaker: int
    fps: float
    source: str
    licence: str
    gesture_valid: bool
    face_valid: bool
    weight_mask: tuple[bool, ...]
    joint_mask: tuple[bool, ...] = ()
    notes: tuple[str, ...] = ()

    def check(self, format_: MotionFormat) -> None:
        """Raise ValueError if the masks do not fit the format."""
        for name, names in (
            ('weight_mask', format_.weight_names),
            ('joint_mask', format_.joint_names),
        ):
            mask = getattr(self, name)
            if len(mask) != len(names) and (mask or name == 'weight_mask'):
                raise ValueError(f'TakeInfo.{name} has {len(mask)} values: must be {len(names)}')

    def as_json(self) -> str:
        """Return the text of take.json; empty fields are left out."""
        card = asdict(self)
        for name in ('joint_mask', 'notes'):
            if not card[name]:
                del card[name]
        return json.dumps(card, indent=1) + '\n'


def mel_of(samples: NDArray[np.float32], fps: float) -> NDArray[np.float32]:
    """Return the mel spectrogram (F, 128) of 16 kHz audio (n,), by the code of inference."""
    return extract_features(samples, SAMPLE_RATE, FeatureConfig(), fps).mel


def frame_count(samples: int, fps: float) -> int:
    """Return the number of frames of 16 kHz audio, as in the published mel spectrogram."""
    mel_rate = FeatureConfig().mel_rate
    return int(samples * mel_rate / SAMPLE_RATE / (mel_rate / fps))


def write_take(
    folder: Path,
    samples: NDArray[np.float32],
    motion: NDArray[np.float32],
    info: TakeInfo,
    format_: MotionFormat,
    semantic: NDArray[np.float32] | None = None,
    words: tuple[tuple[float, float, str], ...] = (),
) -> int:
    """Write one take; it appears whole or not at all.

    Args:
        folder: folder of the take.
        samples: (n,) at SAMPLE_RATE, in -1..1.
        motion: (F, C) not normalised; F may differ from the mel by some frames at the end.
        info: content of take.json.
        format_: format of the motion.
        semantic: (F,) score of every frame, 0 or more, or None.
        words: (start s, end s, word) of a transcript for words.json; empty for no file.

    Returns:
        The number of frames written.

    Raises:
        InputError: the audio is shorter than a frame, or the folder cannot be written.
    """
    info.check(format_)
    audio = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)
    mel = mel_of(audio.astype(np.float32) / np.float32(32768.0), format_.fps)
    frames = min(len(mel), len(motion))
    if abs(len(mel) - len(motion)) > 2:
        raise ValueError(f'{folder}: {len(mel)} frames of mel, {len(motion)} of motion')
    if motion.shape[1] != format_.channels:
        raise ValueError(f'{folder}: {motion.shape[1]} channels, not {format_.channels}')
    if not (np.isfinite(motion).all() and np.isfinite(mel).all()):
        raise ValueError(f'{folder}: not finite')
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        _write_wav(temporary / 'audio.wav', audio)
        _write_npy(temporary / 'mel.npy', mel[:frames])
        _write_npy(temporary / 'motion.npy', motion[:frames])
        if semantic is not None:
            _write_npy(temporary / 'semantic.npy', semantic[:frames])
        if words:
            (temporary / 'words.json').write_text(json.dumps(words) + '\n')
        (temporary / 'take.json').write_text(info.as_json())
    return frames


# Both are made in memory and written by Python, which reports a full disk: libsndfile and
# numpy's tofile give no reason.


def _write_wav(path: Path, audio: NDArray[np.int16]) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, SAMPLE_RATE, format='WAV')
    path.write_bytes(buffer.getvalue())


def _write_npy(path: Path, values: NDArray[np.floating]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, values.astype(np.float32))
    path.write_bytes(buffer.getvalue())


def is_complete(folder: Path) -> bool:
    """Return True if a take was written completely."""
    return (folder / 'take.json').exists()


def write_index(
    folder: Path,
    takes: list[str],
    description: dict[str, object],
    format_: MotionFormat,
    filled: bool = False,
) -> int:
    """Write dataset.json, and stats.npz with mean and deviation of every channel.

    Args:
        folder: folder of the takes and the index.
        takes: names of the takes.
        description: further entries of dataset.json.
        format_: motion format of the takes.
        filled: True if uncaptured channels were filled in plausibly and count in the statistics;
            else only captured channels count.

    Returns:
        The number of frames.

    Raises:
        InputError: there is no take, or a take is damaged.
    """
    if not takes:
        raise InputError(f'no take in {folder}: nothing to train on')
    frames = 0
    motion, mel = Moments(format_.channels), Moments(FeatureConfig().mel_bins)
    for name in takes:
        take = open_take(folder / name, format_)
        held = take.valid | filled
        if not np.isfinite(take.motion[:, held]).all() or not np.isfinite(take.mel).all():
            raise InputError(
                f'{folder / name} is damaged (NaN): delete that folder and run the command again'
            )
        frames += len(take.motion)
        motion.add(take.motion, held)
        mel.add(take.mel)
    mean, std = motion.result()
    mel_mean, mel_std = mel.result()
    with atomic_path(folder / STATISTICS) as temporary, temporary.open('wb') as file:
        np.savez(file, mean=mean, std=std, mel_mean=mel_mean, mel_std=mel_std)
    index = {
        'format': format_.name,
        'fps': format_.fps,
        'frames': frames,
        'hours': round(frames / format_.fps / 3600, 4),
        **description,
        'takes': takes,
    }
    with atomic_path(folder / INDEX) as temporary:
        temporary.write_text(json.dumps(index, indent=1) + '\n')
    return frames
