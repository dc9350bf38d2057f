"""The interface of every engine: a loaded network that generates windows of motion."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from diffsheg_model.config import BundleConfig
from diffsheg_model.errors import InputError
from diffsheg_model.sampling.plan import Denoiser, SamplingPlan, run_plan


@dataclass(frozen=True, eq=False)
class Conditions:
    """Inputs from which a window of motion is generated.

    Attributes:
        mel: (B, T, mel_dim) float32.
        speech: (B, T, speech_dim) float32, or None if the model has no speech encoder.
        speaker: (B, num_speakers) float32 one-hot.
        guidance_scale: scale of classifier-free guidance, for models trained with it.
    """

    mel: np.ndarray
    speech: np.ndarray | None
    speaker: np.ndarray
    guidance_scale: float = 1.0


class Engine(ABC):
    """A loaded denoising network. Not thread-safe.

    Attributes:
        name: name for `create_engine`.
        precision: precision of its arithmetic, such as 'fp32'.
    """

    name: str
    precision: str

    @abstractmethod
    def denoiser(self, conditions: Conditions, steps: Sequence[int]) -> Denoiser:
        """Return the network with a window's conditions bound.

        Work that all calls of a window share is done here. The result is valid until the next call
        of ``denoiser`` or ``sample``.

        Args:
            conditions: conditions of the window.
            steps: all diffusion steps that the result will be called with, in any order.

        Raises:
            InputError: conditions that do not fit the model.
        """

    def sample(
        self,
        conditions: Conditions,
        plan: SamplingPlan,
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        """Generate a window of normalised motion.

        An engine that keeps the motion on its device runs the plan's updates there.

        Args:
            conditions: conditions of the window, with as many rows as the plan.
            plan: the denoising steps.
            cancelled: called before each call of the network; True cancels the window.

        Returns:
            (B, T, C) float32.

        Raises:
            InputError: conditions that do not fit the model.
            Cancelled: ``cancelled`` returned True.
        """
        return run_plan(plan, self.denoiser(conditions, plan.steps.tolist()), cancelled)

    @abstractmethod
    def close(self) -> None:
        """Free the engine's resources; do not use it afterwards."""


def check_conditions(conditions: Conditions, config: BundleConfig) -> None:
    """Check the shapes of conditions before an engine uses them.

    Raises:
        InputError: a shape does not fit the model.
    """
    sizes = config.network
    batch, frames = conditions.mel.shape[:2]
    expected = {
        'mel': (batch, frames, sizes.mel_dim),
        'speech': (batch, frames, sizes.speech_dim) if sizes.speech_dim else None,
        'speaker': (batch, sizes.num_speakers),
    }
    for field, shape in expected.items():
        value = getattr(conditions, field)
        found = None if value is None else value.shape
        if found != shape:
            raise InputError(
                f'Conditions.{field} has shape {found}: the model {config.name!r} takes {shape}'
            )
