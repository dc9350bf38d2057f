"""One denoising step, as gains of its terms.

Both solvers extrapolate the predicted clean motion x0 ("data prediction"). With
alpha = sqrt(abar), sigma = sqrt(1 - abar) and half the log-SNR lambda = log(alpha / sigma), a step
from level s to level t is (Lu et al. 2022, arXiv 2211.01095, eq. 9 and algorithm 2)::

    x_t = sigma_t / sigma_s x_s + (alpha_t - alpha_s sigma_t / sigma_s) D

'ddim' takes D = x0 at s, which is DDIM with eta = 0 (arXiv 2010.02502); x0 is never clipped.
'dpmpp_2m' continues the line through x0 at s and at the level r before it, for any two levels:
D = x0_s + (x0_s - x0_r) (lambda_t - lambda_s) / (2 (lambda_s - lambda_r)).
"""

import math

from diffsheg_model.sampling.schedule import Schedule, noising_gains


def clean_gains(alpha_cumprod: float) -> tuple[float, float]:
    """Return the gains of x and eps in x0 = sqrt(1/abar) x - sqrt(1/abar - 1) eps."""
    return math.sqrt(1.0 / alpha_cumprod), -math.sqrt(1.0 / alpha_cumprod - 1.0)


def step_gains(
    schedule: Schedule, index: int, before: int | None = None
) -> tuple[float, float, float]:
    """Return the gains of a denoising step from ``index``; from index 0 it gives x0.

    Args:
        schedule: the noise levels.
        index: the level at which the step starts.
        before: for a step of second order, the level of the previous x0. The last step is always
            of first order, because the log-SNR of clean motion is infinite.

    Returns:
        Gains of x, eps and the previous x0.
    """
    alpha, sigma = noising_gains(float(schedule.alphas_cumprod[index]))
    next_alpha, next_sigma = noising_gains(schedule.alpha_cumprod_before(index))
    of_x = next_sigma / sigma
    of_clean = next_alpha - alpha * of_x
    beyond = 0.0
    if before is not None and index > 0:
        before_alpha, before_sigma = noising_gains(float(schedule.alphas_cumprod[before]))
        here = math.log(alpha / sigma)
        stride = math.log(next_alpha / next_sigma) - here
        beyond = 0.5 * stride / (here - math.log(before_alpha / before_sigma))
    clean_x, clean_eps = clean_gains(float(schedule.alphas_cumprod[index]))
    ahead = of_clean * (1.0 + beyond)
    return of_x + ahead * clean_x, ahead * clean_eps, -of_clean * beyond
