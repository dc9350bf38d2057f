"""The programs of README.md run unchanged."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.bundles import speech_like
from tests.support.paths import ROOT

LIMIT_S = 60


def program_with(word: str) -> str:
    """Return the one program of the README that contains a word."""
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    found = [code for code in re.findall(r'```python\n(.*?)```', text, re.DOTALL) if word in code]
    assert len(found) == 1
    return found[0]


def speech(folder: Path) -> Path:
    soundfile.write(folder / 'speech.wav', speech_like(1.25), 16000)
    return folder


def test_a_recording_becomes_motion(tmp_path):
    program = program_with('load_bundle') + 'print(motion.weights.shape, motion.rotations.shape)\n'
    done = subprocess.run(
        [sys.executable, '-c', program],
        cwd=speech(tmp_path), capture_output=True, text=True, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r'\((\d+), 51\) \(\1, 47, 3\)', done.stdout.strip())


@pytest.mark.ros
def test_the_sender_is_heard_whole(world, tmp_path):
    from tests.support.ros_world import Watcher

    watcher = world.add(Watcher())
    process = subprocess.Popen(
        [sys.executable, '-c', program_with('AudioChunk(')], cwd=speech(tmp_path)
    )
    world.until(lambda: watcher.audio and watcher.audio[-1].end_of_utterance, LIMIT_S)
    assert process.wait(LIMIT_S) == 0
    heard = np.concatenate([chunk.samples for chunk in watcher.audio])
    expected, _ = soundfile.read(tmp_path / 'speech.wav', dtype='float32')
    np.testing.assert_array_equal(heard, expected)


@pytest.mark.ros
@pytest.mark.untimed
def test_the_subscriber_prints_what_is_published(world):
    from sensor_msgs.msg import JointState

    from diffsheg_ros.msg import FaceBlendshapes
    from tests.support.ros_world import Watcher

    node = world.add(Watcher())
    faces = node.create_publisher(FaceBlendshapes, 'face', 10)
    joints = node.create_publisher(JointState, 'joint_states', 10)
    process = subprocess.Popen(
        [sys.executable, '-u', '-c', program_with('create_subscription')],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        world.until(
            lambda: faces.get_subscription_count() > 1 and joints.get_subscription_count() > 1,
            LIMIT_S,
        )
        said: list[str] = []
        for _ in range(40):
            faces.publish(FaceBlendshapes(names=['jawOpen'], weights=[0.25]))
            joints.publish(JointState(name=['Neck_y'], position=[-0.5], velocity=[0.0]))
        assert process.stdout is not None
        while len(set(said)) < 2:
            said.append(process.stdout.readline().strip())
        assert set(said) == {'jaw 0.25', 'neck -0.5 rad'}
    finally:
        process.kill()
