"""FOPPAS and its schedules against the published sampler's numbers."""

import json

import numpy as np
import pytest
import torch

from diffsheg_model.config import DiffusionConfig, FoppasConfig
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.foppas import (
    make_sampler,
    next_window,
    plan_window,
)
from diffsheg_model.sampling.plan import run_plan
from diffsheg_model.sampling.schedule import full_alphas_cumprod
from tests.support import golden_reference as golden

TOLERANCE = 1e-4


def rollouts():
    return sorted(file.stem for file in golden.GOLDEN.glob('foppas_*.npz'))


def published_denoiser(case, network, mel, speech, speaker):
    alphas_cumprod = full_alphas_cumprod(DiffusionConfig())
    conditions = [torch.from_numpy(value) for value in (mel, speech, speaker)]

    def denoise(x, step):
        with torch.no_grad():
            eps = network(
                torch.from_numpy(x),
                torch.tensor([step]),
                *conditions,
                golden.guidance_scale(case),
            )
        return np.float32(np.sqrt(1 - alphas_cumprod[step])) * x + np.float32(0.1) * eps.numpy()

    return denoise


@pytest.mark.parametrize('rollout', rollouts())
def test_matches_the_published_rollout(rollout):
    case = '_'.join(rollout.split('_')[1:3])
    about = json.loads((golden.GOLDEN / f'{rollout}.json').read_text())
    with np.load(golden.GOLDEN / f'{rollout}.npz') as archive:
        expected = archive['motion']
    config, window_frames = golden.network_config(case)
    frames, seed, overlap = about['frames'], about['feature_seed'], about['overlap']
    mel = np.abs(golden.noise(seed + 1, (1, frames, 128)))
    speech = golden.noise(seed + 2, (1, frames, config.speech_dim))
    speaker = np.eye(config.num_speakers, dtype=np.float32)[[seed % config.num_speakers]]
    sampler = make_sampler(
        DiffusionConfig(),
        FoppasConfig(
            overlap=overlap,
            jump_length=about['jump_length'],
            jump_n_sample=about['jump_n_sample'],
        ),
    )

    network = golden.published_network(case)
    motion = np.zeros((frames, config.channels), np.float32)
    windows, calls, drawn = [], [], []
    window, known = None, None
    while window := next_window(window, window_frames, overlap, frames):
        start, end = window
        denoise = published_denoiser(
            case, network, mel[:, start:end], speech[:, start:end], speaker
        )
        count, names = 0, []

        def counted(x, step, denoise=denoise):
            nonlocal count
            count += 1
            return denoise(x, step)

        def named(window, draw, kind, shape, names=names):
            names.append([draw, kind])
            return golden.draws(window, draw, kind, shape)

        shape = (1, end - start, config.channels)
        part = run_plan(plan_window(sampler, named, len(windows), shape, known), counted)
        motion[start:end] = part[0]
        known = part[:, -overlap:] if overlap else None
        windows.append(list(window))
        calls.append(count)
        drawn.append(names)

    assert windows == about['windows']
    assert calls == about['evals']
    assert drawn == about['noise_events']
    np.testing.assert_allclose(motion, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(
    ('jumps', 'calls'), [((1, 1), 15), ((2, 3), 43), ((3, 2), 27), ((3, 5), 63)]
)
def test_network_calls(jumps, calls):
    foppas = FoppasConfig(jump_length=jumps[0], jump_n_sample=jumps[1])
    sampler = make_sampler(DiffusionConfig(), foppas)
    assert (sampler.first.calls, sampler.later.calls) == (25, calls)


def test_windows_cover_every_frame_once_planned():
    for total in range(1, 150):
        window, covered = None, 0
        while window := next_window(window, 34, 4, total):
            assert window[0] == max(0, covered - 4)
            assert window[0] < window[1] <= total
            covered = window[1]
        assert covered == total


def test_no_window_without_frames():
    assert next_window(None, 34, 4, 0) is None


def test_a_jump_longer_than_the_chain_is_refused():
    with pytest.raises(InputError, match='jump_length = 20'):
        make_sampler(DiffusionConfig(), FoppasConfig(jump_length=20, jump_n_sample=2))
