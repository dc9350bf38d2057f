"""A motion with sound, and a recording of it, for tests of MCAP files."""

from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.mcap.motion import write_mcap
from tests.support.bundles import speech_like
from tests.support.mcap_files import T0

RATE = 22050


def make_motion(fps: float = 15.0, frames: int = 40, start_frame: int = 0) -> Motion:
    """Joints that go round several times, through the poles, and weights of any size."""
    rng = np.random.default_rng(frames)
    times = np.arange(frames)[:, None, None] / fps
    shape = (1, len(BEAT.joint_names), 3)
    rotations = 1.5 * np.sin(times * rng.uniform(0.5, 3, shape) + rng.uniform(0, 6, shape))
    rotations[:, 0] = times[:, 0] * (0.0, 0.0, 4.0)
    weights = rng.random((frames, len(BEAT.weight_names)), dtype=np.float32)
    return Motion(
        fps, BEAT.joint_names, rotations.astype(np.float32), BEAT.weight_names, weights, start_frame
    )


@pytest.fixture(scope='module')
def motion() -> Motion:
    return make_motion()


@pytest.fixture(scope='module')
def audio() -> np.ndarray:
    return speech_like(2.5, RATE)


@pytest.fixture(scope='module')
def recording(tmp_path_factory, motion, audio) -> Path:
    path = tmp_path_factory.mktemp('mcap') / 'motion.mcap'
    write_mcap(path, motion, audio, RATE, start_ns=T0, utterance_id='äu 1')
    return path
