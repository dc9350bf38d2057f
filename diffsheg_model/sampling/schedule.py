"""The diffusion process: noise schedule, and the chain of levels that sampling walks along.

DDPM (Ho et al. 2020, arXiv 2006.11239) as DiffSHEG uses it: eps-prediction, linear betas. How a
step down the chain is taken is in `solver`.
"""

import math
from dataclasses import dataclass

import numpy as np

from diffsheg_model.config import DiffusionConfig


@dataclass(frozen=True)
class Schedule:
    """The respaced chain that sampling walks along, index 0 the cleanest.

    Attributes:
        timesteps: (N,) int64, the original step that the network is given at each index.
        alphas_cumprod: (N,) float64, abar at those steps.
        rise_betas: (N,) float64, beta of a step up from each index; the last is of no use.
    """

    timesteps: np.ndarray
    alphas_cumprod: np.ndarray
    rise_betas: np.ndarray

    def __len__(self) -> int:
        return len(self.timesteps)

    def alpha_cumprod_before(self, index: int) -> float:
        """abar of the level that a step down from ``index`` reaches; 1 below index 0."""
        return float(self.alphas_cumprod[index - 1]) if index > 0 else 1.0


def full_alphas_cumprod(config: DiffusionConfig) -> np.ndarray:
    """abar of every training step, (num_steps,) float64."""
    betas = np.linspace(config.beta_start, config.beta_end, config.num_steps, dtype=np.float64)
    return np.cumprod(1.0 - betas)


def make_schedule(config: DiffusionConfig, share: float = 1.0) -> Schedule:
    """The steps in the config's spacing.

    'even' gives steps 0, stride, 2 stride, ..; with the defaults 0, 40, .., 960. 'log_snr' gives
    steps from 0 to the last whose log(abar / (1 - abar)) is as evenly spaced as whole steps can.

    Args:
        config: of the diffusion.
        share: of the chain, above 0 up to 1: its lowest so many levels and steps.
    """
    count = max(1, round(share * config.sampling_steps))
    alphas_cumprod = full_alphas_cumprod(config)
    if config.spacing == 'even':
        timesteps = np.arange(count, dtype=np.int64) * (config.num_steps // config.sampling_steps)
    else:
        timesteps = _even_in_log_snr(alphas_cumprod, count, round(share * (config.num_steps - 1)))
    levels = alphas_cumprod[timesteps]
    betas = 1.0 - levels / np.concatenate([[1.0], levels[:-1]])
    # A step up from index i reaches the level i + 1 with beta_(i+1). The published sampler uses
    # beta_i; its results depend on it, and its neighbouring betas are much alike.
    rise_betas = betas if config.spacing == 'even' else np.append(betas[1:], 0.0)
    return Schedule(timesteps, levels, rise_betas)


def _even_in_log_snr(alphas_cumprod: np.ndarray, count: int, last: int) -> np.ndarray:
    """``count`` distinct steps up to ``last``, evenly spaced in log-SNR, ascending."""
    log_snr = np.log(alphas_cumprod / (1.0 - alphas_cumprod))
    wanted = np.linspace(log_snr[last], log_snr[0], count)[::-1]
    exact = np.interp(-wanted, -log_snr, np.arange(len(log_snr)))
    # Whole steps are too coarse near 0: neighbours that fall together are moved apart.
    rank = np.arange(count)
    apart = np.maximum.accumulate(np.rint(exact).astype(np.int64) - rank)
    return np.minimum(apart, last - (count - 1)) + rank


def noising_gains(alpha_cumprod: float) -> tuple[float, float]:
    """Gains of clean motion and noise at a level: sqrt(abar) and sqrt(1 - abar)."""
    return math.sqrt(alpha_cumprod), math.sqrt(1.0 - alpha_cumprod)


def renoise_gains(schedule: Schedule, index: int) -> tuple[float, float]:
    """Gains of x and noise one step up from ``index``."""
    beta = float(schedule.rise_betas[index])
    return math.sqrt(1.0 - beta), math.sqrt(beta)
