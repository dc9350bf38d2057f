"""The replay node, over real DDS and as a process."""

import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')
pytest.importorskip('mcap', reason='recordings need the extra mcap')

from mcap.writer import Writer
from rclpy.serialization import serialize_message

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import euler_xyz_unwrapped
from diffsheg_model.motion_files import write_npz
from diffsheg_model.motion_files.mcap.definitions import AVATAR_TOPICS, schema_text
from diffsheg_model.motion_files.mcap.motion import write_mcap
from diffsheg_model.motion_files.mcap.recorder import McapRecorder
from diffsheg_model.time_units import NS
from diffsheg_ros.nodes.replay import ReplayNode
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.messages import from_duration, from_stamp
from tests.support.bundles import speech_like
from tests.support.ros_world import Watcher, World, overrides

pytestmark = [pytest.mark.ros, pytest.mark.untimed]

T0 = 1_600_000_000 * NS
RATE = 16000
FRAMES, FPS = 15, 30.0
JOINTS, NAMES = ('Spine', 'Head'), ('jawOpen', 'mouthClose')


@pytest.fixture(scope='module')
def motion() -> Motion:
    rng = np.random.default_rng(0)
    rotations = rng.uniform(-1, 1, (FRAMES, len(JOINTS), 3)).astype(np.float32)
    return Motion(FPS, JOINTS, rotations, NAMES, rng.random((FRAMES, len(NAMES)), np.float32))


@pytest.fixture(scope='module')
def audio() -> np.ndarray:
    return speech_like(FRAMES / FPS, RATE)


@pytest.fixture(scope='module')
def recording(tmp_path_factory, motion, audio):
    path = tmp_path_factory.mktemp('replay') / 'a.mcap'
    write_mcap(path, motion, audio, RATE, start_ns=T0, namespace='then', utterance_id='u')
    return path


@pytest.fixture(scope='module')
def planned(tmp_path_factory):
    """Trajectories, 0.1 s ahead of their time."""
    path = tmp_path_factory.mktemp('replay') / 'b.mcap'
    times = [T0 + NS // 10, T0 + 2 * NS // 10]
    face = messages.face_trajectory(NAMES, np.zeros((2, 2)), times, utterance_id='u')
    angles = np.ones((2, 2, 3))
    joints = messages.joint_trajectory(JOINTS, angles, 3 * angles, times)
    recorder = McapRecorder(path)
    for topic, message in (('face_trajectory', face), ('joint_trajectory', joints)):
        data = serialize_message(message)
        recorder.add(f'/{topic}', AVATAR_TOPICS[topic], data, T0)
    recorder.add('/joint_trajectory', AVATAR_TOPICS['joint_trajectory'], b'\0\1\0\0', T0 + 1)
    recorder.close()
    return path


@pytest.fixture
def play(world: World):
    """Start a replay whose subscribers receive all messages."""

    def play(path, **values) -> tuple[ReplayNode, Watcher]:
        watcher = world.add(Watcher('/now'))
        parameters = overrides(file=str(path), **values)
        node = ReplayNode(namespace='/now', parameter_overrides=parameters)
        publishers = list(node.outputs.values())
        world.until(lambda: all(publisher.get_subscription_count() for publisher in publishers))
        world.run(0.5)
        return world.add(node), watcher

    return play


def stamps(heard) -> np.ndarray:
    return np.array([from_stamp(message.header.stamp) for message in heard])


def test_a_recording_is_replayed_with_present_times(world, play, recording, motion, audio):
    node, watcher = play(recording)
    begun_ns = time.time_ns()
    world.until(lambda: node.finished)
    ended_ns = time.time_ns()
    world.until(lambda: len(watcher.faces) == len(watcher.joints) == FRAMES)
    world.until(lambda: watcher.audio[-1].end_of_utterance)
    assert node.exit_status == 0
    start_ns = from_stamp(watcher.faces[0].header.stamp)
    assert begun_ns <= start_ns < ended_ns
    even = start_ns + np.round(np.arange(FRAMES) * NS / FPS).astype(np.int64)
    np.testing.assert_array_equal(stamps(watcher.faces), even)
    np.testing.assert_array_equal(stamps(watcher.joints), even)
    assert even[-1] <= ended_ns
    firsts = np.array([chunk.first_sample for chunk in watcher.audio])
    np.testing.assert_array_equal(stamps(watcher.audio), start_ns + firsts * NS // RATE)
    weights = np.array([face.weights for face in watcher.faces])
    np.testing.assert_array_equal(weights, motion.weights)
    positions = np.array([joints.position for joints in watcher.joints]).reshape(FRAMES, -1, 3)
    np.testing.assert_array_equal(positions, euler_xyz_unwrapped(motion.rotations))
    np.testing.assert_array_equal(np.concatenate([c.samples for c in watcher.audio]), audio)
    # All messages have the name of one new utterance.
    names = {message.utterance_id for message in [*watcher.faces, *watcher.audio]}
    assert names == {f'u-{start_ns}'}


def test_a_motion_file_is_replayed(world, play, motion, tmp_path):
    write_npz(tmp_path / 'motion.npz', motion)
    node, watcher = play(tmp_path / 'motion.npz')
    world.until(lambda: node.finished)
    world.until(lambda: len(watcher.faces) == len(watcher.joints) == FRAMES)
    np.testing.assert_array_equal([face.weights for face in watcher.faces], motion.weights)
    taken = np.diff(stamps(watcher.joints))
    np.testing.assert_allclose(taken, NS / FPS, atol=1)


def test_a_faster_replay_scales_all_times(world, play, planned):
    node, watcher = play(planned, rate=2.0)
    world.until(lambda: node.finished)
    world.until(lambda: watcher.face_stretches and watcher.joint_stretches)
    # The third message is invalid, and is left out.
    assert node.exit_status == 0 and len(watcher.joint_stretches) == 1
    face, joints = watcher.face_stretches[0], watcher.joint_stretches[0]
    assert face.header == joints.header
    start_ns = int(face.utterance_id.removeprefix('u-'))
    assert from_stamp(face.header.stamp) == start_ns + NS // 20
    for points in (face.points, joints.points):
        assert [from_duration(point.time_from_start) for point in points] == [0, NS // 20]
    np.testing.assert_array_equal(joints.points[0].positions, 1.0)
    np.testing.assert_array_equal(joints.points[0].velocities, 6.0)


def test_each_round_of_a_loop_has_new_names_and_times(world, play, recording):
    node, watcher = play(recording, loop=True, loop_pause_s=0.2, topics='face', rate=4.0)
    world.until(lambda: len(watcher.faces) > 2 * FRAMES)
    assert not node.finished and not watcher.joints and not watcher.audio
    assert watcher.count_publishers('joint_states') == 0
    first, second = stamps(watcher.faces[:FRAMES]), stamps(watcher.faces[FRAMES : 2 * FRAMES])
    np.testing.assert_array_equal(np.diff(first), np.diff(second))
    assert second[0] - first[-1] >= 0.2 * NS
    assert watcher.faces[0].utterance_id != watcher.faces[FRAMES].utterance_id


@pytest.fixture(scope='module')
def two_avatars(tmp_path_factory):
    recorder = McapRecorder(tmp_path_factory.mktemp('replay') / 'c.mcap')
    for space, value in (('', 0.25), ('/b', 0.5)):
        face = messages.face_blendshapes(NAMES, np.full(2, value), time_ns=T0)
        data = serialize_message(face)
        recorder.add(f'{space}/face', AVATAR_TOPICS['face'], data, T0)
    recorder.close()
    return recorder._path


@pytest.mark.parametrize(('namespace', 'value'), [('/', 0.25), ('b', 0.5)])
def test_one_of_several_avatars_is_replayed(world, play, two_avatars, namespace, value):
    node, watcher = play(two_avatars, recorded_namespace=namespace)
    world.until(lambda: node.finished and watcher.faces)
    assert [set(face.weights) for face in watcher.faces] == [{value}]


def test_a_topic_of_another_program_is_left_out(world, play, tmp_path):
    with open(tmp_path / 'd.mcap', 'wb') as file:
        writer = Writer(file)
        writer.start(profile='ros2')
        face = serialize_message(messages.face_blendshapes(NAMES, np.zeros(2), time_ns=T0))
        for topic, kind, text, data in (
            ('/audio', 'std_msgs/msg/Bool', 'bool data\n', b'\0\1\0\0\1'),
            ('/face', AVATAR_TOPICS['face'], schema_text(AVATAR_TOPICS['face']), face),
        ):
            schema = writer.register_schema(kind, 'ros2msg', text.encode())
            writer.add_message(writer.register_channel(topic, 'cdr', schema), T0, data, T0)
        writer.finish()
    node, watcher = play(tmp_path / 'd.mcap')
    world.until(lambda: node.finished and watcher.faces)
    assert set(node.outputs) == {'face'} and not watcher.audio
    with pytest.raises(InputError, match='/audio was recorded as std_msgs/msg/Bool'):
        ReplayNode(parameter_overrides=overrides(file=str(tmp_path / 'd.mcap'), topics='audio'))


def test_unusable_files_are_refused_at_once(ros, tmp_path, recording, two_avatars, motion):
    write_npz(tmp_path / 'motion.npz', motion)
    write_npz(tmp_path / 'none.npz', motion[0:0])
    with np.load(tmp_path / 'motion.npz') as stored:
        np.savez(tmp_path / 'still.npz', **{**stored, 'fps': np.float64(0.0)})
    (tmp_path / 'text.mcap').write_text('no recording')
    (tmp_path / 'text.npz').write_text('no motion')
    McapRecorder(tmp_path / 'empty.mcap').close()
    for values, words in (
        ({'file': ''}, 'parameter file is empty'),
        ({'file': str(tmp_path / 'missing.mcap')}, 'No such file'),
        ({'file': str(tmp_path / 'missing.npz')}, 'No such file'),
        ({'file': str(tmp_path / 'text.mcap')}, 'is not an MCAP file'),
        ({'file': str(tmp_path / 'text.npz')}, 'not a readable npz file'),
        ({'file': str(tmp_path / 'none.npz')}, r'none\.npz: the motion has no frames'),
        ({'file': str(tmp_path / 'still.npz')}, r'still\.npz: the motion has 0 frames a second'),
        ({'file': str(tmp_path / 'empty.mcap')}, 'has no topics audio or face or'),
        (
            {'file': str(recording), 'topics': 'face, body'},
            'body is unknown; known are audio, face',
        ),
        ({'file': str(recording), 'topics': 'face_trajectory'}, 'has no topics face_trajectory'),
        (
            {'file': str(recording), 'topics': 'face,face_trajectory'},
            'has no topic /then/face_traj',
        ),
        ({'file': str(recording), 'recorded_namespace': '/'}, 'only in /then'),
        ({'file': str(two_avatars)}, 'choose a namespace out of /, /b'),
        ({'file': str(tmp_path / 'motion.npz'), 'topics': 'audio'}, 'has no audio'),
    ):
        with pytest.raises(InputError, match=words) as error:
            ReplayNode(parameter_overrides=overrides(**values))
        assert '\n' not in str(error.value)


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, '-m', 'diffsheg_ros.nodes.replay', '--ros-args', *arguments],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_process_plays_and_ends(recording):
    ran = run('-p', f'file:={recording}')
    assert ran.returncode == 0, ran.stderr
    assert 'playing audio, face, joint_states' in ran.stderr and 'played 43 messages' in ran.stderr


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [(['-p', 'file:=/nowhere.mcap'], '/nowhere.mcap'), (['-p', 'rate:=0.0'], 'rate = 0.0')],
    ids=['missing file', 'bad parameter'],
)
def test_the_process_reports_errors_in_one_line(arguments, words):
    ran = run(*arguments)
    assert ran.returncode == 2
    assert ran.stderr.startswith('error: ') and words in ran.stderr
    assert ran.stderr.count('\n') == 1 and not ran.stdout
