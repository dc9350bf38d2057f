"""The model's configuration: its limits, parts that must fit together, and its JSON."""

import dataclasses
import json

import pytest

from diffsheg_model.checked_fields import read_dataclass
from diffsheg_model.config import (
    BundleConfig,
    DiffusionConfig,
    FeatureConfig,
    FoppasConfig,
    NetworkConfig,
)
from diffsheg_model.errors import InputError

TINY = NetworkConfig(gesture_dim=6, expression_dim=4, num_speakers=3, latent_dim=16)


def test_the_defaults_are_the_published_ones():
    network = NetworkConfig(gesture_dim=141, expression_dim=51, num_speakers=30)
    assert (network.latent_dim, network.num_layers, network.num_heads) == (512, 8, 8)
    assert (network.ff_dim, network.speech_dim, network.mel_dim) == (1024, 1024, 128)
    assert (network.embedding_dim, network.channels) == (2048, 192)
    assert (network.flow, network.output) == ('expression_to_gesture', 'noise')
    diffusion, foppas = DiffusionConfig(), FoppasConfig()
    assert (diffusion.num_steps, diffusion.sampling_steps) == (1000, 25)
    assert (foppas.overlap, foppas.jump_length, foppas.start_fraction) == (4, 3, 0.6)


@pytest.mark.parametrize(
    ('config', 'field', 'value'),
    [
        (TINY, 'gesture_dim', 0),
        (TINY, 'num_speakers', 0),
        (TINY, 'num_layers', 0),
        (TINY, 'num_heads', 3),
        (TINY, 'num_heads', 0),
        (TINY, 'latent_dim', 17),
        (TINY, 'mel_dim', 60),
        (TINY, 'speech_dim', -1),
        (TINY, 'embed_dim', -1),
        (TINY, 'conv_frames', 4),
        (TINY, 'flow', 'both'),
        (TINY, 'output', 'score'),
        (DiffusionConfig(), 'num_steps', 0),
        (DiffusionConfig(), 'beta_start', 0.5),
        (DiffusionConfig(), 'beta_start', 0),
        (DiffusionConfig(), 'sampling_steps', 2000),
        (DiffusionConfig(), 'solver', 'euler'),
        (DiffusionConfig(), 'spacing', 'karras'),
        (FoppasConfig(), 'overlap', -1),
        (FoppasConfig(), 'jump_length', 0),
        (FoppasConfig(), 'jump_n_sample', 0),
        (FoppasConfig(), 'start_fraction', 1.5),
        (FoppasConfig(), 'ramp_level', -0.1),
        (FoppasConfig(), 'guidance_scale', 11),
        (FeatureConfig(), 'sample_rate', 8000),
        (FeatureConfig(), 'mel_rate', 4000),
        (FeatureConfig(), 'mel_bins', 0),
        (FeatureConfig(), 'mel_transform', 'square'),
        (FeatureConfig(), 'speech_encoder', 'wavlm'),
        (FeatureConfig(), 'speech_context_s', 61),
    ],
)
def test_configs_name_field_value_and_range(config, field, value):
    named = 'num_heads = 8' if field == 'mel_dim' else f'{field} = {value!r}'
    with pytest.raises(InputError) as caught:
        dataclasses.replace(config, **{field: value})
    assert str(caught.value).startswith(f'{type(config).__name__}.{named}: must be ')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'network': {'gesture_dim': 3}}, 'network.gesture_dim = 3: the format .* has 141'),
        ({'features': {'mel_bins': 64}}, 'features.mel_bins = 64: the network takes 128'),
        ({'features': {'speech_encoder': 'hubert'}}, 'does not fit network.speech_dim = 0'),
        ({'foppas': {'overlap': 34}}, 'overlap = 34: must be less than the window of 34'),
        ({'speaker_names': ('one',)}, 'speaker_names = .*: must be empty or 4 names'),
    ],
)
def test_parts_that_do_not_fit_together(changes, message, tiny_bundle):
    config = tiny_bundle.config
    values = {
        name: dataclasses.replace(getattr(config, name), **value)
        if isinstance(value, dict)
        else value
        for name, value in changes.items()
    }
    with pytest.raises(InputError, match=message):
        dataclasses.replace(config, **values)


def test_a_speaker_that_the_model_does_not_know(tiny_bundle):
    tiny_bundle.config.check_speaker(3)
    for speaker in (-1, 4):
        with pytest.raises(
            InputError, match=f'speaker = {speaker}: the model .* knows styles 0..3'
        ):
            tiny_bundle.config.check_speaker(speaker)


def test_configs_survive_json(tiny_bundle):
    values = json.loads(json.dumps(dataclasses.asdict(tiny_bundle.config)))
    assert read_dataclass(BundleConfig, values, 'here') == tiny_bundle.config
