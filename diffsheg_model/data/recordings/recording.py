"""One recording as read from its files: audio, and motion with its own names and times."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.data.shard_writer import SAMPLE_RATE
from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.track import Track
from diffsheg_model.untrusted.reading import reader


@dataclass(frozen=True)
class TakeFiles:
    """The files of one take, before they are opened.

    Attributes:
        name: name of the take and of its folder among the shards.
        files: the files by suffix: 'wav', 'bvh', 'json', ...
        problem: reason why the files are no complete take; empty for a complete one.
    """

    name: str
    files: Mapping[str, Path]
    problem: str = ''


@dataclass(frozen=True)
class Recording:
    """One take, not yet in a motion format.

    Joints and weights without a name here were not captured; the masks of a take follow from that.

    Attributes:
        name: name of the take.
        samples: (n,) float32 at 16 kHz, full scale 1.
        joints: local rotations of joints, those of the face included.
        weights: weights of the face: ARKit's in 0..1, or coefficients.
        semantic: (start s, end s, score) of intervals; None without annotation.
        speaker: index of the style one-hot, -1 for none.
        source, licence: for take.json.
        notes: problems found and repaired while reading.
        words: (start s, end s, word) of a transcript.
    """

    name: str
    samples: NDArray[np.float32]
    joints: Track
    weights: Track
    semantic: tuple[tuple[float, float, float], ...] | None
    speaker: int
    source: str
    licence: str
    notes: tuple[str, ...] = ()
    words: tuple[tuple[float, float, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.joints and not self.weights:
            raise InputError(f'{self.name}: has neither joints nor weights')
        for kind, track in (('joints', self.joints), ('weights', self.weights)):
            if not track:
                continue
            shape = (len(track.times_s), len(track.names)) + ((3,) if kind == 'joints' else ())
            if track.values.shape != shape or not shape[0]:
                raise InputError(
                    f'{self.name}: {kind} have shape {track.values.shape}: must be {shape}'
                )
            bad = ~np.isfinite(track.values).reshape(*shape[:2], -1).all(axis=2)
            if bad.any():
                frame, index = np.argwhere(bad)[0]
                raise InputError(
                    f'{self.name}: NaN in frame {frame} of {track.names[index]} '
                    f'({int(bad.any(axis=1).sum())} such frames)'
                )
            if not (np.diff(track.times_s) > 0).all():
                raise InputError(f'{self.name}: the times of its {kind} do not rise')

    @property
    def duration_s(self) -> float:
        """Duration of the audio."""
        return len(self.samples) / SAMPLE_RATE


@reader('an audio file')
def read_samples(path: Path) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return the audio (n,) float32 at 16 kHz, the mean of its channels, and notes.

    Raises:
        InputError: as ``read_audio``.
    """
    notes: list[str] = []
    samples, rate = read_audio(path, notes)
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE)
    return samples.astype(np.float32), tuple(notes)


def files_by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, dict[str, Path]]:
    """Return the files with the suffixes under a folder, by path without suffix, then suffix.

    Paths are relative to the folder. Suffixes are in lower case without dot, and match files of
    any case.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob('*')):
        suffix = path.suffix.lower().lstrip('.')
        hidden = any(part.startswith('.') for part in path.relative_to(folder).parts)
        if suffix in suffixes and not hidden and path.is_file():
            stem = str(path.relative_to(folder).with_suffix(''))
            found.setdefault(stem, {})[suffix] = path
    return found


def take_name(stem: str) -> str:
    """Return the name of a take from its relative path without suffix."""
    return '-'.join(Path(stem).parts)
