"""The published training losses, and optional weightings for short training.

Source: arXiv 2401.04747, section 3.4, and the authors' released code. Motion is normalised
throughout; ``abar`` is the cumulative product of ``1 - beta`` at a sample's diffusion step.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from diffsheg_model.checked_fields import require, require_choices


@dataclass(frozen=True)
class LossSettings:
    """Weights of the losses.

    Attributes:
        epsilon: weight of the mean square error of the predicted noise. Released code 1000,
            paper 10.
        velocity: weight of the mean square error of the frame differences of the predicted clean
            motion. Released code 1, paper 1.
        clean: weight of the smooth-L1 error of the predicted clean motion. Released code 100,
            paper 1.
        clean_beta: where smooth-L1 turns from square to linear, in standard deviations.
        semantic: True to multiply both sides of the smooth-L1 term by (semantic score + 1), on
            takes with a semantic score (BEAT).
        step_weight: weight of the noise error over diffusion steps. 'none' as published.
            'min_snr' = min(SNR, gamma) / SNR (arXiv 2303.09556) gives nearly clean steps less
            weight. 'sqrt_snr' = SNR^-1/2, bounded by gamma on both sides, gives more weight to the
            noisy steps, where speech determines the motion. 'bounded_snr' = min(SNR + 1, gamma) /
            SNR: as an error of the clean motion it counts once in pure noise and at most gamma
            times in nearly clean motion; without the bound it is the error of the velocity v
            (arXiv 2202.00512).
        snr_gamma: the bound gamma of these weightings.
        bounded_clean: True to multiply the velocity and smooth-L1 terms by abar. Otherwise nearly
            pure noise dominates them: there the clean motion scales the noise error by up to 157.
            False as published.
    """

    epsilon: float = 1000.0
    velocity: float = 1.0
    clean: float = 100.0
    clean_beta: float = 0.1
    semantic: bool = True
    step_weight: Literal['none', 'min_snr', 'sqrt_snr', 'bounded_snr'] = 'none'
    snr_gamma: float = 5.0
    bounded_clean: bool = False

    def __post_init__(self) -> None:
        require_choices(self)
        for field in ('epsilon', 'velocity', 'clean'):
            require(getattr(self, field) >= 0, self, field, '0 or more')
        total = self.epsilon + self.velocity + self.clean
        require(total > 0, self, 'epsilon', 'positive where velocity and clean are 0')
        for field in ('clean_beta', 'snr_gamma'):
            require(getattr(self, field) > 0, self, field, 'positive')


def noised(clean: Tensor, noise: Tensor, abar: Tensor) -> Tensor:
    """Return motion (B, T, C) at the noise level ``abar`` (B,): the forward process."""
    abar = abar[:, None, None]
    return abar.sqrt() * clean + (1 - abar).sqrt() * noise


def clean_from_epsilon(noisy: Tensor, epsilon: Tensor, abar: Tensor) -> Tensor:
    """Return the clean motion (B, T, C) that a predicted noise implies; ``abar`` is (B,)."""
    abar = abar[:, None, None]
    return (1 / abar).sqrt() * noisy - (1 / abar - 1).sqrt() * epsilon


def step_weights(abar: Tensor, settings: LossSettings) -> Tensor:
    """Return the weight (B,) of each sample's noise error, from its ``abar`` (B,)."""
    snr = abar / (1 - abar)
    if settings.step_weight == 'min_snr':
        return snr.clamp(max=settings.snr_gamma) / snr
    if settings.step_weight == 'bounded_snr':
        return (snr + 1).clamp(max=settings.snr_gamma) / snr
    if settings.step_weight == 'sqrt_snr':
        return snr.rsqrt().clamp(1 / settings.snr_gamma, settings.snr_gamma)
    return torch.ones_like(abar)


def masked_mean(error: Tensor, mask: Tensor, weight: Tensor) -> Tensor:
    """Return the mean of ``error`` (B, T, C) * ``weight`` (B,) where ``mask`` (B, C) is 1.

    A batch without a valid channel gives 0.
    """
    weighted = error * (mask * weight[:, None])[:, None, :]
    return weighted.sum() / (mask.sum() * error.shape[1]).clamp(min=1)


def motion_losses(
    predicted: Tensor,
    noise: Tensor,
    noisy: Tensor,
    clean: Tensor,
    abar: Tensor,
    mask: Tensor,
    semantic: Tensor | None,
    settings: LossSettings,
) -> dict[str, Tensor]:
    """Return all terms of the training loss and their weighted sum.

    Args:
        predicted: (B, T, C) noise that the network predicts.
        noise: (B, T, C) noise that was mixed in.
        noisy: (B, T, C) input of the network.
        clean: (B, T, C) true motion.
        abar: (B,) noise level.
        mask: (B, C) 1 where a sample's channel is valid, else 0.
        semantic: (B, T) semantic score, 0 or more; None without one.
        settings: weights.

    Returns:
        Scalars 'loss', 'epsilon', 'velocity' and 'clean'; the last three unweighted.
    """
    predicted = predicted.float()
    bound = abar if settings.bounded_clean else torch.ones_like(abar)
    terms = {'epsilon': masked_mean((predicted - noise) ** 2, mask, step_weights(abar, settings))}
    restored = clean_from_epsilon(noisy, predicted, abar)
    difference = restored - clean
    terms['velocity'] = masked_mean(difference.diff(dim=1) ** 2, mask, bound)
    if semantic is not None and settings.semantic:
        difference = difference * (semantic[:, :, None] + 1)
    robust = smooth_l1_loss(
        difference, torch.zeros_like(difference), reduction='none', beta=settings.clean_beta
    )
    terms['clean'] = masked_mean(robust, mask, bound)
    terms['loss'] = (
        settings.epsilon * terms['epsilon']
        + settings.velocity * terms['velocity']
        + settings.clean * terms['clean']
    )
    return terms
