"""The examples are whole: built, started and listened to."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from tests.support.bundles import speech_like
from tests.support.paths import ROOT

pytest.importorskip('rclpy', reason='the examples need ROS 2')

from tests.support.ros_world import Watcher

EXAMPLES = ROOT / 'examples'
LIMIT_S = 60


def built(folder: Path) -> Path:
    """The C++ package, built by CMake against the message package; its programs' folder."""
    environment = {**os.environ, 'CMAKE_PREFIX_PATH': os.environ['AMENT_PREFIX_PATH']}
    for step in (
        ['cmake', '-S', EXAMPLES / 'cpp', '-B', folder, f'-DPython3_EXECUTABLE={sys.executable}'],
        ['cmake', '--build', folder],
    ):
        done = subprocess.run(step, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.skipif(not shutil.which('cmake'), reason='building C++ needs CMake')
def test_the_cpp_package_is_built_and_its_messages_are_right(tmp_path):
    program = built(tmp_path / 'build') / 'messages'
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [
        'tone first_sample 0, 1600 samples, stamp 1.000000000',
        'tone first_sample 1600, 1600 samples, stamp 1.100000000',
        'tone first_sample 3200, 800 samples, stamp 1.200000000, the last',
        'jawOpen 0.25',
        'Neck_y -0.20',
    ]


@pytest.mark.ros
@pytest.mark.untimed
def test_the_sender_in_python_is_heard_whole(world, tmp_path):
    speech = tmp_path / 'speech.wav'
    soundfile.write(speech, speech_like(1.25), 16000)
    watcher = world.add(Watcher())
    process = subprocess.Popen([sys.executable, EXAMPLES / 'python' / 'speak.py', speech])
    world.until(lambda: watcher.audio and watcher.audio[-1].end_of_utterance, LIMIT_S)
    assert process.wait(LIMIT_S) == 0
    chunks = watcher.audio
    assert [chunk.first_sample for chunk in chunks] == list(range(0, 20000, 1600))
    assert sum(len(chunk.samples) for chunk in chunks) == 20000
    assert len({chunk.utterance_id for chunk in chunks}) == 1
    stamps = [chunk.header.stamp.sec * 10**9 + chunk.header.stamp.nanosec for chunk in chunks]
    assert [stamp - stamps[0] for stamp in stamps] == [k * 10**8 for k in range(13)]


@pytest.mark.ros
@pytest.mark.untimed
def test_the_listener_in_python_says_what_is_published(world, tmp_path):
    from sensor_msgs.msg import JointState

    from diffsheg_ros.msg import FaceBlendshapes
    from diffsheg_ros.ros import messages

    node = world.add(Watcher())
    faces = node.create_publisher(FaceBlendshapes, 'face', 10)
    joints = node.create_publisher(JointState, 'joint_states', 10)
    process = subprocess.Popen(
        [sys.executable, '-u', EXAMPLES / 'python' / 'listen.py'],
        stdout=(tmp_path / 'said').open('w'),
        stderr=subprocess.STDOUT,
    )
    expected = (r"'u' jawOpen 0\.25", r'Neck_y -0\.200 rad, 0\.500 rad/s')
    try:
        world.until(lambda: faces.get_subscription_count() and joints.get_subscription_count(), 60)

        def printed() -> bool:
            said = (tmp_path / 'said').read_text()
            return all(re.search(line, said) for line in expected)

        end_s = time.monotonic() + 30
        while not printed() and time.monotonic() < end_s:
            face = messages.face_blendshapes(['jawOpen'], [0.25], time_ns=1, utterance_id='u')
            faces.publish(face)
            angles = [[0.1, -0.2, 0.3]]
            state = messages.joint_state(['Neck'], angles, time_ns=1, velocities=[[0.0, 0.5, 0.0]])
            joints.publish(state)
            world.until(lambda: True)
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert printed()
    assert 'Traceback' not in (tmp_path / 'said').read_text() and process.returncode == 0
