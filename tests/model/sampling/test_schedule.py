"""The noise schedule: the published one, and spacing in log-SNR."""

import json

import numpy as np
import pytest

from diffsheg_model.config import DiffusionConfig
from diffsheg_model.sampling.foppas import (
    harmonising_path,
)
from diffsheg_model.sampling.schedule import full_alphas_cumprod, make_schedule
from tests.support import golden_reference as golden


def test_schedule_matches_the_published_one():
    expected = json.loads(golden.file('schedules.json').read_text())
    schedule = make_schedule(DiffusionConfig())
    assert schedule.timesteps.tolist() == expected['ddim25_timesteps']
    np.testing.assert_allclose(schedule.alphas_cumprod, expected['alphas_cumprod'], rtol=1e-12)
    for setting, times in expected['resample_times'].items():
        jump_length, jump_n_sample = map(int, setting.split(','))
        assert list(harmonising_path(15, jump_length, jump_n_sample)) == times


@pytest.mark.parametrize('share', [1.0, 0.6])
@pytest.mark.parametrize('steps', [1, 5, 10, 25, 200, 1000])
def test_spacing_in_log_snr(steps, share):
    config = DiffusionConfig(sampling_steps=steps, spacing='log_snr')
    timesteps = make_schedule(config, share).timesteps
    assert len(timesteps) == round(share * steps) or (steps, len(timesteps)) == (1, 1)
    assert timesteps[-1] == round(share * 999)
    assert (np.diff(timesteps) > 0).all()
    if 1 < steps <= 10:
        assert timesteps[0] == 0
        abar = full_alphas_cumprod(config)[timesteps]
        strides = np.diff(np.log(abar / (1 - abar)))
        # Whole steps are coarse at the clean end only.
        np.testing.assert_allclose(strides[1:], strides[1:].mean(), rtol=0.1)


def test_the_published_chain_is_the_default():
    config = DiffusionConfig()
    assert (config.solver, config.spacing) == ('ddim', 'even')
    assert make_schedule(config, 0.6).timesteps.tolist() == list(range(0, 600, 40))
