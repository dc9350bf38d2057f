"""The training losses against their definitions."""

import pytest

torch = pytest.importorskip('torch')

from diffsheg_model.config import DiffusionConfig
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.schedule import full_alphas_cumprod
from diffsheg_model.training.losses import (
    LossSettings,
    clean_from_epsilon,
    masked_mean,
    motion_losses,
    noised,
    step_weights,
)

B, T, C = 3, 7, 5


@pytest.fixture
def sample():
    torch.manual_seed(0)
    clean, noise = torch.randn(B, T, C), torch.randn(B, T, C)
    abar = torch.tensor([0.99, 0.5, 0.05])
    noisy = noised(clean, noise, abar)
    return {
        'predicted': noise + 0.3 * torch.randn(B, T, C),
        'noise': noise,
        'noisy': noisy,
        'clean': clean,
        'abar': abar,
        'mask': torch.ones(B, C),
        'semantic': None,
    }


def test_the_noise_gives_back_the_clean_motion(sample):
    restored = clean_from_epsilon(sample['noisy'], sample['noise'], sample['abar'])
    torch.testing.assert_close(restored, sample['clean'], atol=1e-5, rtol=0)


def test_a_perfect_prediction_costs_nothing(sample):
    terms = motion_losses(**{**sample, 'predicted': sample['noise']}, settings=LossSettings())
    assert all(float(value) < 1e-6 for value in terms.values())


def test_published_terms_and_weights(sample):
    terms = motion_losses(**sample, settings=LossSettings())
    abar = sample['abar'][:, None, None]
    epsilon = ((sample['predicted'] - sample['noise']) ** 2).mean()
    clean = (sample['noisy'] - (1 - abar).sqrt() * sample['predicted']) / abar.sqrt()
    difference = clean - sample['clean']
    speed = (clean[:, 1:] - clean[:, :-1]) - (sample['clean'][:, 1:] - sample['clean'][:, :-1])
    size = difference.abs()
    robust = torch.where(size < 0.1, 0.5 * size**2 / 0.1, size - 0.05).mean()
    torch.testing.assert_close(terms['epsilon'], epsilon)
    torch.testing.assert_close(terms['velocity'], (speed**2).mean())
    torch.testing.assert_close(terms['clean'], robust)
    torch.testing.assert_close(terms['loss'], 1000 * epsilon + (speed**2).mean() + 100 * robust)
    paper = motion_losses(**sample, settings=LossSettings(10, 1, 1))
    torch.testing.assert_close(paper['loss'], 10 * epsilon + (speed**2).mean() + robust)


def test_the_semantic_score_scales_both_sides_of_the_clean_term(sample):
    sample['semantic'] = torch.full((B, T), 0.5)
    scaled = motion_losses(**sample, settings=LossSettings(clean_beta=1e-6))
    sample['semantic'] = None
    plain = motion_losses(**sample, settings=LossSettings(clean_beta=1e-6))
    torch.testing.assert_close(scaled['clean'], 1.5 * plain['clean'], rtol=1e-4, atol=0)
    torch.testing.assert_close(scaled['velocity'], plain['velocity'])


def test_masked_channels_have_no_say(sample):
    sample['mask'] = torch.ones(B, C)
    sample['mask'][1, 2:] = 0
    before = motion_losses(**sample, settings=LossSettings())
    sample['predicted'][1, :, 2:] += 100
    after = motion_losses(**sample, settings=LossSettings())
    torch.testing.assert_close(before, after)
    # The mean is over what is left: masking away equal errors does not change it.
    error = torch.full((B, T, C), 3.0)
    assert float(masked_mean(error, sample['mask'], torch.ones(B))) == pytest.approx(3)
    assert float(masked_mean(error, torch.zeros(B, C), torch.ones(B))) == 0


def test_step_weights():
    abar = torch.from_numpy(full_alphas_cumprod(DiffusionConfig())).float()
    snr = abar / (1 - abar)
    assert step_weights(abar, LossSettings()).eq(1).all()
    capped = step_weights(abar, LossSettings(step_weight='min_snr'))
    torch.testing.assert_close(capped * snr, snr.clamp(max=5))
    lifted = step_weights(abar, LossSettings(step_weight='sqrt_snr'))
    assert lifted.max() == 5 and lifted.min() == pytest.approx(0.2)
    assert (lifted.diff() >= 0).all(), 'noisier steps weigh no less'


def test_bounded_clean_terms_stay_small_in_pure_noise(sample):
    sample['abar'] = torch.full((B,), 4e-5)
    sample['noisy'] = noised(sample['clean'], sample['noise'], sample['abar'])
    free = motion_losses(**sample, settings=LossSettings())
    bounded = motion_losses(**sample, settings=LossSettings(bounded_clean=True))
    torch.testing.assert_close(bounded['clean'], free['clean'] * 4e-5)
    torch.testing.assert_close(bounded['epsilon'], free['epsilon'])


@pytest.mark.parametrize(
    'bad', [{'epsilon': -1.0}, {'clean_beta': 0.0}, {'epsilon': 0, 'velocity': 0, 'clean': 0}]
)
def test_weights_that_make_no_loss_are_refused(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        LossSettings(**bad)
