"""Conversions between arrays and messages, also over the wire format."""

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the messages need ROS 2')

from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_ros.msg import AudioChunk, FaceBlendshapes, FacePoint, FaceTrajectory
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.messages import AudioPiece

START_NS = 1_700_000_000_987_654_321


def over_the_wire(message):
    """The message as a subscriber gets it."""
    return deserialize_message(serialize_message(message), type(message))


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize('time_ns', [0, 1, 999_999_999, 1_000_000_000, START_NS, 2**31 * 10**9 - 1])
def test_stamps_are_exact(time_ns):
    assert messages.from_stamp(messages.to_stamp(time_ns)) == time_ns


@pytest.mark.parametrize('time_ns', [-1, 2**31 * 10**9])
def test_a_time_that_no_stamp_holds_is_refused(time_ns):
    with pytest.raises(ValueError, match=f'time_ns = {time_ns}'):
        messages.to_stamp(time_ns)


@pytest.mark.parametrize('duration_ns', [-1, -1_500_000_000, 0, 66_666_667, 10**12])
def test_durations_are_exact_also_below_zero(duration_ns):
    duration = messages.to_duration(duration_ns)
    assert messages.from_duration(duration) == duration_ns
    assert 0 <= duration.nanosec < 10**9


def test_audio_comes_back_bit_for_bit():
    samples = normal(1600).astype(np.float32)
    piece = AudioPiece('hello', 2**40, 48_000, samples, START_NS, True)
    back = messages.read_audio_chunk(over_the_wire(messages.audio_chunk(piece)))
    assert back.samples.dtype == np.float32
    np.testing.assert_array_equal(back.samples, samples)
    assert back._replace(samples=None) == piece._replace(samples=None)


def test_the_stamp_of_sound_leaves_room_for_a_delay():
    chunk, emphasis = AudioChunk(), messages.Emphasis()
    for message in (chunk, emphasis):
        message.header.stamp = messages.to_stamp(2**31 * 10**9 - 1)
    for start_ns in (
        messages.read_audio_chunk(chunk).start_ns,
        messages.read_emphasis(emphasis)[0],
    ):
        messages.to_stamp(start_ns + 2 * 3600 * 10**9)


@pytest.mark.parametrize(('sec', 'nanosec'), [(-1, 0), (0, 10**9), (-(2**31), 2**32 - 1)])
def test_what_is_no_time_is_refused_in_every_message(sec, nanosec):
    for read, kind in (
        (messages.read_audio_chunk, AudioChunk),
        (messages.read_emphasis, messages.Emphasis),
        (messages.read_face_blendshapes, FaceBlendshapes),
        (messages.read_face_trajectory, FaceTrajectory),
        (messages.read_joint_state, JointState),
        (messages.read_joint_trajectory, JointTrajectory),
    ):
        message = kind()
        message.header.stamp = messages.Time(sec=sec, nanosec=nanosec)
        with pytest.raises(InputError, match='a stamp has sec'):
            read(message)


@pytest.mark.parametrize('view', [slice(None, None, 3), slice(None, None, -1)])
def test_audio_may_be_a_view_or_doubles(view):
    samples = normal(300)[view]
    message = messages.audio_chunk(AudioPiece('a', 0, 16_000, samples, 0, False))
    np.testing.assert_array_equal(message.samples, samples.astype(np.float32))


def test_a_chunk_that_only_ends_has_no_samples():
    piece = AudioPiece('a', 320, 16_000, np.zeros(0, np.float32), START_NS, True)
    back = messages.read_audio_chunk(over_the_wire(messages.audio_chunk(piece)))
    assert back.samples.shape == (0,) and back.end


def test_samples_that_were_read_cannot_change_the_message():
    piece = messages.read_audio_chunk(AudioChunk(samples=[0.5]))
    with pytest.raises(ValueError, match='read-only'):
        piece.samples[0] = 1.0


def test_what_is_no_number_is_handed_on_for_the_buffer_to_judge():
    message = messages.audio_chunk(AudioPiece('a', 0, 16_000, np.array([np.nan, np.inf]), 0, False))
    samples = messages.read_audio_chunk(over_the_wire(message)).samples
    assert np.isnan(samples[0]) and np.isinf(samples[1])


def test_stereo_is_refused():
    with pytest.raises(ValueError, match=r'shape \(n,\)'):
        messages.audio_chunk(AudioPiece('a', 0, 16_000, np.zeros((10, 2)), 0, False))


def test_face_comes_back():
    weights = normal(len(BEAT.weight_names)).astype(np.float32)
    message = messages.face_blendshapes(
        BEAT.weight_names, weights, time_ns=START_NS, utterance_id='u'
    )
    face = messages.read_face_blendshapes(over_the_wire(message))
    assert face.names == BEAT.weight_names and face.utterance_id == 'u'
    np.testing.assert_array_equal(face.weights, weights[np.newaxis])
    np.testing.assert_array_equal(face.times_ns, [START_NS])


def test_face_trajectory_comes_back():
    names = ('jawOpen', 'eyeBlinkLeft')
    weights = normal(5, 2).astype(np.float32)
    times_ns = [START_NS + round(frame * 1e9 / 15) for frame in range(5)]
    message = messages.face_trajectory(names, weights, times_ns, utterance_id='u')
    assert messages.from_stamp(message.header.stamp) == START_NS
    assert messages.from_duration(message.points[0].time_from_start) == 0
    face = messages.read_face_trajectory(over_the_wire(message))
    assert face.names == names and face.utterance_id == 'u'
    np.testing.assert_array_equal(face.weights, weights)
    np.testing.assert_array_equal(face.times_ns, times_ns)


def test_joints_are_named_with_their_axes_in_order():
    assert messages.revolute_names(['Spine', 'RightForeArm']) == [
        'Spine_x', 'Spine_y', 'Spine_z', 'RightForeArm_x', 'RightForeArm_y', 'RightForeArm_z',
    ]  # fmt: skip
    assert messages.human_names(messages.revolute_names(BEAT.joint_names)) == BEAT.joint_names


@pytest.mark.parametrize('with_velocities', [True, False])
def test_joint_state_comes_back(with_velocities):
    joints = len(BEAT.joint_names)
    angles = normal(joints, 3)
    velocities = 2 * angles if with_velocities else None
    message = messages.joint_state(
        BEAT.joint_names, angles, time_ns=START_NS, velocities=velocities
    )
    assert message.name[3:6] == [f'{BEAT.joint_names[1]}_{axis}' for axis in 'xyz']
    assert list(message.position[3:6]) == list(angles[1])
    body = messages.read_joint_state(over_the_wire(message))
    assert body.joint_names == BEAT.joint_names
    np.testing.assert_array_equal(body.angles, angles[np.newaxis])
    np.testing.assert_array_equal(body.times_ns, [START_NS])
    if with_velocities:
        np.testing.assert_array_equal(body.velocities, velocities[np.newaxis])
    else:
        assert body.velocities is None


def test_joint_trajectory_comes_back():
    names = ('Spine', 'Neck')
    angles, velocities = normal(4, 2, 3), 3 * normal(4, 2, 3)
    times_ns = START_NS + np.arange(4) * 66_666_667
    message = messages.joint_trajectory(names, angles, velocities, times_ns)
    assert messages.from_stamp(message.header.stamp) == START_NS
    body = messages.read_joint_trajectory(over_the_wire(message))
    assert body.joint_names == names
    np.testing.assert_array_equal(body.angles, angles)
    np.testing.assert_array_equal(body.velocities, velocities)
    np.testing.assert_array_equal(body.times_ns, times_ns)


def test_wrong_shapes_are_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r'weights must have shape \(2,\), got \(3,\)'):
        messages.face_blendshapes(['a', 'b'], np.zeros(3), time_ns=0)
    with pytest.raises(ValueError, match=r'weights must have shape \(1, 2\), got \(2,\)'):
        messages.face_trajectory(['a', 'b'], np.zeros(2), [0], utterance_id='')
    with pytest.raises(ValueError, match=r'angles must have shape \(1, 3\), got \(3,\)'):
        messages.joint_state(['Spine'], np.zeros(3), time_ns=0)
    with pytest.raises(ValueError, match='at least one point'):
        messages.joint_trajectory(['Spine'], np.zeros((0, 1, 3)), np.zeros((0, 1, 3)), [])


@pytest.mark.parametrize(
    ('read', 'message'),
    [
        (messages.read_face_blendshapes, FaceBlendshapes(names=['a', 'b'], weights=[0.5])),
        (messages.read_face_trajectory, FaceTrajectory(names=['a'], points=[FacePoint()])),
        (messages.read_joint_state, JointState(name=['a_x', 'a_y', 'a_z'], position=[0.0])),
        (messages.read_joint_state, JointState(name=['shoulder_pan'], position=[0.0])),
        (messages.read_joint_state, JointState(name=['a_y', 'a_x', 'a_z'], position=[0.0] * 3)),
        (messages.read_joint_trajectory, JointTrajectory(joint_names=['a_x', 'a_y'])),
    ],
)
def test_messages_whose_parts_do_not_fit_are_refused_in_one_line(read, message):
    with pytest.raises(InputError) as caught:
        read(message)
    assert '\n' not in str(caught.value)


def test_empty_messages_are_read_as_nothing():
    assert messages.read_audio_chunk(AudioChunk()).samples.shape == (0,)
    assert messages.read_face_blendshapes(FaceBlendshapes()).weights.shape == (1, 0)
    assert messages.read_face_trajectory(FaceTrajectory()).weights.shape == (0, 0)
    assert messages.read_joint_state(JointState()).angles.shape == (1, 0, 3)
    assert messages.read_joint_trajectory(JointTrajectory()).angles.shape == (0, 0, 3)
