"""UniEG against the published network's numbers, and what those numbers do not cover."""

import dataclasses

import numpy as np
import pytest
import torch

from diffsheg_model.config import DiffusionConfig, NetworkConfig
from diffsheg_model.network.unieg import UniEG
from diffsheg_model.sampling.schedule import full_alphas_cumprod
from tests.support import golden_reference as golden

TOLERANCE = 5e-5
TINY = NetworkConfig(gesture_dim=6, expression_dim=4, num_speakers=3, latent_dim=16, num_layers=2)


def cases():
    for file in sorted(golden.GOLDEN.glob('unieg_*.npz')):
        case = file.stem.removeprefix('unieg_')
        mark = pytest.mark.full_size if case.endswith('full') else ()
        yield pytest.param(case, id=case, marks=mark)


@pytest.mark.parametrize('case', cases())
def test_matches_the_published_network(case):
    network = golden.published_network(case)
    with np.load(golden.GOLDEN / f'unieg_{case}.npz') as expected:
        assert expected.files
        for key in expected.files:
            x, t, mel, speech, speaker = golden.step_inputs(key, case)
            with torch.no_grad():
                eps = network(
                    torch.from_numpy(x),
                    torch.tensor([t]),
                    torch.from_numpy(mel),
                    torch.from_numpy(speech),
                    torch.from_numpy(speaker),
                    golden.guidance_scale(case),
                )
            np.testing.assert_allclose(eps[0], expected[key], atol=TOLERANCE, rtol=0, err_msg=key)


def inputs(config, batch, frames, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    return {
        'x': normal(batch, frames, config.channels),
        't': torch.randint(0, 1000, (batch,), generator=generator),
        'mel': normal(batch, frames, 128).abs(),
        'speech': normal(batch, frames, config.speech_dim) if config.speech_dim else None,
        'speaker': torch.eye(config.num_speakers)[torch.arange(batch) % config.num_speakers],
    }


def filled(config, seed=1):
    """A network none of whose parameters are at their zero start."""
    torch.manual_seed(seed)
    network = UniEG(config).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network


@pytest.mark.parametrize('guidance', [None, 1.25])
def test_a_batch_equals_its_rows(guidance):
    config = dataclasses.replace(TINY, classifier_free=True)
    network, batch = filled(config), inputs(config, 3, 20)
    assert len(set(batch['t'].tolist())) == 3
    together = network(**batch, guidance_scale=guidance)
    for row in range(3):
        alone = network(
            **{name: value[row : row + 1] for name, value in batch.items()},
            guidance_scale=guidance,
        )
        torch.testing.assert_close(together[row : row + 1], alone, atol=1e-4, rtol=1e-4)


def test_positions_repeat_after_600_frames():
    pe = filled(TINY).encoder_exp.PE.pe
    torch.testing.assert_close(pe[:, 600:700], pe[:, :100])
    network = filled(TINY)
    assert network(**inputs(TINY, 1, 700)).shape == (1, 700, 10)


def test_gesture_loss_does_not_reach_the_expression_branch():
    network = filled(TINY)
    eps = network(**inputs(TINY, 2, 8))
    eps[..., :6].square().sum().backward()
    assert not any(p.grad.any() for p in network.encoder_exp.parameters() if p.grad is not None)
    assert network.encoder_ges.out.weight.grad.abs().sum() > 0
    assert network.encoder_aud.ffn.linear1.weight.grad.abs().sum() > 0


def test_expression_drives_gesture_and_not_the_reverse():
    network, batch = filled(TINY), inputs(TINY, 1, 8)
    base = network(**batch)
    moved = {**batch, 'x': batch['x'].clone()}
    moved['x'][..., 6:] += 1
    assert (network(**moved)[..., :6] - base[..., :6]).abs().max() > 1e-3
    moved['x'] = batch['x'].clone()
    moved['x'][..., :6] += 1
    torch.testing.assert_close(network(**moved)[..., 6:], base[..., 6:], atol=0, rtol=0)


def test_null_rows_do_not_hear():
    config = dataclasses.replace(TINY, classifier_free=True)
    network, batch = filled(config), inputs(config, 2, 8)
    mask = torch.tensor([True, False])
    base = network(**batch, null_mask=mask)
    louder = network(**{**batch, 'mel': batch['mel'] + 1}, null_mask=mask)
    torch.testing.assert_close(louder[0], base[0])
    assert (louder[1] - base[1]).abs().max() > 1e-3


def test_a_fresh_network_starts_at_its_residuals():
    network = UniEG(TINY)
    layer = network.encoder_exp.temporal_decoder_blocks[0]
    assert not layer.sa_block.proj_out.out_layers[2].weight.any()
    assert not layer.ffn.linear2.weight.any()


def variant(**fields):
    return dataclasses.replace(TINY, num_heads=2, ff_dim=32, speech_dim=0, **fields)


def seen(network, batch, changed):
    """Which halves of the answer, gesture and expression, a change of some channels reaches."""
    moved = {**batch, 'x': batch['x'].clone()}
    moved['x'][..., changed] += 1
    difference = (network(**moved) - network(**batch)).abs()
    return difference[..., :6].max().item() > 1e-4, difference[..., 6:].max().item() > 1e-4


@pytest.mark.parametrize(
    ('flow', 'gesture_reaches', 'expression_reaches'),
    [
        ('expression_to_gesture', (True, False), (True, True)),
        ('gesture_to_expression', (True, True), (False, True)),
        ('none', (True, False), (False, True)),
    ],
)
def test_flow_says_who_sees_whom(flow, gesture_reaches, expression_reaches):
    config = variant(flow=flow)
    network, batch = filled(config), inputs(config, 1, 8)
    assert seen(network, batch, slice(0, 6)) == gesture_reaches
    assert seen(network, batch, slice(6, 10)) == expression_reaches


def test_without_detach_the_gesture_loss_reaches_the_expression_branch():
    network = filled(TINY)
    network.detach_flow = False
    eps = network(**inputs(TINY, 2, 8))
    eps[..., :6].square().sum().backward()
    assert network.encoder_exp.out.weight.grad.abs().sum() > 0


@pytest.mark.parametrize('step', [0, 480, 999])
def test_noise_follows_from_other_outputs(step):
    """A last layer of zeros: the clean motion is 0, or, of a velocity, sqrt(abar) x."""
    abar = torch.tensor(full_alphas_cumprod(DiffusionConfig())[step])
    for output, share in (('clean', 0.0), ('velocity', float(abar.sqrt()))):
        network = filled(variant(output=output))
        batch = inputs(network.config, 1, 8)
        batch['t'] = torch.tensor([step])
        for branch in (network.encoder_exp, network.encoder_ges):
            torch.nn.init.zeros_(branch.out.weight)
            torch.nn.init.zeros_(branch.out.bias)
        with torch.no_grad():
            eps = network(**batch)
        expected = (1 - abar.sqrt() * share) / (1 - abar).sqrt() * batch['x']
        torch.testing.assert_close(eps, expected.float(), atol=1e-4, rtol=1e-4)


def test_a_convolution_knows_neighbours():
    config = variant(conv_frames=3)
    network = filled(config)
    layer = network.encoder_exp.temporal_decoder_blocks[0].neighbours
    x = torch.zeros(1, 9, 16)
    x[0, 4] = torch.randn(16)
    with torch.no_grad():
        change = (layer(x) - layer(torch.zeros(1, 9, 16)))[0].abs().amax(dim=1)
    assert (change[3:6] > 1e-4).all()
    assert change[:3].max() == 0 and change[6:].max() == 0
    assert network(**inputs(config, 2, 5)).shape == (2, 5, 10)
