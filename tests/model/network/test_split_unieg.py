"""The network taken apart gives the published network's numbers."""

import numpy as np
import pytest
import torch

from diffsheg_model.config import NetworkConfig
from diffsheg_model.network.split_unieg import BranchStep, Tables, WindowConditions
from tests.model.network.test_unieg import cases, filled, inputs
from tests.support import golden_reference as golden

TOLERANCE = 5e-5


def call(network, x, t, mel, speech, speaker, guidance_scale=None):
    """One call at step t (an int), which is one of three that the tables are made for."""
    config = network.config
    guidance = None if guidance_scale is None else torch.tensor([guidance_scale])
    with torch.no_grad():
        audio, expression, gesture, levels = Tables(network)(torch.tensor([7, t, 960]), speaker)
        expression_condition = WindowConditions(network)(audio, mel, speech)
        tables = {
            'expression': (expression, *expression_condition[:2]),
            'gesture': (gesture, *expression_condition[2:]),
        }
        channels = {
            'gesture': slice(0, config.gesture_dim),
            'expression': slice(config.gesture_dim, config.channels),
        }
        order = ['expression', 'gesture']
        if config.flow == 'gesture_to_expression':
            order.reverse()
        eps, clean = torch.empty_like(x), None
        for name in order:
            rows = [table[1] for table in tables[name]]
            level = levels[1:2].expand(len(x), -1)
            step = BranchStep(network, name)
            part = x[..., channels[name]]
            noise, clean = step(part, level, *rows, clean, guidance_scale=guidance)
            clean = None if config.flow == 'none' else clean
            eps[..., channels[name]] = noise
    return eps


@pytest.mark.parametrize('case', cases())
def test_matches_the_published_network(case):
    network = golden.published_network(case)
    with np.load(golden.GOLDEN / f'unieg_{case}.npz') as expected:
        for key in expected.files:
            x, t, *heard = golden.step_inputs(key, case)
            eps = call(
                network,
                torch.from_numpy(x),
                t,
                *(torch.from_numpy(value) for value in heard),
                golden.guidance_scale(case),
            )
            np.testing.assert_allclose(eps[0], expected[key], atol=TOLERANCE, rtol=0, err_msg=key)


@pytest.mark.parametrize('flow', ['expression_to_gesture', 'gesture_to_expression', 'none'])
@pytest.mark.parametrize('output', ['noise', 'velocity', 'clean'])
@pytest.mark.parametrize('speech', [0, 8])
def test_equals_the_network_whatever_it_is_made_of(flow, output, speech):
    config = NetworkConfig(
        gesture_dim=6, expression_dim=4, num_speakers=3, latent_dim=16, num_layers=2, conv_frames=5,
        flow=flow, output=output, speech_dim=speech,
    )  # fmt: skip
    network, batch = filled(config), inputs(config, 3, 20)
    batch['t'] = torch.full((3,), 480)
    expected = network(**batch)
    found = call(network, **{**batch, 't': 480})
    scale = max(1, float(expected.detach().abs().max()))
    torch.testing.assert_close(found, expected, atol=1e-4 * scale, rtol=0)
