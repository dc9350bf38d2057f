"""Parameters of a node: how rclpy takes the fields of a dataclass."""

import dataclasses

import pytest

from diffsheg_model.errors import InputError
from diffsheg_ros.avatar.parameters import AvatarParameters
from diffsheg_ros.capture.parameters import FilePlayerParameters
from diffsheg_ros.parameter_rules import kind_of, rule_of
from diffsheg_ros.speaker.parameters import SpeakerParameters
from diffsheg_ros.startup.node_parameters import NODE_PARAMETERS
from tests.support.paths import ROOT

pytest.importorskip('rclpy', reason='declaring parameters needs ROS 2')

from rclpy.node import Node
from rclpy.parameter import Parameter

from diffsheg_ros.ros.node_parameters import NodeParameters
from tests.support.ros_world import overrides

CONFIG = ROOT / 'config' / 'avatar.yaml'
BY_ROS = {'use_sim_time', 'start_type_description_service'}


@pytest.fixture
def declare(world):
    def declare(kind, arguments=(), on_change=lambda values: None, **values):
        node = Node('avatar', cli_args=list(arguments), parameter_overrides=overrides(**values))
        return world.add(node), NodeParameters(node, kind, on_change)

    return declare


@pytest.mark.parametrize('kind', NODE_PARAMETERS.values())
def test_all_are_declared_with_ranges_and_read_only_where_fixed(declare, kind):
    node, parameters = declare(kind)
    assert parameters.read() == kind()
    declared = set(node.get_parameters_by_prefix('')) - BY_ROS
    assert declared == {field.name for field in dataclasses.fields(kind)}
    for field in dataclasses.fields(kind):
        rule, described = rule_of(field), node.describe_parameter(field.name)
        assert described.description == rule.description
        assert described.read_only == (not rule.live)
        for ranges in (described.integer_range, described.floating_point_range):
            for limits in ranges:
                assert (limits.from_value, limits.to_value) == (rule.low, rule.high)
        bounded = described.integer_range or described.floating_point_range
        assert bool(bounded) == (kind_of(field) in (int, float))


def test_a_wrong_value_is_refused_on_reading_until_it_is_set_right(declare):
    node, parameters = declare(AvatarParameters, publish_rate_hz=1000.0, seed='x')
    with pytest.raises(InputError, match='publish_rate_hz = 1000.0: must be 1 to 240') as error:
        parameters.read()
    assert "seed = 'x': must be a whole number" in str(error.value)
    assert not node.set_parameters([Parameter('publish_rate_hz', value=-3.0)])[0].successful
    for name, value in (('publish_rate_hz', 50.0), ('seed', 7)):
        assert node.set_parameters([Parameter(name, value=value)])[0].successful
    assert parameters.read() == AvatarParameters(publish_rate_hz=50.0, seed=7)
    parameters.locked = True
    refused = node.set_parameters([Parameter('publish_rate_hz', value=60.0)])[0]
    assert not refused.successful
    assert 'fixed while the node is configured' in refused.reason


def test_a_live_one_changes_while_the_node_runs_unless_its_owner_refuses(declare):
    heard = []

    def on_change(values):
        if values.style > 3:
            raise InputError(f'style = {values.style}: the model knows 0..3')
        heard.append(values)

    node, parameters = declare(AvatarParameters, on_change=on_change)
    parameters.locked = True
    assert node.set_parameters([Parameter('seed', value=8)])[0].successful
    assert heard == [AvatarParameters(seed=8)] and parameters.read() == heard[0]
    refused = node.set_parameters([Parameter('style', value=4)])[0]
    assert not refused.successful and 'the model knows 0..3' in refused.reason
    assert not node.set_parameters([Parameter('seed', value=-1)])[0].successful
    assert parameters.read() == AvatarParameters(seed=8)


def test_a_former_name_is_accepted_with_a_warning(declare, tmp_path):
    file = tmp_path / 'avatar.yaml'
    file.write_text('avatar: {ros__parameters: {speaker: 3}}')
    for given in (['-p', 'speaker:=3'], ['--params-file', str(file)]):
        node, parameters = declare(AvatarParameters, ['--ros-args', *given])
        assert parameters.read() == AvatarParameters(style=3)
        assert node.has_parameter('style') and not node.has_parameter('speaker')
    assert declare(AvatarParameters, speaker=2, style=2)[1].read().style == 2


def test_two_names_of_a_parameter_with_different_values_are_refused(declare):
    _, parameters = declare(AvatarParameters, speaker=3, style=2)
    with pytest.raises(InputError, match='style = 2, and speaker = 3: both are names of one'):
        parameters.read()


def test_a_parameter_may_be_set_under_its_former_name(declare):
    node, parameters = declare(AvatarParameters)
    parameters.locked = True
    assert node.set_parameters([Parameter('speaker', value=3)])[0].successful
    assert parameters.read() == AvatarParameters(style=3)
    both = [Parameter('speaker', value=1), Parameter('style', value=2)]
    refused = node.set_parameters_atomically(both)
    assert not refused.successful and 'given under another name' in refused.reason
    assert node.set_parameters_atomically([both[0]]).successful
    assert parameters.read() == AvatarParameters(style=1)


@pytest.mark.parametrize(
    ('written', 'text'),
    [('2', '2'), ('5.5', '5.5'), ('true', 'true'), ("'007'", '007'), ('-1', '-1')],
)
def test_a_name_may_be_a_number_wherever_it_comes_from(declare, tmp_path, written, text):
    named = ['--ros-args', '-p', f'device:={written}']
    assert declare(SpeakerParameters, named)[1].read().device == text
    file = tmp_path / 'speaker.yaml'
    file.write_text(f'/**:\n  ros__parameters:\n    device: {written}\n')
    node, parameters = declare(SpeakerParameters, ['--ros-args', '--params-file', str(file)])
    assert parameters.read().device == text
    assert node.get_parameter('device').value == text


def test_every_text_takes_numbers_or_says_what_it_must_be(declare):
    for kind in NODE_PARAMETERS.values():
        texts = [field for field in dataclasses.fields(kind) if kind_of(field) is str]
        node, parameters = declare(kind, **{field.name: 5 for field in texts})
        for field in texts:
            choices = rule_of(field).choices
            assert (field.name in parameters.problems) == bool(choices)
            if choices:
                assert f'or {choices[-1]}' in parameters.problems[field.name]
            else:
                assert node.get_parameter(field.name).value == '5'


def test_a_name_may_be_set_as_a_number_where_it_may_be_set(declare):
    node, parameters = declare(AvatarParameters, bundle=['a'])
    assert 'must be text' in parameters.problems['bundle']
    assert node.set_parameters([Parameter('bundle', value=2024)])[0].successful
    assert parameters.read().bundle == '2024'


@pytest.mark.parametrize('text', ['a\x1b[2Jb', 'a\nb', 'x' * 5000])
def test_texts_that_cannot_be_printed_are_refused_in_a_short_line(declare, text):
    _, parameters = declare(FilePlayerParameters, utterance_id=text)
    with pytest.raises(InputError, match='parameter utterance_id') as caught:
        parameters.read()
    assert len(str(caught.value)) < 300 and str(caught.value).isprintable()


def test_numbers_may_be_written_without_a_point(declare):
    _, parameters = declare(FilePlayerParameters, rate=2, loop_pause_s=0)
    assert parameters.read() == FilePlayerParameters(rate=2.0, loop_pause_s=0.0)


@pytest.mark.parametrize('namespace', ['', '/robots/one'])
def test_the_file_of_defaults_is_taken_in_any_namespace(declare, tmp_path, namespace):
    changed = tmp_path / 'avatar.yaml'
    changed.write_text(CONFIG.read_text().replace('blend_s: 0.5', 'blend_s: 0.25'))
    arguments = ['--ros-args', '--params-file', str(changed), '-r', f'__ns:={namespace or "/"}']
    _, parameters = declare(AvatarParameters, arguments)
    assert parameters.read() == AvatarParameters(blend_s=0.25)
