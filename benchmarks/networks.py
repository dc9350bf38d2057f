"""Untrained networks of any size to measure engines with, cached between runs."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np

from diffsheg_model.bundle import VERSION, Bundle, load_bundle
from diffsheg_model.config import BundleConfig, FeatureConfig, NetworkConfig
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.rest_skeletons import human
from diffsheg_model.network.save_bundle import save_bundle

BEAT_NETWORK = NetworkConfig(
    gesture_dim=BEAT.gesture_dim, expression_dim=BEAT.expression_dim, num_speakers=30
)
"""The published network for BEAT, 155 M parameters."""


def untrained(network: NetworkConfig, folder: Path) -> Bundle:
    """Return a bundle with random weights, loaded from ``folder`` or created there.

    The speed of a call does not depend on the weights. They are scaled so that signals keep their
    size, and no weight stays at the zero from which training starts, so that errors show.
    """
    described = json.dumps([VERSION, dataclasses.asdict(network)], sort_keys=True)
    path = folder / f'untrained-{hashlib.sha256(described.encode()).hexdigest()[:12]}'
    try:
        return load_bundle(path)
    except InputError:
        pass  # missing, or from an older version
    import torch

    from diffsheg_model.network.unieg import UniEG

    model = UniEG(network)
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            spread = 1 / np.sqrt(parameter[0].numel())
            torch.nn.init.normal_(parameter, std=spread, generator=generator)
        elif name.endswith('bias'):
            torch.nn.init.normal_(parameter, std=0.05, generator=generator)
    folder.mkdir(parents=True, exist_ok=True)
    config = BundleConfig(
        name='untrained',
        licence='Apache-2.0',
        provenance='Random weights, to measure engines with.',
        format=BEAT,
        network=network,
        features=FeatureConfig(speech_encoder='hubert' if network.speech_dim else 'none'),
    )
    channels = network.channels
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    save_bundle(path, config, state, np.zeros(channels), np.ones(channels), human('beat'))
    return load_bundle(path)
