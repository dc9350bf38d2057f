"""FOPPAS: fast out-painting-based partial autoregressive sampling (arXiv 2401.04747, sec. 3.3).

Motion of any length from a network that sees T frames: each window keeps the last frames of the
one before it and paints the rest. Plain functions over any denoiser.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from diffsheg_model.config import DiffusionConfig, FoppasConfig
from diffsheg_model.diffusion import (
    Schedule,
    ddim_step,
    make_schedule,
    noise_to,
    renoise_step,
)
from diffsheg_model.errors import InputError
from diffsheg_model.noise import NoiseSource

Denoiser = Callable[[np.ndarray, int], np.ndarray]
"""``denoise(x (B, T, C) float32, step 0..999)`` -> predicted noise, same shape."""


@dataclass(frozen=True)
class Sampler:
    """A schedule and the ways through it, fixed for a model.

    Attributes:
        schedule: the respaced chain.
        config: FOPPAS options.
        first_path: indices that a first window visits, -1 at the end.
        later_path: indices that a later window visits; a fall is a denoising step, a rise a
            re-noising step.
    """

    schedule: Schedule
    config: FoppasConfig
    first_path: tuple[int, ...]
    later_path: tuple[int, ...]

    @property
    def first_calls(self) -> int:
        """Network calls of a first window."""
        return _falls(self.first_path)

    @property
    def later_calls(self) -> int:
        """Network calls of a later window."""
        return _falls(self.later_path)


def make_sampler(diffusion: DiffusionConfig, foppas: FoppasConfig) -> Sampler:
    """Lays out both ways once.

    Raises:
        InputError: a jump is longer than the part of the chain that later windows run through.
    """
    schedule = make_schedule(diffusion)
    length = max(1, round(foppas.start_fraction * len(schedule)))
    if foppas.jump_n_sample > 1 and foppas.jump_length >= length:
        raise InputError(
            f'FoppasConfig.jump_length = {foppas.jump_length}: must be less than the {length} '
            'steps that a later window runs through'
        )
    return Sampler(
        schedule,
        foppas,
        tuple(range(len(schedule) - 1, -2, -1)),
        harmonising_path(length, foppas.jump_length, foppas.jump_n_sample),
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


def _falls(path: tuple[int, ...]) -> int:
    return sum(after < before for before, after in itertools.pairwise(path))


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


def sample_window(
    denoise: Denoiser,
    sampler: Sampler,
    noise: NoiseSource,
    window: int,
    shape: tuple[int, int, int],
    known: np.ndarray | None = None,
) -> np.ndarray:
    """Generates one window of normalised motion.

    Args:
        denoise: the network, conditioned on this window's features.
        sampler: from ``make_sampler``.
        noise: source of the draws.
        window: index of the window within the utterance, names the draws.
        shape: (B, T, C).
        known: (B, overlap, C) last frames of the window before; None for a first window.

    Returns:
        (B, T, C) float32.
    """
    draws = 0

    def draw(kind: str) -> np.ndarray:
        nonlocal draws
        values = noise(window, draws, kind, shape)
        draws += 1
        return values

    path = sampler.first_path if known is None else sampler.later_path
    schedule = sampler.schedule
    x = draw('init')
    for index, following in itertools.pairwise(path):
        if following > index:
            x = renoise_step(x, draw('renoise'), schedule, index)
            continue
        x = ddim_step(x, denoise(x, int(schedule.timesteps[index])), schedule, index)
        if known is not None:
            alpha_cumprod = schedule.alpha_cumprod_before(index)
            x = _put_back(x, known, draw('overlap'), alpha_cumprod, sampler.config.ramp_level)
    return x


def _put_back(
    x: np.ndarray,
    known: np.ndarray,
    noise: np.ndarray,
    alpha_cumprod: float,
    ramp_level: float,
) -> np.ndarray:
    """Puts the known frames, noised to the level reached, back at the window's start.

    Near the end of the chain they are cross-faded into the denoised frames, from all known at
    the first frame to none at the last of the overlap, so that the seam is smooth.
    """
    overlap = min(known.shape[1], x.shape[1])
    noised = noise_to(known[:, :overlap], noise[:, :overlap], alpha_cumprod)
    if np.sqrt(1.0 - alpha_cumprod) < ramp_level:
        weight = np.linspace(1.0, 0.0, known.shape[1], dtype=np.float32)[:overlap, None]
        noised = weight * noised + (np.float32(1.0) - weight) * x[:, :overlap]
    return np.concatenate([noised, x[:, overlap:]], axis=1)
