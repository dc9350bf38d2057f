"""The rules by which tests/golden/README.md fills weights, inputs and draws."""

import json
import os
import zlib
from pathlib import Path

import numpy as np

from diffsheg_model.config import NetworkConfig

OWN = Path(__file__).parents[1] / 'golden'
GOLDEN = Path(os.environ.get('DIFFSHEG_GOLDEN', OWN))


def file(name):
    """A file that is no case of its own: from GOLDEN, or ours where that has none."""
    return GOLDEN / name if (GOLDEN / name).is_file() else OWN / name


def noise(seed, shape):
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def network_config(case):
    """(NetworkConfig, window frames) of a case such as 'beat_tiny'."""
    beat, tiny = case.startswith('beat'), case.endswith('tiny')
    config = NetworkConfig(
        gesture_dim=141 if beat else 129,
        expression_dim=51 if beat else 103,
        num_speakers=30 if beat else 4,
        latent_dim=64 if tiny else 512,
        num_layers=2 if tiny else 8,
        classifier_free=not beat,
    )
    return config, 34 if beat else 88


def guidance_scale(case):
    return None if case.startswith('beat') else 1.25


def state_dict(case, positions):
    """The published state dict of a case, filled by the rule; ``positions`` fills *.pe."""
    shapes = json.loads(file(f'unieg_{case}_state_dict.json').read_text())
    return {name: _fill(name, shape, positions) for name, shape in shapes.items()}


def published_network(case):
    """The network of a case in eval mode, its parameters filled by the rule."""
    import torch

    from diffsheg_model.network.unieg import UniEG

    network = UniEG(network_config(case)[0]).eval()
    state = state_dict(case, sinusoidal_positions)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    return network


def _fill(name, shape, positions):
    values = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    if name.endswith('.pe'):
        return positions(shape)
    if name.endswith('running_var'):
        values = 1 + 0.1 * np.abs(values)
    elif name.endswith(('running_mean', '.bias')):
        values = 0.05 * values
    elif name.endswith('num_batches_tracked'):
        return np.zeros(shape, np.int64)
    elif name.endswith('null_cond_emb'):
        pass
    elif len(shape) == 1:
        values = 1 + 0.1 * values
    else:
        values = values / np.sqrt(np.prod(shape[1:]))
    return np.asarray(values, np.float32)


def sinusoidal_positions(shape):
    """The positions as the published network computes them: (1, 1200, D), 600 rows twice."""
    _, rows, dim = shape
    table = np.zeros((rows // 2, dim))
    angles = np.arange(rows // 2)[:, None] * np.exp(np.arange(0, dim, 2) * (-np.log(10000.0) / dim))
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles)
    return np.tile(table, (2, 1))[None].astype(np.float32)


def step_inputs(key, case):
    """Inputs of a key such as 't480_s110_quiet': (x, t, mel, speech, speaker), batch 1."""
    config, frames = network_config(case)
    t, seed = (int(part[1:]) for part in key.split('_')[:2])
    mel = np.abs(noise(seed + 1, (1, frames, 128)))
    if key.endswith('_quiet'):
        mel = mel * np.float32(1e-3)
    speaker = np.eye(config.num_speakers, dtype=np.float32)[[seed % config.num_speakers]]
    x = noise(seed, (1, frames, config.channels))
    return x, t, mel, noise(seed + 2, (1, frames, config.speech_dim)), speaker


def draws(window, draw, kind, shape):
    """The NoiseSource of the rollouts."""
    return noise(zlib.crc32(f'{kind}/{window}/{draw}'.encode()), shape)
