"""A tiny real bundle (UniEG, latent 16, one layer, random weights) and its engines, for tests."""

from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.bundle import Bundle, load_bundle
from diffsheg_model.config import (
    BundleConfig,
    DiffusionConfig,
    FeatureConfig,
    FoppasConfig,
    NetworkConfig,
)
from diffsheg_model.engines import create_engine
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.rest_skeletons import human
from diffsheg_model.network.save_bundle import save_bundle
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler
from tests.support.traced_graphs import keep_traced_graphs


def random_state(config: NetworkConfig, seed: int) -> dict[str, np.ndarray]:
    """Parameters of a network, all of them random: a fresh one has layers of zeros.

    Motion must depend on all that it is given.
    """
    import torch

    from diffsheg_model.network.unieg import UniEG

    keep_traced_graphs()
    torch.manual_seed(seed)
    model = UniEG(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape))
    return {name: value.numpy() for name, value in model.state_dict().items()}


def make_tiny_bundle(folder: Path, deviation: float = 0.001) -> Bundle:
    network = NetworkConfig(
        gesture_dim=BEAT.gesture_dim,
        expression_dim=BEAT.expression_dim,
        num_speakers=4,
        latent_dim=16,
        num_layers=1,
        num_heads=2,
        ff_dim=32,
        embed_dim=16,
        speech_dim=0,
    )
    config = BundleConfig(
        name='tiny',
        licence='Apache-2.0',
        provenance='random weights, for tests',
        format=BEAT,
        network=network,
        features=FeatureConfig(mel_transform='log'),
    )
    random = np.random.default_rng(7)
    mean = np.concatenate(
        [0.1 * random.standard_normal(BEAT.gesture_dim), np.full(BEAT.expression_dim, 0.3)]
    )
    # An untrained network's samples are some hundred deviations large.
    std = np.full(BEAT.channels, deviation)
    return save_bundle(folder, config, random_state(network, 7), mean, std, human('beat'))


@pytest.fixture(scope='session')
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(make_tiny_bundle(tmp_path_factory.mktemp('bundle') / 'tiny').path)


#: The fewest calls of the network: a test is about windows, and not about their quality.
FAST = SamplerOptions(start_fraction=0.12, jump_n_sample=1, guidance_scale=1.0)


@pytest.fixture(scope='session')
def fast_bundle(tiny_bundle: Bundle) -> Bundle:
    """The tiny bundle with the sampler of `FAST`; `tiny_engine` runs it."""
    return with_sampler(tiny_bundle, FAST)


@pytest.fixture(scope='session')
def tiny_engine(tiny_bundle: Bundle):
    engine = create_engine('onnxruntime', tiny_bundle, threads=1)
    yield engine
    engine.close()


@pytest.fixture(scope='session')
def show_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """All that the tiny one has not.

    SHOW's channels, speech features, guidance, a second layer; and of what is not published, a
    convolution over time, another output and another direction of flow.
    """
    pytest.importorskip('torch')
    network = NetworkConfig(
        gesture_dim=SHOW.gesture_dim,
        expression_dim=SHOW.expression_dim,
        num_speakers=4,
        latent_dim=16,
        num_layers=2,
        num_heads=2,
        ff_dim=32,
        embed_dim=16,
        speech_dim=8,
        classifier_free=True,
        conv_frames=5,
        output='velocity',
        flow='gesture_to_expression',
    )
    config = BundleConfig(
        name='tiny-show',
        licence='Apache-2.0',
        provenance='random weights, for tests',
        format=SHOW,
        network=network,
        diffusion=DiffusionConfig(sampling_steps=8),
        features=FeatureConfig(speech_encoder='hubert'),
        foppas=FoppasConfig(guidance_scale=1.25),
    )
    folder = tmp_path_factory.mktemp('bundle') / 'show'
    mean, std = np.zeros(SHOW.channels), np.ones(SHOW.channels)
    return save_bundle(folder, config, random_state(network, 3), mean, std, human('show'))


def speech_like(seconds: float, rate: int = 16000, seed: int = 0) -> np.ndarray:
    """Noise in syllables, (n,) float32: loud and quiet by turns, as speech is."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    envelope = np.clip(np.sin(2 * np.pi * 2.5 * time) + 0.4 * np.sin(2 * np.pi * 0.3 * time), 0, 1)
    return (0.3 * envelope * random.standard_normal(len(time))).astype(np.float32)
