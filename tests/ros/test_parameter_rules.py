"""Rules of parameters, and config/avatar.yaml, which names them all."""

import dataclasses
import math

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.session.sampler_options import SamplerOptions
from diffsheg_ros.avatar.parameters import AvatarParameters
from diffsheg_ros.parameter_rules import kind_of, rule_of
from diffsheg_ros.startup.node_parameters import NODE_PARAMETERS
from tests.support.parameter_file import CONFIG, parameter_file

ALL = [
    (node, field) for node, kind in NODE_PARAMETERS.items() for field in dataclasses.fields(kind)
]
IDS = [f'{node}.{field.name}' for node, field in ALL]


@pytest.mark.parametrize(('node', 'field'), ALL, ids=IDS)
def test_every_parameter_is_described_and_bounded(node, field):
    rule, kind = rule_of(field), kind_of(field)
    assert len(rule.description) > 10
    assert rule.problem(kind, field.default) is None
    if kind in (int, float):
        assert math.isfinite(rule.low) and math.isfinite(rule.high)


@pytest.mark.parametrize(
    ('name', 'value', 'why'),
    [
        ('publish_rate_hz', 0.5, 'must be 1 to 240'),
        ('publish_rate_hz', math.nan, 'must be 1 to 240'),
        ('publish_rate_hz', 'fast', 'must be a number'),
        ('engine_threads', 2.0, 'must be a whole number'),
        ('engine_threads', True, 'must be a whole number'),
        ('engine', 'steam', 'must be auto, tensorrt, '),
        ('autostart', 1, 'must be true or false'),
        ('bundle', [3], 'must be text'),
        ('seed', -1, 'must be 0 to'),
        ('sampling_solver', 'euler', 'must be preset, ddim or dpmpp_2m'),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_the_reason(name, value, why):
    with pytest.raises(InputError, match=f'parameter {name} = .*{why}'):
        AvatarParameters(**{name: value})


def test_whole_numbers_do_for_numbers():
    assert AvatarParameters(publish_rate_hz=30).publish_rate_hz == 30


def test_sampler_settings_are_the_presets_unless_given():
    assert AvatarParameters().sampler_options() == SamplerOptions()
    given = AvatarParameters(
        sampling_steps=8, sampling_solver='dpmpp_2m', sampling_spacing='log_snr', overlap=0,
        start_fraction=0.5, jump_length=2, jump_n_sample=1, guidance_scale=0.0,
    )  # fmt: skip
    assert given.sampler_options() == SamplerOptions(8, 'dpmpp_2m', 'log_snr', 0.5, 0, 2, 1, 0.0)


def test_the_file_of_defaults_is_that_of_the_declarations():
    assert CONFIG.read_text() == parameter_file(), 'python -m tests.support.parameter_file'


def test_the_file_of_defaults_has_every_parameter_with_its_default():
    yaml = pytest.importorskip('yaml')
    sections = yaml.safe_load(CONFIG.read_text())
    assert set(sections) == {f'/**/{node}' for node in NODE_PARAMETERS}
    for node, kind in NODE_PARAMETERS.items():
        given = sections[f'/**/{node}']['ros__parameters']
        defaults = dataclasses.asdict(kind())
        assert given == defaults
        assert {name: type(value) for name, value in given.items()} == {
            name: type(value) for name, value in defaults.items()
        }
