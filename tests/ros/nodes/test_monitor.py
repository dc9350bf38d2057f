"""Recordings of the monitor, over real DDS: complete, after a kill, on a full disk."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')
pytest.importorskip('rosbags', reason='read back with rosbags')
pytest.importorskip('mcap', reason='recordings need the extra mcap')

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion_files import read_npz
from diffsheg_model.motion_files.mcap.motion import read_mcap
from diffsheg_model.time_units import NS
from diffsheg_ros.msg import AudioChunk, FaceBlendshapes, FaceTrajectory
from diffsheg_ros.nodes.monitor import MonitorNode
from diffsheg_ros.ros import messages
from tests.support.mcap_files import with_rosbags
from tests.support.ros_world import World, overrides

pytestmark = [pytest.mark.ros, pytest.mark.untimed]

RATE = 16000
DELAY_S = 0.1


class Avatar(Node):
    """A node that publishes predictable messages on all topics of an avatar."""

    def __init__(self, namespace: str = '') -> None:
        super().__init__('avatar', namespace=namespace)
        self.sent: dict[str, list] = {}
        self.start_ns = 0
        self._outputs = {
            topic: self.create_publisher(kind, topic, QoSProfile(depth=1000))
            for topic, kind in (
                ('audio', AudioChunk),
                ('face', FaceBlendshapes),
                ('joint_states', JointState),
                ('face_trajectory', FaceTrajectory),
                ('joint_trajectory', JointTrajectory),
                ('/diagnostics', DiagnosticArray),
            )
        }

    @property
    def is_heard(self) -> bool:
        return all(output.get_subscription_count() for output in self._outputs.values())

    def publish(self, noise: np.random.Generator) -> None:
        """Publish the next 20 ms, with numbers that cannot be compressed."""
        count = len(self.sent.get('face', ()))
        self.start_ns = self.start_ns or time.time_ns()
        time_ns = self.start_ns + count * NS // 50
        angles = noise.uniform(-1, 1, (len(BEAT.joint_names), 3))
        weights = noise.random(len(BEAT.weight_names))
        samples = noise.uniform(-1, 1, RATE // 50).astype(np.float32)
        space = self.get_namespace().strip('/')
        status = DiagnosticStatus(
            name=f'{space}/avatar: motion'.lstrip('/'),
            level=b'\0',
            values=[
                KeyValue(key='playout_delay_s', value=str(DELAY_S)),
                KeyValue(key='publish_rate_hz', value='50.0'),
            ],
        )
        piece = messages.AudioPiece('u', count * RATE // 50, RATE, samples, time_ns, False)
        times = [time_ns, time_ns + NS // 50]
        two, three = np.tile(weights, (2, 1)), np.tile(angles, (2, 1, 1))
        names, joints = BEAT.weight_names, BEAT.joint_names
        for topic, message in (
            ('audio', messages.audio_chunk(piece)),
            ('face', messages.face_blendshapes(names, weights, time_ns=time_ns)),
            ('joint_states', messages.joint_state(joints, angles, time_ns=time_ns)),
            ('face_trajectory', messages.face_trajectory(names, two, times, utterance_id='u')),
            ('joint_trajectory', messages.joint_trajectory(joints, three, three, times)),
            ('/diagnostics', DiagnosticArray(status=[status])),
        ):
            self._outputs[topic].publish(message)
            self.sent.setdefault(topic, []).append(message)


def speak(world: World, avatar: Avatar, seconds: float) -> None:
    noise = np.random.default_rng(0)
    for _ in range(round(seconds * 50)):
        avatar.publish(noise)
        world.run(0.02)


def recorded(path: Path) -> dict[str, list]:
    """Messages by topic, read by an independent reader."""
    found: dict[str, list] = {}
    for topic, _, message in with_rosbags(path):
        found.setdefault(topic, []).append(message)
    return found


def same(ours: object, theirs: object) -> bool:
    """Return True if a message of ROS and one of the reader have the same values."""
    if hasattr(ours, 'get_fields_and_field_types'):
        names = ours.get_fields_and_field_types()
        return all(same(getattr(ours, name), getattr(theirs, name)) for name in names)
    if isinstance(ours, bytes):
        return ours[0] == theirs
    if isinstance(ours, list) or not np.isscalar(ours):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs


def test_all_messages_are_recorded_unchanged(world, tmp_path):
    path = tmp_path / 'somewhere' / 'heard.mcap'
    avatar = world.add(Avatar('/robot1'))
    monitor = world.add(MonitorNode(record=True, mcap=path, namespace='/robot1'))
    world.until(lambda: avatar.is_heard)
    world.run(0.3)
    speak(world, avatar, 0.6)
    world.until(lambda: monitor.recording.frames == 30)
    world.run(0.6)
    before = path.stat().st_size
    found = recorded(path)  # the file is readable while it is being written
    world.remove(monitor)
    assert path.stat().st_size > before
    for sent in (found, recorded(path)):
        assert sent.keys() == {
            topic if topic.startswith('/') else f'/robot1/{topic}' for topic in avatar.sent
        }
    for topic, sent in avatar.sent.items():
        heard = recorded(path)[topic if topic.startswith('/') else f'/robot1/{topic}']
        assert len(heard) == len(sent)
        assert all(map(same, sent, heard))
    motion, audio, rate = read_mcap(path)
    assert motion.fps == 50.0 and rate == RATE
    # The motion begins with the pose of the first sample.
    np.testing.assert_array_equal(motion.weights[0], avatar.sent['face'][5].weights)
    np.testing.assert_array_equal(
        audio, np.concatenate([chunk.samples for chunk in avatar.sent['audio']])
    )


def start_monitor(start_node, folder: Path) -> subprocess.Popen:
    return start_node('nodes.monitor', '--ros-args', '-p', f'record:={folder}')


def test_the_mcap_file_and_the_motion_files_agree(world, start_node, tmp_path):
    folder = tmp_path / 'session'
    process = start_monitor(start_node, folder)
    avatar = world.add(Avatar())
    world.until(lambda: avatar.is_heard)
    world.run(0.5)
    speak(world, avatar, 1.0)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert {path.name for path in folder.iterdir()} == {
        'session.mcap', 'motion.bvh', 'face.csv', 'motion.npz', 'curves.png',
    }  # fmt: skip
    written = read_npz(folder / 'motion.npz')
    motion, _, _ = read_mcap(folder / 'session.mcap')
    assert motion.fps == written.fps and len(motion) == len(written) > 40
    np.testing.assert_array_equal(motion.weights, written.weights)
    np.testing.assert_array_equal(motion.rotations, written.rotations)


def test_a_killed_monitor_has_recorded_all_but_the_last_second(world, start_node, tmp_path, caplog):
    process = start_monitor(start_node, tmp_path)
    avatar = world.add(Avatar())
    world.until(lambda: avatar.is_heard)
    world.run(0.5)
    speak(world, avatar, 1.8)
    world.run(0.2)
    process.kill()
    process.wait()
    found = recorded(tmp_path / 'session.mcap')
    for topic, sent in avatar.sent.items():
        heard = found[f'/{topic.lstrip("/")}']
        assert len(sent) - 50 <= len(heard) <= len(sent)
        assert all(map(same, sent[: len(heard)], heard))
    assert len(read_mcap(tmp_path / 'session.mcap')[0]) > 30
    assert not caplog.text


def test_a_full_disk_ends_the_recording_and_not_the_node(world, start_node, tmp_path):
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=160k', 'tmpfs', str(tmp_path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f'no small disk can be mounted here: {mounted.stderr.decode().strip()}')
    try:
        process = start_monitor(start_node, tmp_path)
        avatar = world.add(Avatar())
        world.until(lambda: avatar.is_heard)
        world.run(0.5)
        speak(world, avatar, 2.0)
        assert process.poll() is None and avatar.is_heard
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        found = recorded(tmp_path / 'session.mcap')
        length = len(read_mcap(tmp_path / 'session.mcap')[0])
    finally:
        subprocess.run(['umount', str(tmp_path)], check=True)
    stops = [line for line in said.splitlines() if 'stopped: No space left on device' in line]
    assert len(stops) == 1 and 'Traceback' not in said
    assert 10 < length < 100
    for topic, sent in avatar.sent.items():
        heard = found[f'/{topic.lstrip("/")}']
        assert len(heard) < len(sent) and all(map(same, sent[: len(heard)], heard))
    # There is no room for the other files either.
    assert process.returncode == 2 and said.splitlines()[-1].startswith('error: cannot write')


def test_an_unwritable_folder_is_refused_at_once(ros, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='cannot write'):
        MonitorNode(parameter_overrides=overrides(record=str(tmp_path / 'file')))


def test_without_the_mcap_packages_the_motion_is_recorded(world, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'mcap', None)
    avatar = world.add(Avatar())
    monitor = world.add(MonitorNode(parameter_overrides=overrides(record=str(tmp_path))))
    world.until(lambda: monitor.count_publishers('face') and avatar.count_subscribers('face'))
    world.until(lambda: avatar.publish(np.random.default_rng(0)) or monitor.recording.frames > 5)
    assert not (tmp_path / 'session.mcap').exists()
    assert {path.name for path in monitor.write()} == {path.name for path in tmp_path.iterdir()}
