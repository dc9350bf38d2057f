"""The launch file's arguments, checked before anything starts."""

import pytest

from diffsheg_model.errors import InputError
from diffsheg_ros.startup.launch_arguments import (
    check_names,
    check_values,
    loudspeaker_switch,
)
from tests.support.paths import ROOT

CONFIG = ROOT / 'config' / 'avatar.yaml'
KNOWN = ('preset', 'audio_file', 'viewer', 'log_level', 'params_file')
GIVEN = {
    'audio_file': '',
    'bundle': '',
    'preset': '',
    'params_file': str(CONFIG),
    'viewer': 'true',
    'log_level': 'info',
    'port': '',
}


@pytest.mark.parametrize(
    ('name', 'words'),
    [('prest', 'did you mean preset?'), ('audio', 'audio_file'), ('zzz', 'there are audio_file')],
)
def test_an_argument_that_launch_would_ignore_is_named(name, words):
    line = ['ros2', 'launch', 'diffsheg_ros', 'avatar.launch.py', 'preset:=quality', f'{name}:=x']
    with pytest.raises(InputError, match=f'no argument {name}: .*{words.replace("?", ".")}'):
        check_names(line, 'avatar.launch.py', KNOWN)


def test_the_arguments_of_a_launch_file_that_includes_this_one_are_its_own():
    check_names(['ros2', 'launch', 'robot.launch.py', 'arms:=2'], 'avatar.launch.py', KNOWN)
    check_names(
        ['ros2', 'launch', '/ws/launch/avatar.launch.py', 'preset:=a', 'launch-prefix:=gdb'],
        'avatar.launch.py',
        KNOWN,
    )


def test_the_defaults_are_right():
    check_values(GIVEN, ['viewer'])
    check_values({**GIVEN, 'port': '0'}, ['viewer'])


@pytest.mark.parametrize(
    ('name', 'value', 'words'),
    [
        ('viewer', 'yes', 'must be true or false'),
        ('preset', 'fast', 'low_latency'),
        ('log_level', 'loud', 'must be debug, info, warn, error or fatal'),
        ('audio_file', '/nowhere/speech.wav', 'no such file'),
        ('bundle', '/nowhere/bundle', 'no such file'),
        ('params_file', '/nowhere/a.yaml', 'cannot be read'),
        ('audio_file', str(CONFIG.parent), 'is a folder'),
        ('port', 'abc', '0 to 65535'),
        ('port', '65536', '0 to 65535'),
        ('port', '-1', '0 to 65535'),
        ('port', '٣', '0 to 65535'),
    ],
)
def test_a_value_that_cannot_be_right_is_named(name, value, words):
    with pytest.raises(InputError) as raised:
        check_values({**GIVEN, name: value}, ['viewer'])
    assert name in str(raised.value) or name == 'params_file'
    assert value in str(raised.value) and words in str(raised.value)
    assert '\n' not in str(raised.value)


@pytest.mark.parametrize(
    ('loudspeaker', 'speaker', 'value', 'warns'),
    [
        ('false', '', 'false', False), ('true', '', 'true', False), ('false', 'true', 'true', True),
        ('true', 'true', 'true', True), ('false', 'False', 'False', True),
    ],
)  # fmt: skip
def test_the_former_name_of_loudspeaker_is_accepted_with_a_warning(
    loudspeaker, speaker, value, warns
):
    found, note = loudspeaker_switch({'loudspeaker': loudspeaker, 'speaker': speaker})
    assert found == value and bool(note) == ('called loudspeaker now' in note) == warns


@pytest.mark.parametrize(('loudspeaker', 'speaker'), [('true', 'false'), ('false', 'yes')])
def test_a_former_name_with_another_value_is_refused(loudspeaker, speaker):
    with pytest.raises(InputError, match=f'speaker:={speaker}'):
        loudspeaker_switch({'loudspeaker': loudspeaker, 'speaker': speaker})
