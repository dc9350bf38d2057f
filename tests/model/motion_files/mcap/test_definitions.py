"""Message definitions that are known without ROS."""

import re
import sys
from pathlib import Path

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.mcap.definitions import (
    AVATAR_TOPICS,
    DEFINITIONS,
    FACE_TRAJECTORY,
    check_schema,
    schema_text,
)
from tests.support.paths import ROOT


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
