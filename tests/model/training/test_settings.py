"""The sections of training settings: their limits, and the bundle that they lead to."""

import pytest

from diffsheg_model.config import FeatureConfig, NetworkSizes
from diffsheg_model.errors import InputError
from diffsheg_model.training.settings import (
    BatchSettings,
    CardSettings,
    OptimiserSettings,
    RunSettings,
    TrainingSettings,
)


@pytest.mark.parametrize(
    ('section', 'field', 'value'),
    [
        (BatchSettings, 'stride', 0),
        (BatchSettings, 'still_threshold', -0.1),
        (BatchSettings, 'std_floor', 0),
        (BatchSettings, 'batch_size', 0),
        (BatchSettings, 'epoch_windows', -1),
        (BatchSettings, 'workers', -1),
        (BatchSettings, 'gain_db', 61),
        (BatchSettings, 'tilt_db', float('nan')),
        (BatchSettings, 'noise_floor', 2),
        (BatchSettings, 'speech_noise', -1),
        (OptimiserSettings, 'name', 'sgd'),
        (OptimiserSettings, 'learning_rate', 0),
        (OptimiserSettings, 'weight_decay', -1),
        (OptimiserSettings, 'warmup_steps', -1),
        (OptimiserSettings, 'schedule', 'linear'),
        (OptimiserSettings, 'final_fraction', 1.1),
        (OptimiserSettings, 'gradient_clip', 0),
        (OptimiserSettings, 'accumulate', 0),
        (OptimiserSettings, 'learns', 'face'),
        (OptimiserSettings, 'ema_decay', 1),
        (RunSettings, 'max_minutes', -1),
        (RunSettings, 'max_steps', -2),
        (RunSettings, 'max_epochs', -2),
        (RunSettings, 'checkpoint_minutes', 0),
        (RunSettings, 'validate_every', 0),
        (RunSettings, 'nodes', 0),
        (RunSettings, 'threads', -1),
        (RunSettings, 'log_every', 0),
        (TrainingSettings, 'format', 'gltf'),
    ],
)
def test_limits(section, field, value):
    with pytest.raises(InputError, match=rf'^{section.__name__}\.{field} = .*: must be '):
        section(**{field: value})


def test_the_bundle_has_the_channels_of_format_and_features():
    settings = TrainingSettings(
        network=NetworkSizes(num_speakers=2, latent_dim=64, ff_dim=96, speech_dim=0),
        features=FeatureConfig(mel_bins=64),
        card=CardSettings(name='mine', licence='CC0'),
    )
    config = settings.bundle_config('recorded', ('a', 'b'))
    network = config.network
    assert (network.gesture_dim, network.expression_dim, network.mel_dim) == (141, 51, 64)
    assert (network.num_speakers, network.latent_dim, network.ff_dim) == (2, 64, 96)
    assert (config.name, config.licence, config.provenance) == ('mine', 'CC0', 'recorded')
    assert config.speaker_names == ('a', 'b') and config.format == settings.motion_format


def test_parts_that_do_not_fit_together():
    settings = TrainingSettings(features=FeatureConfig(mel_bins=60))
    with pytest.raises(InputError, match='num_heads = 8: must be a divisor of mel_dim 60'):
        settings.bundle_config()
    with pytest.raises(InputError, match=r'speech_encoder = .none.: does not fit .*speech_dim'):
        TrainingSettings().bundle_config()
