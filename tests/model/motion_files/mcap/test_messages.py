"""Message definitions and bytes that are made without ROS."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion_files.mcap.messages import (
    AVATAR_TOPICS,
    DEFINITIONS,
    FACE_TRAJECTORY,
    audio_chunk_bytes,
    check_schema,
    face_bytes,
    joint_state_bytes,
    schema_text,
)
from tests.support.bundles import speech_like
from tests.support.paths import ROOT

T0 = 1_700_000_000_123_456_789
RATE = 22050


def lines_of(text: str) -> list[str]:
    """A definition without comments, empty lines and spaces that mean nothing."""
    lines = (' '.join(line.split('#')[0].split()) for line in text.splitlines())
    return [re.sub(r' ?= ?', '=', line) for line in lines if line]


@pytest.mark.parametrize('kind', sorted(DEFINITIONS))
def test_definitions_are_those_of_the_message_files(kind):
    package, _, name = kind.split('/')
    folder = ROOT if package == 'diffsheg_ros' else Path(sys.prefix) / 'share' / package
    path = folder / 'msg' / f'{name}.msg'
    if not path.exists():
        pytest.skip(f'{package} is not installed here')
    assert lines_of(DEFINITIONS[kind]) == lines_of(path.read_text(encoding='utf-8'))


def test_every_message_file_has_its_definition():
    own = {f'diffsheg_ros/msg/{path.stem}' for path in (ROOT / 'msg').glob('*.msg')}
    assert own == {kind for kind in DEFINITIONS if kind.startswith('diffsheg_ros/')}


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


def test_comments_and_ways_to_name_a_type_make_no_other_definition():
    text = schema_text(FACE_TRAJECTORY)
    for same in (
        text.replace('\n', '\r\n'),
        text.replace(
            'FacePoint[] points', '# what is shown\ndiffsheg_ros/msg/FacePoint[]  points # x'
        ),
        text.replace('MSG: std_msgs/Header', 'MSG: std_msgs/msg/Header'),
        f'{text}\n=====\nMSG: std_msgs/Bool\nbool data\n',
    ):
        assert same != text
        check_schema('/x', FACE_TRAJECTORY, 'ros2msg', same)
    for other, part in (
        (text.replace('float32[] weights', 'float64[] weights'), 'diffsheg_ros/FacePoint'),
        (text.replace('string[] names\n', ''), 'diffsheg_ros/FaceTrajectory'),
        (text.replace('string frame_id', 'string frame_id\nuint32 seq'), 'std_msgs/Header'),
        (text.split('=====')[0], 'builtin_interfaces/Duration'),
        ('', 'diffsheg_ros/FaceTrajectory'),
    ):
        with pytest.raises(InputError, match=f'topic /x: {part} was recorded'):
            check_schema('/x', FACE_TRAJECTORY, 'ros2msg', other)


def test_every_definition_is_complete():
    for kind in AVATAR_TOPICS.values():
        text = schema_text(kind)
        parts = set(re.findall(r'^MSG: (\S+)$', text, re.MULTILINE))
        named = set(re.findall(r'^([a-z_]+/\w+)', text, re.MULTILINE))
        assert named <= parts


def test_a_time_that_ros_cannot_hold_is_refused():
    for time_ns in (-1, 2**31 * 10**9):
        with pytest.raises(InputError, match='must be from 0 to'):
            face_bytes(time_ns, 'u', ['jawOpen'], np.zeros(1))
