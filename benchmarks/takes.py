"""The recordings that a bundle is measured on."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from diffsheg_model.audio import read_audio
from diffsheg_model.corpus import facegood
from diffsheg_model.evaluation.lips import rounding
from diffsheg_model.formats import BEAT

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
        name: of its file.
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
    """A FACEGOOD take: speech and what the mouth did.

    Attributes:
        speech: the recording.
        jaw: (F,) captured jawOpen at 15 fps.
        rounding: (F,) captured mouthFunnel + mouthPucker, the sum of all columns that FACEGOOD's
            oh, oo, funnel and pucker map to.
    """

    speech: Speech
    jaw: np.ndarray
    rounding: np.ndarray


@dataclass(frozen=True, eq=False)
class Body:
    """A BEAT take: speech and what the body did.

    Attributes:
        speech: the recording.
        rotations: (F, 47, 3) axis-angle, rad, of BEAT's joints at 15 fps.
    """

    speech: Speech
    rotations: np.ndarray


def read_speech(path: Path, seconds: float) -> Speech:
    """The beginning of a recording."""
    samples, rate = read_audio(path)
    return Speech(path.name, samples[: int(seconds * rate)], rate)


def read_lips(folder: Path, name: str) -> Lips:
    """A whole FACEGOOD take, its weights mapped as for training."""
    recording = facegood.read_recording(folder, name)
    speech = Speech(name, recording.samples, facegood.SAMPLE_RATE)
    weights = facegood.weights_at(recording, int(speech.duration_s * BEAT.fps))
    jaw = weights[:, BEAT.weight_names.index('jawOpen')].astype(np.float64)
    return Lips(speech, jaw, rounding(weights, BEAT.weight_names))


def read_body(path: Path, seconds: float) -> Body:
    """The beginning of a BEAT take, .bvh and .wav of one name.

    The rate is the frames over the audio's length: the headers of some copies are wrong.
    """
    samples, rate = read_audio(path.with_suffix('.wav'))
    hierarchy, motion = path.read_text().split('MOTION')
    words = [line.split() for line in hierarchy.splitlines()]
    joints = [word[1] for word in words if word and word[0] in ('ROOT', 'JOINT')]
    table = np.loadtxt(motion.strip().splitlines()[2:])
    angles = table[:, 3:].reshape(len(table), len(joints), 3)
    chosen = angles[:, [joints.index(name) for name in BEAT.joint_names]]
    rotvec = Rotation.from_euler('XYZ', chosen.reshape(-1, 3), degrees=True).as_rotvec()
    step = round(len(table) / (len(samples) / rate) / BEAT.fps)
    rotations = rotvec.reshape(chosen.shape)[::step][: int(seconds * BEAT.fps)]
    return Body(Speech(path.name, samples[: int(seconds * rate)], rate), rotations)
