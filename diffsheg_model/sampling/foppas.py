"""FOPPAS: fast out-painting-based partial autoregressive sampling (arXiv 2401.04747, sec. 3.3).

Generates motion of any length with a network that sees T frames. Each window keeps the last
frames of the window before it and generates the rest (abar[-1] stands for 1)::

    trajectory = first if known is None else later      # indices N-1 .. -1, with jumps back up
    x = noise()
    for index, next_index in pairwise(trajectory.path):
        if next_index > index:                          # a jump re-noises one level up
            x = sqrt(1 - beta[index]) * x + sqrt(beta[index]) * noise()
        else:                                           # a denoising step
            eps = network(x, timesteps[index])
            x = solver_step(x, eps, index)              # DDIM, or DPM-Solver++ with the last x0
            noised = sqrt(abar[next_index]) * known + sqrt(1 - abar[next_index]) * noise()
            x[:overlap] = weight * noised + (1 - weight) * x[:overlap]     # later windows only

`plan_window` carries out this loop without the network: it draws all noise and leaves the
network's output as an unknown. The result is a `SamplingPlan`, which an engine runs.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from diffsheg_model.config import DiffusionConfig, FoppasConfig
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.noise import NoiseSource
from diffsheg_model.sampling.plan import SamplingPlan
from diffsheg_model.sampling.schedule import (
    Schedule,
    make_schedule,
    noising_gains,
    renoise_gains,
)
from diffsheg_model.sampling.solver import clean_gains, step_gains


@dataclass(frozen=True)
class Trajectory:
    """The noise levels of a schedule in the order in which a window visits them.

    Attributes:
        schedule: the noise levels.
        path: indices into the schedule, ending with -1 for clean motion. A lower index follows a
            denoising step, a higher one a re-noising step.
    """

    schedule: Schedule
    path: tuple[int, ...]

    @property
    def calls(self) -> int:
        """Network calls of a window."""
        return sum(after < before for before, after in itertools.pairwise(self.path))


@dataclass(frozen=True)
class Sampler:
    """The sampling settings of a model, and the trajectories that follow from them.

    Attributes:
        config: FOPPAS options.
        solver: name of the solver, see `diffsheg_model.sampling.solver`.
        first: trajectory of a first window.
        later: trajectory of a later window.
    """

    config: FoppasConfig
    solver: str
    first: Trajectory
    later: Trajectory


def make_sampler(diffusion: DiffusionConfig, foppas: FoppasConfig) -> Sampler:
    """Return the sampler for these settings.

    Raises:
        InputError: a jump is longer than the trajectory of a later window.
    """
    whole = make_schedule(diffusion)
    part = make_schedule(diffusion, foppas.start_fraction)
    if foppas.jump_n_sample > 1 and foppas.jump_length >= len(part):
        raise InputError(
            f'FoppasConfig.jump_length = {foppas.jump_length}: must be less than the {len(part)} '
            'steps that a later window runs through; with jump_n_sample = 1 there are no jumps'
        )
    return Sampler(
        foppas,
        diffusion.solver,
        Trajectory(whole, tuple(range(len(whole) - 1, -2, -1))),
        Trajectory(part, harmonising_path(len(part), foppas.jump_length, foppas.jump_n_sample)),
    )


def harmonising_path(length: int, jump_length: int, jump_n_sample: int) -> tuple[int, ...]:
    """Return step indices from length - 1 down to -1, with harmonising jumps back up.

    The jump points are 0, J, 2J, .. below length - J, with J = jump_length. Whenever the path
    reaches one, it rises J steps again, jump_n_sample - 1 times per point.
    """
    jumps = {point: jump_n_sample - 1 for point in range(0, length - jump_length, jump_length)}
    path = [length - 1]
    while path[-1] > -1:
        index = path[-1]
        if jumps.get(index, 0) > 0:
            jumps[index] -= 1
            path.extend(range(index + 1, index + jump_length + 1))
        path.append(path[-1] - 1)
    return tuple(path)


def next_window(
    previous: tuple[int, int] | None,
    window_frames: int,
    overlap: int,
    total_frames: int,
) -> tuple[int, int] | None:
    """Return the window [start, end) after ``previous``, or None when all frames are covered.

    Args:
        previous: the last window, None before the first.
        window_frames: T; the last window of an utterance may be shorter.
        overlap: frames shared with the previous window.
        total_frames: frames of the utterance.
    """
    if previous is None:
        start = 0
    elif previous[1] >= total_frames:
        return None
    else:
        start = max(0, previous[1] - overlap)
    end = min(start + window_frames, total_frames)
    return (start, end) if end > start else None


def plan_window(
    sampler: Sampler,
    noise: NoiseSource,
    window: int,
    shape: tuple[int, int, int],
    known: np.ndarray | None = None,
    keep: bool = False,
) -> SamplingPlan:
    """Return the plan of one window of normalised motion, with all its random draws.

    Args:
        sampler: from ``make_sampler``.
        noise: source of the draws.
        window: index of the window within the utterance; part of each draw's name.
        shape: (B, T, C).
        known: (B, overlap, C) first frames of this window, from the window before it; None for a
            first window.
        keep: True keeps the known frames exactly, because they have been shown already. False
            cross-fades them into the new ones.
    """
    draws = 0

    def draw(kind: str) -> np.ndarray:
        nonlocal draws
        values = noise(window, draws, kind, shape)
        draws += 1
        return values

    trajectory = sampler.first if known is None else sampler.later
    start = draw('init')
    updates: list[_Update] = []
    # Index of the previous call. None after re-noising, because its x0 no longer fits x.
    previous = None
    for index, next_index in itertools.pairwise(trajectory.path):
        if next_index > index:
            gain, noise_gain = renoise_gains(trajectory.schedule, index)
            updates[-1].then(gain, noise_gain * draw('renoise'))
            previous = None
            continue
        update = _Update(trajectory.schedule, index, previous, shape)
        updates.append(update)
        previous = index if sampler.solver == 'dpmpp_2m' else None
        if known is not None:
            level = trajectory.schedule.alpha_cumprod_before(index)
            update.then(*_put_back(known, draw('overlap'), level, sampler.config.ramp_level, keep))
    return SamplingPlan(
        steps=np.array([update.step for update in updates], np.int64),
        start=start,
        **{
            name: np.array([getattr(update, name) for update in updates], np.float32)
            for name in ('clean', 'x_gain', 'eps_gain', 'memory_gain', 'offset')
        },
    )


class _Update:
    """The update after one call of the network, collected in float64; see `SamplingPlan`."""

    def __init__(
        self,
        schedule: Schedule,
        index: int,
        previous: int | None,
        shape: tuple[int, int, int],
    ) -> None:
        """Start with the denoising step from ``index``, after a call at ``previous``."""
        self.step = int(schedule.timesteps[index])
        self.clean = clean_gains(float(schedule.alphas_cumprod[index]))
        x_gain, eps_gain, memory_gain = step_gains(schedule, index, previous)
        frames = np.ones((shape[1], 1))
        self.x_gain = x_gain * frames
        self.eps_gain = eps_gain * frames
        self.memory_gain = memory_gain * frames
        self.offset = np.zeros(shape)

    def then(self, gain: float | np.ndarray, values: np.ndarray) -> None:
        """Append x = gain * x + values, with gain () or (T, 1) and values (B, T, C)."""
        self.x_gain = gain * self.x_gain
        self.eps_gain = gain * self.eps_gain
        self.memory_gain = gain * self.memory_gain
        self.offset = gain * self.offset + values


def _put_back(
    known: np.ndarray, noise: np.ndarray, alpha_cumprod: float, ramp_level: float, keep: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the update that puts the known frames back at the window's start.

    The known frames are noised to the level reached. Near the end of the trajectory they are
    cross-faded into the denoised frames unless ``keep`` is set: weight 1 at the first known frame,
    0 at the last one. This makes the seam smooth.

    Returns:
        Gain of the window's own frames (T, 1), and the values added to them (B, T, C).
    """
    overlap = min(known.shape[1], noise.shape[1])
    of_known, of_noise = noising_gains(alpha_cumprod)
    weight = np.zeros((noise.shape[1], 1))
    fades = of_noise < ramp_level and not keep
    weight[:overlap, 0] = np.linspace(1.0, 0.0, known.shape[1])[:overlap] if fades else 1.0
    values = np.zeros(noise.shape)
    values[:, :overlap] = of_known * known[:, :overlap] + of_noise * noise[:, :overlap]
    return 1.0 - weight, weight * values
