"""Takes for evaluation: recordings with captured motion."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.bundle import Bundle
from diffsheg_model.data.shards import Take, open_shards
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.frechet.windows import check_finite, digest_takes
from diffsheg_model.evaluation.metrics.beats import audio_onsets, strong_onsets
from diffsheg_model.evaluation.metrics.lips import short_time_energy, speech_frames
from diffsheg_model.motion.motion import Motion, from_channels
from diffsheg_model.motion.motion_format import MotionFormat

LENGTH_TOLERANCE_FRAMES = 3
"""Frames, largest difference of the durations of motion and audio."""


@dataclass(frozen=True, eq=False)
class EvaluationTake:
    """One recording.

    Attributes:
        name: name of the take.
        samples: (n,) mono.
        rate: sample rate, Hz.
        speaker: style of the generated motion.
        format: format of the motion.
        channels: (F, C) captured motion; the model's mean in channels that are not valid.
        valid: (C,) bool, channels that were captured.
        semantic: (F,) scores, or None.
    """

    name: str
    samples: NDArray[np.float32]
    rate: int
    speaker: int
    format: MotionFormat
    channels: NDArray[np.float32]
    valid: NDArray[np.bool_]
    semantic: NDArray[np.float32] | None

    def __len__(self) -> int:
        return len(self.channels)

    @property
    def duration_s(self) -> float:
        """Duration of the motion."""
        return len(self) / self.format.fps

    @cached_property
    def motion(self) -> Motion:
        """The captured motion."""
        return from_channels(self.channels, self.format)

    @cached_property
    def energy(self) -> NDArray[np.float64]:
        """Short-time energy (F,) of the audio."""
        return short_time_energy(self.samples, self.rate, self.format.fps, len(self))

    @cached_property
    def speech(self) -> NDArray[np.bool_]:
        """Mask (F,) of speech frames."""
        return speech_frames(self.energy)

    @cached_property
    def onsets(self) -> NDArray[np.float64]:
        """Times (A,) of audio onsets, seconds."""
        return audio_onsets(self.samples, self.rate)

    @cached_property
    def strong_onsets(self) -> NDArray[np.float64]:
        """Times (A,) of the stronger half of the onsets, seconds."""
        return strong_onsets(self.samples, self.rate)

    def has_joints(self, names: Sequence[str]) -> bool:
        """Return True if all these joints were captured."""
        format_ = self.format
        own = {name: 3 * place for place, name in enumerate(format_.joint_names)}
        own |= {
            name: format_.gesture_dim + 3 * place
            for place, name in enumerate(format_.face_joint_names)
        }
        return all(self.valid[own[name] : own[name] + 3].all() for name in names if name in own)

    def has_weights(self, names: Sequence[str]) -> bool:
        """Return True if the format has all these weights and they were captured."""
        own = self.format.weight_names
        first = self.format.channels - len(own)
        return all(name in own and self.valid[first + own.index(name)] for name in names)


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """The takes of one evaluation.

    Attributes:
        path: folder of shards.
        takes: the takes.
        digest: SHA-256 of their motion, for the report.
    """

    path: Path
    takes: tuple[EvaluationTake, ...]
    digest: str

    @property
    def frames(self) -> int:
        """Number of frames of all takes."""
        return sum(len(take) for take in self.takes)


def open_takes(
    path: Path,
    bundle: Bundle,
    max_takes: int = 0,
    max_seconds: float = 0.0,
    speaker: int | None = None,
) -> EvaluationData:
    """Open a folder of shards for the evaluation of a bundle.

    Args:
        path: the folder.
        bundle: the model; its format must be that of the data.
        max_takes: number of takes, evenly spaced over the folder; 0 for all.
        max_seconds: seconds from the start of each take; 0 for whole takes.
        speaker: style to generate; None for the style of each take.

    Raises:
        InputError: the data is unusable, of another format, or has unknown speakers.
    """
    for name, value in (('max_takes', max_takes), ('max_seconds', max_seconds)):
        if value < 0:
            raise InputError(f'{name} = {value:g}: must be 0 (all) or more')
    folder = open_shards(path)
    _check_format(path, folder.format, bundle.config.format)
    chosen = folder.takes
    if 0 < max_takes < len(chosen):
        places = np.linspace(0, len(chosen) - 1, max_takes).round().astype(int)
        chosen = tuple(chosen[place] for place in places)
    takes = tuple(_open_take(take, bundle, max_seconds, speaker) for take in chosen)
    return EvaluationData(path, takes, digest_takes(chosen))


def _check_format(path: Path, found: MotionFormat, own: MotionFormat) -> None:
    """Raise InputError if data and model have motion of different formats."""
    same = ('joint_names', 'face_joint_names', 'weight_names', 'fps')
    if any(getattr(found, field) != getattr(own, field) for field in same):
        raise InputError(
            f'{path} holds {found.name} motion ({found.channels} channels, {found.fps:g} fps), '
            f'the bundle makes {own.name} ({own.channels} channels, {own.fps:g} fps); evaluate on '
            'data of its format'
        )


def _open_take(
    take: 'Take', bundle: Bundle, max_seconds: float, speaker: int | None
) -> EvaluationTake:
    """Read the audio of a take and check speaker, duration and values against the bundle."""
    format_ = bundle.config.format
    check_finite(take)
    style = max(take.speaker, 0) if speaker is None else speaker
    if not 0 <= style < bundle.config.network.num_speakers:
        raise InputError(
            f'{take.path}: speaker {style} must be one of the 0..'
            f'{bundle.config.network.num_speakers - 1} that the bundle '
            f'{bundle.config.name!r} knows; choose one with --speaker'
        )
    samples, rate = read_audio(take.path / 'audio.wav')
    frames = len(take.motion)
    if abs(len(samples) / rate * format_.fps - frames) > LENGTH_TOLERANCE_FRAMES:
        raise InputError(
            f'{take.path}: {len(samples) / rate:.2f} s of audio and {frames / format_.fps:.2f} s '
            'of motion do not belong together; prepare this take again'
        )
    if max_seconds:
        samples = samples[: max(1, round(max_seconds * rate))]
    # As many frames as will be generated.
    frames = min(frames, int(len(samples) / rate * format_.fps))
    channels = np.where(take.valid, take.motion[:frames], bundle.mean).astype(np.float32)
    semantic = None if take.semantic is None else np.asarray(take.semantic[:frames])
    return EvaluationTake(
        take.path.name, samples, rate, style, format_, channels, take.valid, semantic
    )
