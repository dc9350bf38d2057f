"""The noise schedule, and the timesteps at which sampling calls the network.

DDPM (Ho et al. 2020, arXiv 2006.11239) as DiffSHEG uses it: eps-prediction and linear betas. The
denoising step itself is in `solver`.
"""

import math
from dataclasses import dataclass

import numpy as np

from diffsheg_model.config import DiffusionConfig


@dataclass(frozen=True)
class Schedule:
    """The respaced schedule of N timesteps; index 0 has the least noise.

    Attributes:
        timesteps: (N,) int64, the training timestep that the network is given at each index.
        alphas_cumprod: (N,) float64, abar at those timesteps.
        rise_betas: (N,) float64, beta of a re-noising step up from each index; the last is unused.
    """

    timesteps: np.ndarray
    alphas_cumprod: np.ndarray
    rise_betas: np.ndarray

    def __len__(self) -> int:
        return len(self.timesteps)

    def alpha_cumprod_before(self, index: int) -> float:
        """Return the abar that a denoising step from ``index`` reaches; 1 from index 0."""
        return float(self.alphas_cumprod[index - 1]) if index > 0 else 1.0


def full_alphas_cumprod(config: DiffusionConfig) -> np.ndarray:
    """Return abar at every training timestep, (num_steps,) float64."""
    betas = np.linspace(config.beta_start, config.beta_end, config.num_steps, dtype=np.float64)
    return np.cumprod(1.0 - betas)


def make_schedule(config: DiffusionConfig, share: float = 1.0) -> Schedule:
    """Return the schedule in the config's spacing.

    'even' gives timesteps 0, stride, 2 stride, ..; with the defaults 0, 40, .., 960. 'log_snr'
    spaces log(abar / (1 - abar)) evenly, as far as integer timesteps allow.

    Args:
        config: the diffusion settings.
        share: part of the noise levels and of the sampling steps, counted from the least noise, in
            (0, 1].
    """
    count = max(1, round(share * config.sampling_steps))
    alphas_cumprod = full_alphas_cumprod(config)
    if config.spacing == 'even':
        timesteps = np.arange(count, dtype=np.int64) * (config.num_steps // config.sampling_steps)
    else:
        timesteps = _even_in_log_snr(alphas_cumprod, count, round(share * (config.num_steps - 1)))
    levels = alphas_cumprod[timesteps]
    betas = 1.0 - levels / np.concatenate([[1.0], levels[:-1]])
    # Re-noising from index i to i + 1 takes beta_(i+1). The published sampler uses beta_i instead,
    # and its results depend on that. With even spacing the two betas are close.
    rise_betas = betas if config.spacing == 'even' else np.append(betas[1:], 0.0)
    return Schedule(timesteps, levels, rise_betas)


def _even_in_log_snr(alphas_cumprod: np.ndarray, count: int, last: int) -> np.ndarray:
    """Return ``count`` distinct timesteps up to ``last``, ascending, evenly spaced in log-SNR."""
    log_snr = np.log(alphas_cumprod / (1.0 - alphas_cumprod))
    wanted = np.linspace(log_snr[last], log_snr[0], count)[::-1]
    exact = np.interp(-wanted, -log_snr, np.arange(len(log_snr)))
    # Integer timesteps are too coarse near 0: equal neighbours are moved apart.
    rank = np.arange(count)
    apart = np.maximum.accumulate(np.rint(exact).astype(np.int64) - rank)
    return np.minimum(apart, last - (count - 1)) + rank


def noising_gains(alpha_cumprod: float) -> tuple[float, float]:
    """Return the gains of clean motion and noise: sqrt(abar) and sqrt(1 - abar)."""
    return math.sqrt(alpha_cumprod), math.sqrt(1.0 - alpha_cumprod)


def renoise_gains(schedule: Schedule, index: int) -> tuple[float, float]:
    """Return the gains of x and noise in a re-noising step up from ``index``."""
    beta = float(schedule.rise_betas[index])
    return math.sqrt(1.0 - beta), math.sqrt(beta)
