"""Bytes of messages that are written and read without ROS."""

import struct
from types import SimpleNamespace

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion_files.mcap.definitions import (
    AVATAR_TOPICS,
    DIAGNOSTIC_ARRAY,
    FACE_BLENDSHAPES,
    JOINT_STATE,
    layout_of,
    schema_text,
)
from diffsheg_model.motion_files.mcap.messages import (
    audio_chunk_bytes,
    decoder_of,
    face_bytes,
    joint_state_bytes,
)
from tests.support.bundles import speech_like

T0 = 1_700_000_000_123_456_789
RATE = 22050


def test_ros_reads_the_bytes_as_its_own():
    pytest.importorskip('rclpy', reason='the messages need ROS 2')
    from rclpy.serialization import deserialize_message

    from diffsheg_ros.ros import messages

    rng = np.random.default_rng(0)
    names, joints = BEAT.weight_names, BEAT.joint_names
    weights = rng.random(len(names), dtype=np.float32)
    angles = rng.uniform(-9, 9, (len(joints), 3))
    pairs = [
        (
            face_bytes(T0, 'ä', names, weights),
            messages.face_blendshapes(names, weights, time_ns=T0, utterance_id='ä'),
        ),
        (joint_state_bytes(T0, joints, angles), messages.joint_state(joints, angles, time_ns=T0)),
    ]
    for samples, end in ((speech_like(0.04, RATE), False), (np.zeros(0, np.float32), True)):
        piece = messages.AudioPiece('utterance', 7, RATE, samples, T0, end)
        ours = audio_chunk_bytes(T0, 'utterance', 7, RATE, samples, end)
        pairs.append((ours, messages.audio_chunk(piece)))
    for ours, message in pairs:
        assert deserialize_message(ours, type(message)) == message


def test_a_time_that_ros_cannot_hold_is_refused():
    for time_ns in (-1, 2**31 * 10**9):
        with pytest.raises(InputError, match='must be from 0 to'):
            face_bytes(time_ns, 'u', ['jawOpen'], np.zeros(1))


def example(kind: str, depth: int = 0) -> dict[str, object]:
    """Return values for the fields of a type, other ones for each field."""
    values: dict[str, object] = {}
    for place, (field, name) in enumerate(layout_of(kind), start=depth + 1):
        element, bracket, _ = field.partition('[')
        one: object = place % 2 == 0 if element == 'bool' else place
        if element == 'string':
            one = 'ä' * place
        elif element.startswith('float'):
            one = place / 4
        elif '/' in element:
            one = SimpleNamespace(**example(element, place))
        values[name] = [one] * (place % 4) if bracket else one
    return values


def plain(message: object) -> object:
    """Return a message as dictionaries and lists."""
    if isinstance(message, np.ndarray | list):
        return [plain(each) for each in message]
    if hasattr(message, '__dict__') or hasattr(message, '__slots__'):
        names = getattr(message, '__slots__', None) or vars(message)
        return {name: plain(getattr(message, name)) for name in names}
    return message


def encoded(kind: str, message: object) -> bytes:
    """Return the bytes of a message by another implementation."""
    dynamic = pytest.importorskip('mcap_ros2._dynamic')
    return dynamic.serialize_dynamic(kind, schema_text(kind))[kind](message)


@pytest.mark.parametrize('kind', [*AVATAR_TOPICS.values(), DIAGNOSTIC_ARRAY])
def test_decoded_messages_are_those_of_another_implementation(kind):
    message = SimpleNamespace(**example(kind))
    data = encoded(kind, message)
    decode = decoder_of(kind)
    assert plain(decode(data)) == plain(message)
    assert plain(decode(data)) == plain(message)  # with the names of the message before it
    for size in range(len(data)):
        with pytest.raises((ValueError, struct.error)):
            decode(data[:size])


def test_names_that_change_are_read_anew():
    decode = decoder_of(FACE_BLENDSHAPES)
    for names in (['jawOpen', 'a'], ['jawOpen', 'b'], ['jawOpen', 'b', 'c'], [], ['jawOpen', 'b']):
        weights = np.arange(len(names), dtype=np.float32)
        face = decode(face_bytes(T0, 'u', names, weights))
        assert list(face.names) == names
        np.testing.assert_array_equal(face.weights, weights)


def test_bytes_in_the_other_order_are_read():
    # Stamp, frame_id, one name, one position, no velocity and no effort
    layout = '>iIIcxxxII2sxxIdII'
    data = bytes(4) + struct.pack(layout, 7, 9, 1, b'\0', 1, 2, b'a\0', 1, 0.5, 0, 0)
    state = decoder_of(JOINT_STATE)(data)
    assert (state.header.stamp.sec, state.header.stamp.nanosec) == (7, 9)
    assert (state.name, state.position.tolist(), state.effort.tolist()) == (['a'], [0.5], [])


def test_counts_beyond_the_bytes_are_refused_before_memory_is_taken():
    data = face_bytes(T0, 'u', ['jawOpen'], np.zeros(1))
    many = data[:-8] + struct.pack('<I', 2**31) + data[-4:]
    with pytest.raises(ValueError, match='2147483648 elements in 4 bytes'):
        decoder_of(FACE_BLENDSHAPES)(many)
