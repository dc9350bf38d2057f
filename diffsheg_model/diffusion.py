"""The diffusion process: noise schedule, DDIM steps down and noising steps up.

DDPM (Ho et al. 2020, arXiv 2006.11239), DDIM (Song et al. 2021, arXiv 2010.02502), as DiffSHEG
uses them: eps-prediction, linear betas, eta = 0, x0 never clipped.
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
        betas: (N,) float64, respaced: 1 - abar_i / abar_(i-1), with abar_(-1) = 1.
    """

    timesteps: np.ndarray
    alphas_cumprod: np.ndarray
    betas: np.ndarray

    def __len__(self) -> int:
        return len(self.timesteps)

    def alpha_cumprod_before(self, index: int) -> float:
        """abar of the level that a step down from ``index`` reaches; 1 below index 0."""
        return float(self.alphas_cumprod[index - 1]) if index > 0 else 1.0


def full_alphas_cumprod(config: DiffusionConfig) -> np.ndarray:
    """abar of every training step, (num_steps,) float64."""
    betas = np.linspace(config.beta_start, config.beta_end, config.num_steps, dtype=np.float64)
    return np.cumprod(1.0 - betas)


def make_schedule(config: DiffusionConfig) -> Schedule:
    """Evenly spaced steps 0, stride, 2 stride, ..; with the defaults 0, 40, .., 960."""
    stride = config.num_steps // config.sampling_steps
    timesteps = np.arange(config.sampling_steps, dtype=np.int64) * stride
    alphas_cumprod = full_alphas_cumprod(config)[timesteps]
    previous = np.concatenate([[1.0], alphas_cumprod[:-1]])
    return Schedule(timesteps, alphas_cumprod, 1.0 - alphas_cumprod / previous)


def clean_gains(alpha_cumprod: float) -> tuple[float, float]:
    """Gains of x and eps in x0 = sqrt(1/abar) x - sqrt(1/abar - 1) eps."""
    return math.sqrt(1.0 / alpha_cumprod), -math.sqrt(1.0 / alpha_cumprod - 1.0)


def ddim_gains(schedule: Schedule, index: int) -> tuple[float, float]:
    """Gains of x and eps in a deterministic step down from ``index``; at index 0 it gives x0.

    sqrt(abar') x0 + sqrt(1 - abar') eps, with abar' of the level below.
    """
    of_x, of_eps = clean_gains(float(schedule.alphas_cumprod[index]))
    of_clean, of_noise = noising_gains(schedule.alpha_cumprod_before(index))
    return of_clean * of_x, of_clean * of_eps + of_noise


def noising_gains(alpha_cumprod: float) -> tuple[float, float]:
    """Gains of clean motion and noise at a level: sqrt(abar) and sqrt(1 - abar)."""
    return math.sqrt(alpha_cumprod), math.sqrt(1.0 - alpha_cumprod)


def renoise_gains(schedule: Schedule, index: int) -> tuple[float, float]:
    """Gains of x and noise one step up from ``index``, with the beta of the index that it leaves.

    The published sampler uses beta_i there, not beta_(i+1); its results depend on it.
    """
    beta = float(schedule.betas[index])
    return math.sqrt(1.0 - beta), math.sqrt(beta)
