"""The launch file's arguments and parameter files, checked before anything starts."""

import os

import pytest

from diffsheg_model.errors import InputError
from diffsheg_ros.startup.launch_arguments import (
    check_names,
    check_values,
    loudspeaker_switch,
)
from diffsheg_ros.startup.parameter_files import check_parameter_file
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


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('avatar: {ros__parameters: {prest: quality}}', 'parameter prest: did you mean preset?'),
        ('/**/speaker: {ros__parameters: {preset: quality}}', 'there is no parameter preset'),
        ('stage: {viewer: {ros__parameters: {prot: 1}}}', 'section /stage/viewer: .* port'),
        ('avtar: {ros__parameters: {preset: quality}}', 'did you mean avatar?'),
        ('/**: {ros__parameters: {use_sim_tme: true}}', 'did you mean use_sim_time?'),
        ('avatar: {ros__parameters: {idle: {deep: true}}}', 'no parameter idle.deep'),
        ('a: : b', 'is no YAML'),
    ],
)
def test_a_name_in_a_file_that_no_node_has_is_found(tmp_path, text, words):
    path = tmp_path / 'robot.yaml'
    path.write_text(text)
    with pytest.raises(InputError, match=words.replace('?', '.')) as raised:
        check_parameter_file(path)
    assert str(path) in str(raised.value) and '\n' not in str(raised.value)


@pytest.mark.parametrize(
    'text',
    [
        '',
        '[1, 2]',
        CONFIG.read_text(),
        'avatar: {ros__parameters: {speaker: 3}}',
        'camera_driver: {ros__parameters: {exposure: 3}}',
        '/**: {ros__parameters: {use_sim_time: true, reorder_s: 0.2, wheel_radius: 0.1}}',
        'avatar: {ros__parameters: {qos_overrides: {/clock: {subscription: {depth: 3}}}}}',
    ],
)
def test_what_is_no_slip_is_left_alone(tmp_path, text):
    path = tmp_path / 'robot.yaml'
    path.write_text(text)
    check_parameter_file(path)


@pytest.mark.parametrize('content', [b'\xff\xfe\x00a', None])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / 'robot.yaml'
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match='cannot be read'):
        check_parameter_file(path)


ALIASES = '\n'.join(f'a{i + 1}: &a{i + 1} [*a{i}, *a{i}]' for i in range(40))


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('a: &a {b: *a}', 'no aliases'),
        ('a0: &a0 x\n' + ALIASES, 'no aliases'),
        ('a: ' + '[' * 5000 + ']' * 5000, 'too deeply'),
        ('\n'.join(' ' * depth + 'a:' for depth in range(1500)), 'too deeply'),
    ],
)
def test_a_file_that_stands_for_more_than_it_says_is_refused_in_one_line(tmp_path, text, words):
    path = tmp_path / 'robot.yaml'
    path.write_text(text)
    with pytest.raises(InputError, match=words) as raised:
        check_parameter_file(path)
    assert '\n' not in str(raised.value)


@pytest.mark.parametrize('value', ['2001-13-45', '!!int abc', '!!timestamp x'])
def test_values_are_left_to_the_node(tmp_path, value):
    path = tmp_path / 'robot.yaml'
    path.write_text(f'avatar: {{ros__parameters: {{seed: {value}}}}}')
    check_parameter_file(path)


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='needs named pipes')
def test_a_pipe_is_left_to_the_node_because_it_is_read_only_once(tmp_path):
    path = tmp_path / 'pipe'
    os.mkfifo(path)
    check_parameter_file(path)
