"""A window's whole way through the diffusion chain, laid out as linear updates before it begins.

Every element of it, DDIM step, multistep solver, known frames put back and re-noising, is linear
in the motion so far, the predicted noise and random draws. With the draws made beforehand, an
engine may keep the motion on its device from the first call of the network to the last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

Denoiser = Callable[[np.ndarray, int], np.ndarray]
"""``denoise(x (B, T, C) float32, step 0..999)`` -> predicted noise, same shape."""


class Cancelled(Exception):
    """The window under way is not wanted any more."""


@dataclass(frozen=True, eq=False)
class Walk:
    """N calls of the network, each followed by an update of the motion x (B, T, C).

    With ``eps = denoise(x, steps[k])`` and a memory that starts as zeros, call k is::

        x0 = clean[k, 0] * x + clean[k, 1] * eps
        x = x_gain[k] * x + eps_gain[k] * eps + memory_gain[k] * memory + offset[k]
        memory = x0

    All arrays but `steps` are float32.

    Attributes:
        steps: (N,) int64, the diffusion step of each call.
        start: (B, T, C), x before the first call.
        clean: (N, 2), gains of x and eps that give the predicted clean motion.
        x_gain, eps_gain, memory_gain: (N, T, 1), per frame: putting known frames back scales
            them. The first memory_gain is 0; all are where the solver has no memory.
        offset: (N, B, T, C), what is added: known frames and noise.
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
                    f'Walk.{field} is {value.dtype} {value.shape}: must be {np.dtype(kind)} {shape}'
                )
        if calls and self.memory_gain[0].any():
            raise ValueError('Walk.memory_gain[0] must be 0: the first call has nothing behind it')

    def __len__(self) -> int:
        return len(self.steps)

    def channels(self, part: slice) -> 'Walk':
        """The walk of some of the channels: no update mixes them."""
        return replace(self, start=self.start[..., part], offset=self.offset[..., part])

    @property
    def way(self) -> tuple[bytes, ...]:
        """Equal for walks that differ in their start and offset only; see `concatenate`."""
        gains = (self.clean, self.x_gain, self.eps_gain, self.memory_gain)
        return (self.steps.tobytes(), *(gain.tobytes() for gain in gains))

    @property
    def remembers(self) -> bool:
        """Whether any update uses the memory; where none does, it need not be kept."""
        return bool(self.memory_gain.any())


def concatenate(walks: Sequence[Walk]) -> Walk:
    """One walk with the rows of several, which must go the same way.

    Raises:
        ValueError: they do not.
    """
    if len({walk.way for walk in walks}) != 1:
        raise ValueError('only walks that go the same way can be taken together')
    return replace(
        walks[0],
        start=np.concatenate([walk.start for walk in walks]),
        offset=np.concatenate([walk.offset for walk in walks], axis=1),
    )


def take(walk: Walk, denoise: Denoiser, cancelled: Callable[[], bool] | None = None) -> np.ndarray:
    """Walks it with NumPy.

    Args:
        walk: what to do.
        denoise: the network, with the window's conditions bound.
        cancelled: asked before each call of the network; True gives the window up.

    Returns:
        The motion at the end, (B, T, C) float32.

    Raises:
        Cancelled: ``cancelled`` returned True.
    """
    x = walk.start
    memory = np.zeros_like(x)
    remembers = walk.remembers
    for k, step in enumerate(walk.steps.tolist()):
        if cancelled is not None and cancelled():
            raise Cancelled
        eps = denoise(x, step)
        clean = walk.clean[k, 0] * x + walk.clean[k, 1] * eps if remembers else memory
        x = walk.x_gain[k] * x + walk.eps_gain[k] * eps + walk.offset[k]
        if remembers:
            x += walk.memory_gain[k] * memory
            memory = clean
    return x
