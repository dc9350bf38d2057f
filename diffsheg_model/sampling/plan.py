"""A window's sampling as a list of linear updates, complete before the network is first called.

DDIM, the multistep solver, the known frames put back and re-noising are all linear in the motion
so far, the predicted noise and random draws. With the draws made beforehand, an engine can keep
the motion on its device from the first call of the network to the last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

Denoiser = Callable[[np.ndarray, int], np.ndarray]
"""``denoise(x, step)`` returns the predicted noise of x, (B, T, C) float32, at a step 0..999."""


class Cancelled(Exception):
    """Raised when a window is cancelled while it is generated."""


@dataclass(frozen=True, eq=False)
class SamplingPlan:
    """N calls of the network, each followed by a linear update of the motion x (B, T, C).

    The memory starts as zeros. Call k is::

        eps = denoise(x, steps[k])
        x0 = clean[k, 0] * x + clean[k, 1] * eps
        x = x_gain[k] * x + eps_gain[k] * eps + memory_gain[k] * memory + offset[k]
        memory = x0

    All arrays but `steps` are float32.

    Attributes:
        steps: (N,) int64, the timestep that the network is given at each call.
        start: (B, T, C), x before the first call.
        clean: (N, 2), gains of x and eps in the predicted clean motion x0.
        x_gain, eps_gain, memory_gain: (N, T, 1), gains per frame, because putting known frames
            back scales single frames. The first memory_gain is 0; all are 0 for a solver of first
            order.
        offset: (N, B, T, C), the sum of known frames and noise that is added.
    """

    steps: np.ndarray
    start: np.ndarray
    clean: np.ndarray
    x_gain: np.ndarray
    eps_gain: np.ndarray
    memory_gain: np.ndarray
    offset: np.ndarray

    def __post_init__(self) -> None:
        calls, (batch, frames, channels) = len(self.steps), self.start.shape
        gain = (calls, frames, 1)
        expected = {
            'steps': ((calls,), np.int64),
            'start': ((batch, frames, channels), np.float32),
            'clean': ((calls, 2), np.float32),
            'x_gain': (gain, np.float32),
            'eps_gain': (gain, np.float32),
            'memory_gain': (gain, np.float32),
            'offset': ((calls, batch, frames, channels), np.float32),
        }
        for field, (shape, kind) in expected.items():
            value = getattr(self, field)
            if value.shape != shape or value.dtype != kind:
                raise ValueError(
                    f'SamplingPlan.{field} is {value.dtype} {value.shape}: '
                    f'must be {np.dtype(kind)} {shape}'
                )
        if calls and self.memory_gain[0].any():
            raise ValueError('SamplingPlan.memory_gain[0] must be 0: no call precedes the first')

    def __len__(self) -> int:
        return len(self.steps)

    def channels(self, part: slice) -> 'SamplingPlan':
        """Return the plan for some of the channels; no update mixes channels."""
        return replace(self, start=self.start[..., part], offset=self.offset[..., part])

    @property
    def batch_key(self) -> tuple[bytes, ...]:
        """A key that is equal for plans which `concatenate` can join.

        Such plans differ in start and offset only.
        """
        gains = (self.clean, self.x_gain, self.eps_gain, self.memory_gain)
        return (self.steps.tobytes(), *(gain.tobytes() for gain in gains))

    @property
    def uses_memory(self) -> bool:
        """True if an update uses the x0 of the call before."""
        return bool(self.memory_gain.any())


def concatenate(plans: Sequence[SamplingPlan]) -> SamplingPlan:
    """Return one plan with the rows of several.

    Raises:
        ValueError: the plans differ in more than start and offset.
    """
    if len({plan.batch_key for plan in plans}) != 1:
        raise ValueError('plans with different steps or gains cannot be one batch')
    return replace(
        plans[0],
        start=np.concatenate([plan.start for plan in plans]),
        offset=np.concatenate([plan.offset for plan in plans], axis=1),
    )


def run_plan(
    plan: SamplingPlan, denoise: Denoiser, cancelled: Callable[[], bool] | None = None
) -> np.ndarray:
    """Generate the motion of a plan with NumPy.

    Args:
        plan: the calls and updates.
        denoise: the network, with the window's conditions bound.
        cancelled: called before each call of the network; True cancels the window.

    Returns:
        The motion after the last update, (B, T, C) float32.

    Raises:
        Cancelled: ``cancelled`` returned True.
    """
    x = plan.start
    memory = np.zeros_like(x)
    uses_memory = plan.uses_memory
    for k, step in enumerate(plan.steps.tolist()):
        if cancelled is not None and cancelled():
            raise Cancelled
        eps = denoise(x, step)
        clean = plan.clean[k, 0] * x + plan.clean[k, 1] * eps if uses_memory else memory
        x = plan.x_gain[k] * x + plan.eps_gain[k] * eps + plan.offset[k]
        if uses_memory:
            x += plan.memory_gain[k] * memory
            memory = clean
    return x
