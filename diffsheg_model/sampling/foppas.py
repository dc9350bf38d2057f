"""FOPPAS: fast out-painting-based partial autoregressive sampling (arXiv 2401.04747, sec. 3.3).

Motion of any length from a network that sees T frames: each window keeps the last frames of the
one before it and paints the rest. A window is planned whole, with its random draws,
before the network is asked.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from diffsheg_model.config import DiffusionConfig, FoppasConfig
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.noise import NoiseSource
from diffsheg_model.sampling.plan import Walk
from diffsheg_model.sampling.schedule import (
    Schedule,
    make_schedule,
    noising_gains,
    renoise_gains,
)
from diffsheg_model.sampling.solver import clean_gains, step_gains


@dataclass(frozen=True)
class Way:
    """A chain of levels and the way down it.

    Attributes:
        schedule: the levels.
        path: indices that are visited, -1 at the end; a fall is a denoising step, a rise a
            re-noising step.
    """

    schedule: Schedule
    path: tuple[int, ...]

    @property
    def calls(self) -> int:
        """Network calls of a window."""
        return sum(after < before for before, after in itertools.pairwise(self.path))


@dataclass(frozen=True)
class Sampler:
    """How windows are sampled, fixed for a model.

    Attributes:
        config: FOPPAS options.
        solver: how a step down is taken, see `diffsheg_model.sampling.solver`.
        first: the way of a first window.
        later: the way of a later window.
    """

    config: FoppasConfig
    solver: str
    first: Way
    later: Way


def make_sampler(diffusion: DiffusionConfig, foppas: FoppasConfig) -> Sampler:
    """Lays out both ways once.

    Raises:
        InputError: a jump is longer than the part of the chain that later windows run through.
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
        Way(whole, tuple(range(len(whole) - 1, -2, -1))),
        Way(part, harmonising_path(len(part), foppas.jump_length, foppas.jump_n_sample)),
    )


def harmonising_path(length: int, jump_length: int, jump_n_sample: int) -> tuple[int, ...]:
    """Step indices from length - 1 down to -1, with jumps back up.

    Whenever the way down reaches a jump point 0, J, 2J, .. below length - J, it goes J steps up
    again, jump_n_sample - 1 times per point.
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
    """The window [start, end) after ``previous``, or None when the audio is covered.

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
) -> Walk:
    """Lays out how one window of normalised motion is generated, with all its random draws.

    Args:
        sampler: from ``make_sampler``.
        noise: source of the draws.
        window: index of the window within the utterance, names the draws.
        shape: (B, T, C).
        known: (B, overlap, C) first frames of this window, as windows before it made them; None
            for a first window.
        keep: whether they have been shown, and must stay as they are; else they are cross-faded.
    """
    draws = 0

    def draw(kind: str) -> np.ndarray:
        nonlocal draws
        values = noise(window, draws, kind, shape)
        draws += 1
        return values

    way = sampler.first if known is None else sampler.later
    start = draw('init')
    updates: list[_Update] = []
    remembered = None  # index of the call before, unless x was noised since: x0 would not fit it
    for index, following in itertools.pairwise(way.path):
        if following > index:
            gain, noise_gain = renoise_gains(way.schedule, index)
            updates[-1].then(gain, noise_gain * draw('renoise'))
            remembered = None
            continue
        update = _Update(way.schedule, index, remembered, shape)
        updates.append(update)
        remembered = index if sampler.solver == 'dpmpp_2m' else None
        if known is not None:
            level = way.schedule.alpha_cumprod_before(index)
            update.then(*_put_back(known, draw('overlap'), level, sampler.config.ramp_level, keep))
    return Walk(
        steps=np.array([update.step for update in updates], np.int64),
        start=start,
        **{
            name: np.array([getattr(update, name) for update in updates], np.float32)
            for name in ('clean', 'x_gain', 'eps_gain', 'memory_gain', 'offset')
        },
    )


class _Update:
    """What follows one call of the network, gathered in float64; see `Walk`."""

    def __init__(
        self,
        schedule: Schedule,
        index: int,
        remembered: int | None,
        shape: tuple[int, int, int],
    ) -> None:
        """The step down from ``index``, with what the call at ``remembered`` found."""
        self.step = int(schedule.timesteps[index])
        self.clean = clean_gains(float(schedule.alphas_cumprod[index]))
        x_gain, eps_gain, memory_gain = step_gains(schedule, index, remembered)
        frames = np.ones((shape[1], 1))
        self.x_gain = x_gain * frames
        self.eps_gain = eps_gain * frames
        self.memory_gain = memory_gain * frames
        self.offset = np.zeros(shape)

    def then(self, gain: float | np.ndarray, values: np.ndarray) -> None:
        """Lets x become gain * x + values, gain () or (T, 1), values (B, T, C)."""
        self.x_gain = gain * self.x_gain
        self.eps_gain = gain * self.eps_gain
        self.memory_gain = gain * self.memory_gain
        self.offset = gain * self.offset + values


def _put_back(
    known: np.ndarray, noise: np.ndarray, alpha_cumprod: float, ramp_level: float, keep: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Puts the known frames, noised to the level reached, back at the window's start.

    Near the end of the chain those that need not be kept are cross-faded into the denoised frames,
    from all known at the first frame to none at the last of them, so that the seam is smooth.

    Returns:
        Gain of the window's own frames (T, 1), and what is added to them (B, T, C).
    """
    overlap = min(known.shape[1], noise.shape[1])
    of_known, of_noise = noising_gains(alpha_cumprod)
    weight = np.zeros((noise.shape[1], 1))
    fades = of_noise < ramp_level and not keep
    weight[:overlap, 0] = np.linspace(1.0, 0.0, known.shape[1])[:overlap] if fades else 1.0
    values = np.zeros(noise.shape)
    values[:, :overlap] = of_known * known[:, :overlap] + of_noise * noise[:, :overlap]
    return 1.0 - weight, weight * values
