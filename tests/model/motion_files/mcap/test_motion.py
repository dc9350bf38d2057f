"""Recordings: what is written is what the messages say, and comes back; cut off or not."""

import dataclasses
import logging
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip('mcap', reason='recordings need the extra mcap')
pytest.importorskip('rosbags', reason='read back with rosbags')

from mcap.reader import make_reader
from rosbags import rosbag2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.revolute_joints import revolute_names
from diffsheg_model.motion.rotations import euler_xyz_unwrapped, matrix_from_rotvec
from diffsheg_model.motion_files.mcap.definitions import (
    AUDIO_CHUNK,
    AVATAR_TOPICS,
    DEFINITIONS,
    DIAGNOSTIC_ARRAY,
    FACE_BLENDSHAPES,
    JOINT_STATE,
    schema_text,
)
from diffsheg_model.motion_files.mcap.messages import (
    audio_chunk_bytes,
)
from diffsheg_model.motion_files.mcap.motion import read_mcap, write_mcap
from diffsheg_model.motion_files.mcap.reader import read_topics
from diffsheg_model.time_units import NS
from tests.support.mcap_files import T0, body_at, face_at, record, with_rosbags
from tests.support.mcap_motions import (  # noqa: F401
    RATE,
    audio,
    make_motion,
    motion,
    recording,
)


def same_rotations(left: Motion, right: Motion, atol: float = 1e-5) -> None:
    np.testing.assert_allclose(
        matrix_from_rotvec(left.rotations), matrix_from_rotvec(right.rotations), atol=atol
    )


def test_another_reader_finds_every_value(recording, motion, audio):
    found = with_rosbags(recording)
    assert [time_ns for _, time_ns, _ in found] == sorted(time_ns for _, time_ns, _ in found)
    by_topic = {topic: [] for topic in ('/face', '/joint_states', '/audio')}
    for topic, time_ns, message in found:
        assert message.header.stamp.sec * NS + message.header.stamp.nanosec == time_ns
        by_topic[topic].append((time_ns, message))
    angles = euler_xyz_unwrapped(motion.rotations)
    assert len(by_topic['/face']) == len(by_topic['/joint_states']) == len(motion)
    for index, (time_ns, face) in enumerate(by_topic['/face']):
        assert time_ns == T0 + round(index * NS / motion.fps)
        assert face.utterance_id == 'äu 1' and tuple(face.names) == motion.weight_names
        np.testing.assert_array_equal(face.weights, motion.weights[index])
    for index, (time_ns, joints) in enumerate(by_topic['/joint_states']):
        assert time_ns == T0 + round(index * NS / motion.fps)
        assert joints.name == revolute_names(motion.joint_names)
        np.testing.assert_array_equal(joints.position, angles[index].ravel())
        assert len(joints.velocity) == len(joints.effort) == 0
    first = 0
    for time_ns, chunk in by_topic['/audio']:
        assert time_ns == T0 + first * NS // RATE
        assert (chunk.first_sample, chunk.sample_rate, chunk.utterance_id) == (first, RATE, 'äu 1')
        np.testing.assert_array_equal(chunk.samples, audio[first : first + 882])
        first += len(chunk.samples)
        assert chunk.end_of_utterance == (first == len(audio))
    assert first == len(audio)


def test_the_file_is_of_the_kind_that_ros_and_foxglove_open(recording):
    with recording.open('rb') as file:
        reader = make_reader(file, validate_crcs=True)
        summary = reader.get_summary()
        assert reader.get_header().profile == 'ros2'
    kinds = {f'/{topic}': AVATAR_TOPICS[topic] for topic in ('audio', 'face', 'joint_states')}
    assert {schema.encoding for schema in summary.schemas.values()} == {'ros2msg'}
    for channel in summary.channels.values():
        assert summary.schemas[channel.schema_id].name == kinds.pop(channel.topic)
        assert channel.message_encoding == 'cdr'
        assert channel.metadata == {'offered_qos_profiles': '[]'}
    assert not kinds
    assert all(index.compression == 'zstd' for index in summary.chunk_indexes)


@pytest.mark.parametrize('fps', [15.0, 30.0, 60.0, 30000 / 1001, 12.5, 240.0])
def test_what_was_written_is_read_back(tmp_path, audio, fps):
    motion = make_motion(fps, 50)
    path = tmp_path / 'motion.mcap'
    write_mcap(path, motion, audio, RATE, start_ns=T0, namespace='/robot1/')
    assert set(read_topics(path)) == {'/robot1/face', '/robot1/joint_states', '/robot1/audio'}
    back, sound, rate = read_mcap(path)
    assert back.fps == fps and len(back) == len(motion) and back.start_frame == 0
    assert (back.joint_names, back.weight_names) == (motion.joint_names, motion.weight_names)
    np.testing.assert_array_equal(back.weights, motion.weights)
    same_rotations(back, motion)
    np.testing.assert_array_equal(sound, audio)
    assert rate == RATE


def test_another_rate_is_interpolated(recording, motion):
    back, _, _ = read_mcap(recording, fps=30.0)
    np.testing.assert_array_equal(back.weights[::2], motion.weights)
    middle = (motion.weights[1:] + motion.weights[:-1]) / 2
    np.testing.assert_allclose(back.weights[1::2], middle, atol=1e-6)
    later, _, _ = read_mcap(recording, delay_s=1.0)
    np.testing.assert_array_equal(later.weights, motion.weights[15:])
    for fps in (0.0, -1.0, 0.5, np.nan):
        with pytest.raises(InputError, match='must be from 1 to 1000'):
            read_mcap(recording, fps=fps)


def test_a_motion_alone_begins_with_its_first_frame(tmp_path):
    motion = make_motion(start_frame=30, frames=3)
    write_mcap(tmp_path / 'a.mcap', motion, None, RATE)
    back, sound, rate = read_mcap(tmp_path / 'a.mcap')
    np.testing.assert_array_equal(back.weights, motion.weights)
    assert sound.shape == (0,) and rate == 16000


def test_a_motion_that_begins_later_than_its_sound_is_heard_with_it(tmp_path, audio):
    motion = make_motion(start_frame=15, frames=10)
    write_mcap(tmp_path / 'a.mcap', motion, audio, RATE)
    back, sound, _ = read_mcap(tmp_path / 'a.mcap')
    np.testing.assert_array_equal(back.weights[15:], motion.weights)
    np.testing.assert_array_equal(back.weights[:15], np.tile(motion.weights[:1], (15, 1)))
    np.testing.assert_array_equal(sound, audio)


def test_equal_motions_give_equal_files(tmp_path, recording, motion, audio):
    write_mcap(tmp_path / 'b.mcap', motion, audio, RATE, start_ns=T0, utterance_id='äu 1')
    assert (tmp_path / 'b.mcap').read_bytes() == recording.read_bytes()


@pytest.mark.parametrize('version', [8, 9])
def test_a_bag_of_another_writer_is_read(tmp_path, motion, audio, version):
    store = get_typestore(Stores.ROS2_JAZZY)
    store.register(get_types_from_msg(schema_text(FACE_BLENDSHAPES), FACE_BLENDSHAPES))
    store.register(get_types_from_msg(DEFINITIONS[AUDIO_CHUNK], AUDIO_CHUNK))
    types = store.types
    angles = euler_xyz_unwrapped(motion.rotations)
    empty = np.zeros(0)

    def header(time_ns: int):
        stamp = types['builtin_interfaces/msg/Time'](*divmod(time_ns, NS))
        return types['std_msgs/msg/Header'](stamp, 'somewhere')

    bag = tmp_path / 'bag'
    mcap = rosbag2.StoragePlugin.MCAP
    with rosbag2.Writer(bag, version=version, storage_plugin=mcap) as writer:

        def connect(topic: str, kind: str):
            connection = writer.add_connection(topic, kind, typestore=store)

            def write(time_ns: int, *fields: object) -> None:
                message = types[kind](header(time_ns), *fields)
                writer.write(connection, time_ns, store.serialize_cdr(message, kind))

            return write

        face = connect('/ns/r1/face', FACE_BLENDSHAPES)
        joints = connect('/ns/r1/joint_states', JOINT_STATE)
        sound = connect('/ns/r1/audio', AUDIO_CHUNK)
        other = writer.add_connection('/chatter', 'std_msgs/msg/String', typestore=store)
        text = types['std_msgs/msg/String']('hello')
        writer.write(other, T0, store.serialize_cdr(text, 'std_msgs/msg/String'))
        sound(T0, 'u', 0, RATE, audio, True)
        for index in range(len(motion)):
            time_ns = T0 + round(index * NS / motion.fps)
            face(time_ns, 'u', list(motion.weight_names), motion.weights[index])
            names = revolute_names(motion.joint_names)
            joints(time_ns, names, angles[index].ravel(), empty, empty)
    for path in (bag, next(bag.glob('*.mcap'))):
        back, heard, rate = read_mcap(path)
        np.testing.assert_array_equal(back.weights, motion.weights)
        same_rotations(back, motion)
        np.testing.assert_array_equal(heard, audio)
        assert rate == RATE


def test_of_several_avatars_one_is_chosen(tmp_path):
    messages = []
    for index in range(3):
        for value, space in ((0.1, '/a'), (0.2, '/b')):
            messages += [face_at(index, value, space), body_at(index, value, space)]
    path = record(tmp_path / 'a.mcap', *messages)
    with pytest.raises(InputError, match='several avatars: choose a namespace out of /a, /b'):
        read_mcap(path)
    with pytest.raises(InputError, match='no avatar in namespace /c, only in /a, /b'):
        read_mcap(path, namespace='c')
    motion, _, _ = read_mcap(path, namespace='b')
    np.testing.assert_allclose(motion.weights, 0.2)


def test_the_delay_is_that_of_the_recorded_diagnostics(tmp_path):
    pytest.importorskip('rclpy', reason='the messages need ROS 2')
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
    from rclpy.serialization import serialize_message

    values = [KeyValue(key='playout_delay_s', value='0.5')]
    status = DiagnosticStatus(name='r/avatar: motion', values=values, level=b'\0')
    other = DiagnosticStatus(name='avatar: motion', level=b'\0')
    diagnostics = serialize_message(DiagnosticArray(status=[status, other]))
    sound = audio_chunk_bytes(T0, 'u', 0, 10, np.ones(10, np.float32), True)
    faces = [
        message for k in range(11) for message in (face_at(k, k / 10, '/r'), body_at(k, 0, '/r'))
    ]
    path = record(
        tmp_path / 'a.mcap',
        ('/diagnostics', DIAGNOSTIC_ARRAY, diagnostics), ('/r/audio', AUDIO_CHUNK, sound), *faces,
    )  # fmt: skip
    motion, _, _ = read_mcap(path)
    np.testing.assert_allclose(motion.weights[:, 0], np.linspace(0.5, 1.0, 6), atol=1e-6)
    assert len(read_mcap(path, delay_s=0.0)[0]) == 11


def test_rows_with_nan_are_left_out_with_a_note(tmp_path, caplog):
    values = [0.0, 0.1, np.nan, 0.3]
    rows = [message for k, v in enumerate(values) for message in (face_at(k, v), body_at(k, v))]
    path = record(tmp_path / 'a.mcap', *rows, face_at(4, 0.4), ('/face', FACE_BLENDSHAPES, b'\0\1'))
    with caplog.at_level(logging.WARNING):
        motion, _, _ = read_mcap(path)
    np.testing.assert_allclose(motion.weights[:, 0], [0, 0.1, 0.2, 0.3, 0.4], atol=1e-6)
    assert '2 messages of face and joint_states have NaN' in caplog.text
    assert '1 messages cannot be read' in caplog.text


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, motion, audio):
    path = tmp_path / 'a.mcap'
    bad = dataclasses.replace(motion, weights=motion.weights.copy())
    bad.weights[2, 3] = np.nan
    for wrong, sound, start_ns, words in (
        (motion[0:0], audio, 0, 'no frames'),
        (bad, audio, 0, 'not finite in frame 2'),
        (motion, np.full(3, np.inf, np.float32), 0, 'samples that are not finite'),
        (motion, audio, -1, 'must be from 0 to'),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            write_mcap(path, wrong, sound, RATE, start_ns=start_ns)
    with pytest.raises(InputError, match='cannot write'):
        write_mcap('/proc/none/a.mcap', motion, audio, RATE)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_may_not_grow_is_not_written_at_all(tmp_path):
    (tmp_path / 'a.mcap').write_text('earlier')
    code = """
import resource, sys
import numpy as np
from diffsheg_model.errors import InputError
from diffsheg_model.motion_files import write_mcap
from diffsheg_model.motion.motion import Motion
nothing = np.zeros((9, 0, 3), np.float32)
motion = Motion(15.0, (), nothing, ('jawOpen',), np.zeros((9, 1), np.float32))
resource.setrlimit(resource.RLIMIT_FSIZE, (99_999, 99_999))
noise = np.random.default_rng(1).uniform(-1, 1, 99_999).astype(np.float32)
try:
    write_mcap(sys.argv[1], motion, noise, 16000)
except InputError as error:
    print(error)
"""
    ran = subprocess.run(
        [sys.executable, '-c', code, tmp_path / 'a.mcap'],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    path = tmp_path / 'a.mcap'
    assert ran.stdout == f'cannot write {path}: File too large; nothing was changed there\n', ran
    assert [item.name for item in tmp_path.iterdir()] == [
        'a.mcap'
    ] and path.read_text() == 'earlier'
