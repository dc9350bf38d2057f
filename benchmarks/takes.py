"""Recordings that bundles are measured on."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.data.recordings import beat, facegood
from diffsheg_model.data.recordings.channels import to_channels
from diffsheg_model.data.recordings.recording import TakeFiles
from diffsheg_model.data.shard_writer import SAMPLE_RATE
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.metrics.lips import rounding
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import from_channels
from diffsheg_model.motion_files.track import ReadOptions

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get('DIFFSHEG_DATA', ROOT.parent / 'shared' / 'data'))
DEMO = ROOT / 'diffsheg_ros/media/speech.flac'
ENGLISH = DATA / 'speech/2_scott_0_3_3.wav'
OTHER_VOICES = (DEMO, DATA / 'speech/forrest_tts.wav')
BEAT_TAKE = DATA / 'beat_scott/2_scott_0_1_1.bvh'
FACEGOOD = DATA / 'facegood'
TRAINING_TAKES = ('1114_2_01', '1114_2_02', '1114_2_03', '1114_2_04')


@dataclass(frozen=True, eq=False)
class Speech:
    """A recording.

    Attributes:
        name: name of its file.
        samples: (n,) mono.
        rate: Hz.
    """

    name: str
    samples: np.ndarray
    rate: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate


@dataclass(frozen=True, eq=False)
class Lips:
    """A FACEGOOD take: speech and captured lips.

    Attributes:
        speech: the recording.
        jaw: (F,) captured jawOpen at 15 fps.
        rounding: (F,) captured mouthFunnel + mouthPucker: half the sum of FACEGOOD's columns oh,
            oo, funnel (4) and pucker (2).
    """

    speech: Speech
    jaw: np.ndarray
    rounding: np.ndarray


@dataclass(frozen=True, eq=False)
class Body:
    """A BEAT take: speech and captured body motion.

    Attributes:
        speech: the recording.
        rotations: (F, 47, 3) axis-angle, rad, of BEAT's joints at 15 fps.
    """

    speech: Speech
    rotations: np.ndarray


def read_speech(path: Path, seconds: float) -> Speech:
    """Read the beginning of a recording."""
    samples, rate = read_audio(path)
    return Speech(path.name, samples[: int(seconds * rate)], rate)


def _found(takes: list[TakeFiles], name: str, folder: Path) -> TakeFiles:
    for take in takes:
        if take.name == name:
            if take.problem:
                raise InputError(f'{folder}: {take.problem}')
            return take
    raise InputError(f'{folder} has no take {name}')


def read_lips(folder: Path, name: str) -> Lips:
    """Read a whole FACEGOOD take; its weights are mapped as for training."""
    recording = facegood.read(_found(facegood.find(folder), name, folder), ReadOptions())
    speech = Speech(name, recording.samples, SAMPLE_RATE)
    motion = from_channels(
        to_channels(recording, BEAT, int(speech.duration_s * BEAT.fps)).motion, BEAT
    )
    jaw = motion.weights[:, BEAT.weight_names.index('jawOpen')].astype(np.float64)
    return Lips(speech, jaw, rounding(motion.weights, BEAT.weight_names))


def read_body(path: Path, seconds: float) -> Body:
    """Read the beginning of a BEAT take: a .bvh and a .wav file of the same name."""
    recording = beat.read(_found(beat.find(path.parent), path.stem, path.parent), ReadOptions())
    samples = recording.samples[: int(seconds * SAMPLE_RATE)]
    frames = int(len(samples) / SAMPLE_RATE * BEAT.fps)
    motion = from_channels(to_channels(recording, BEAT, frames).motion, BEAT)
    return Body(Speech(path.name, samples, SAMPLE_RATE), motion.rotations)
