"""Solvers against exact solutions, and against a second formulation that takes step after step."""

import itertools

import numpy as np
import pytest

from diffsheg_model.config import DiffusionConfig, FoppasConfig
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.foppas import make_sampler, plan_window
from diffsheg_model.sampling.noise import seeded_noise
from diffsheg_model.sampling.plan import run_plan
from diffsheg_model.sampling.schedule import full_alphas_cumprod

SHAPE = (2, 12, 6)

# A chain so fine that whole steps are no limit to the spacing, with the published end points.
FINE = {'num_steps': 50_000, 'beta_start': 2e-6, 'beta_end': 4e-4}


class Gaussian:
    """Motion that is normally distributed: its noise can be predicted exactly, and solved for."""

    mean = np.linspace(-0.5, 0.5, SHAPE[2])
    deviation = np.geomspace(0.3, 2.0, SHAPE[2])

    def __init__(self, config):
        self.levels = full_alphas_cumprod(config)

    def spread(self, abar):
        return np.sqrt(abar * self.deviation**2 + 1 - abar)

    def denoise(self, x, step):
        abar = self.levels[step]
        off = x - np.sqrt(abar) * self.mean
        return (np.sqrt(1 - abar) * off / self.spread(abar) ** 2).astype(np.float32)

    def solution(self, x, step):
        """Where the probability flow takes x from the level of a step."""
        abar = self.levels[step]
        return self.mean + self.deviation * (x - np.sqrt(abar) * self.mean) / self.spread(abar)


def error(solver, spacing, steps, chain=FINE):
    config = DiffusionConfig(**chain, sampling_steps=steps, solver=solver, spacing=spacing)
    motion = Gaussian(config)
    plan = plan_window(
        make_sampler(config, FoppasConfig(jump_n_sample=1)), seeded_noise(0), 0, SHAPE
    )
    found = run_plan(plan, motion.denoise)
    return np.abs(found - motion.solution(plan.start, plan.steps[0])).max()


def order(solver, spacing):
    """Exponents with which the error falls, from each number of steps to its double."""
    errors = [error(solver, spacing, steps) for steps in (20, 40, 80)]
    return [np.log2(before / after) for before, after in itertools.pairwise(errors)]


def test_the_second_order_solver_is_of_second_order():
    assert all(1.7 < exponent < 2.4 for exponent in order('dpmpp_2m', 'log_snr'))


def test_ddim_is_of_first_order():
    assert all(0.8 < exponent < 1.2 for exponent in order('ddim', 'log_snr'))


@pytest.mark.parametrize('steps', [5, 8, 10, 20])
def test_the_second_order_solver_is_nearer_at_equal_work(steps):
    chain = {}  # the published one
    assert error('dpmpp_2m', 'log_snr', steps, chain) < 0.7 * error('ddim', 'log_snr', steps, chain)
    assert error('dpmpp_2m', 'log_snr', steps, chain) < 0.7 * error('ddim', 'even', steps, chain)


def literal_window(denoise, diffusion, foppas, noise, known):
    """A window after the papers' formulas, x itself going from level to level."""
    sampler = make_sampler(diffusion, foppas)
    trajectory = sampler.first if known is None else sampler.later
    timesteps = trajectory.schedule.timesteps
    levels = full_alphas_cumprod(diffusion)
    abar = [1.0, *levels[timesteps]]  # of index - 1

    def log_snr(level):
        return np.log(np.sqrt(level) / np.sqrt(1 - level))

    draws = itertools.count()
    x = noise(3, next(draws), 'init', SHAPE).astype(np.float64)
    history = []  # log-SNR and x0 of the calls since x was last noised
    for index, following in itertools.pairwise(trajectory.path):
        here = abar[index + 1]
        if following > index:
            published = diffusion.spacing == 'even'
            beta = 1 - here / abar[index] if published else 1 - abar[index + 2] / here
            renoise = noise(3, next(draws), 'renoise', SHAPE)
            x = np.sqrt(1 - beta) * x + np.sqrt(beta) * renoise
            history = []
            continue
        there = abar[index]
        eps = denoise(x.astype(np.float32), int(timesteps[index])).astype(np.float64)
        clean = (x - np.sqrt(1 - here) * eps) / np.sqrt(here)
        history.append((log_snr(here), clean))
        if diffusion.solver == 'ddim':
            x = np.sqrt(there) * clean + np.sqrt(1 - there) * eps
        elif there == 1.0:
            x = clean
        else:
            # Algorithm 2 of arXiv 2211.01095, with its r and its phi.
            h = log_snr(there) - history[-1][0]
            ahead = clean
            if len(history) > 1:
                r = (history[-1][0] - history[-2][0]) / h
                ahead = (1 + 1 / (2 * r)) * clean - 1 / (2 * r) * history[-2][1]
            x = np.sqrt((1 - there) / (1 - here)) * x - np.sqrt(there) * np.expm1(-h) * ahead
        if known is not None:
            noised = np.sqrt(there) * known
            noised = noised + np.sqrt(1 - there) * noise(3, next(draws), 'overlap', SHAPE)[:, :4]
            fades = np.sqrt(1 - there) < foppas.ramp_level
            weight = np.linspace(1, 0, 4)[:, None] if fades else 1.0
            x[:, :4] = weight * noised + (1 - weight) * x[:, :4]
    return x


@pytest.mark.parametrize('is_first', [True, False])
@pytest.mark.parametrize('jumps', [(1, 1), (2, 3)])
@pytest.mark.parametrize('spacing', ['even', 'log_snr'])
@pytest.mark.parametrize('solver', ['ddim', 'dpmpp_2m'])
def test_the_plan_is_what_the_papers_say(solver, spacing, jumps, is_first):
    random = np.random.default_rng(5)
    mixing = random.standard_normal((SHAPE[2], SHAPE[2])).astype(np.float32)

    def denoise(x, step):
        return np.tanh(x @ mixing + np.float32(step / 1000))

    diffusion = DiffusionConfig(sampling_steps=10, solver=solver, spacing=spacing)
    foppas = FoppasConfig(jump_length=jumps[0], jump_n_sample=jumps[1])
    known = None if is_first else random.standard_normal((2, 4, 6)).astype(np.float32)
    noise = seeded_noise(2)
    plan = plan_window(make_sampler(diffusion, foppas), noise, 3, SHAPE, known)
    expected = literal_window(denoise, diffusion, foppas, noise, known)
    np.testing.assert_allclose(
        run_plan(plan, denoise), expected, rtol=0, atol=1e-4 * expected.std()
    )


def test_the_memory_begins_anew_where_x_was_noised():
    diffusion = DiffusionConfig(sampling_steps=10, solver='dpmpp_2m', spacing='log_snr')
    sampler = make_sampler(diffusion, FoppasConfig(jump_length=2, jump_n_sample=2))
    known = np.zeros((1, 4, 6), np.float32)
    plan = plan_window(sampler, seeded_noise(0), 1, (1, 12, 6), known)
    path = sampler.later.path
    falls = [k for k in range(len(path) - 1) if path[k + 1] < path[k]]
    for row, k in enumerate(falls):
        fresh = k == 0 or path[k - 1] < path[k]
        first_order = fresh or path[k] == 0
        assert plan.memory_gain[row, -1].any() != first_order
    assert plan.memory_gain.any()


def test_ddim_has_no_memory():
    sampler = make_sampler(DiffusionConfig(), FoppasConfig())
    assert not plan_window(sampler, seeded_noise(0), 0, (1, 12, 6)).uses_memory


@pytest.mark.parametrize(
    ('field', 'value', 'allowed'),
    [('solver', 'euler', 'ddim, dpmpp_2m'), ('spacing', 'karras', 'even, log_snr')],
)
def test_unknown_names_are_refused(field, value, allowed):
    with pytest.raises(InputError) as caught:
        DiffusionConfig(**{field: value})
    assert str(caught.value) == f'DiffusionConfig.{field} = {value!r}: must be one of {allowed}'
