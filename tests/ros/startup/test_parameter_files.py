"""Parameter files, checked before a node starts."""

import os

import pytest

from diffsheg_model.errors import InputError
from diffsheg_ros.startup.parameter_files import check_parameter_file
from tests.support.paths import ROOT

CONFIG = ROOT / 'config' / 'avatar.yaml'


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('avatar: {ros__parameters: {prest: quality}}', 'parameter prest: did you mean preset?'),
        ('/**/speaker: {ros__parameters: {preset: quality}}', 'there is no parameter preset'),
        ('stage: {viewer: {ros__parameters: {prot: 1}}}', 'section /stage/viewer: .* port'),
        ('avtar: {ros__parameters: {preset: quality}}', 'did you mean avatar?'),
        ('/**: {ros__parameters: {use_sim_tme: true}}', 'did you mean use_sim_time?'),
        ('avatar: {ros__parameters: {idle: {deep: true}}}', 'no parameter idle.deep'),
        ('a: : b', 'is not YAML'),
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
