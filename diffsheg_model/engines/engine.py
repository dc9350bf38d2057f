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
    """What a window of motion is generated from.

    Attributes:
        mel: (B, T, mel_dim) float32.
        speech: (B, T, speech_dim) float32, or None where the model has no speech encoder.
        speaker: (B, num_speakers) float32 one-hot.
        guidance_scale: classifier-free guidance; only heard by models that were trained for it.
    """

    mel: np.ndarray
    speech: np.ndarray | None
    speaker: np.ndarray
    guidance_scale: float = 1.0


class Engine(ABC):
    """One denoising network, loaded and ready. Used by one thread at a time.

    Attributes:
        name: as `create_engine` takes it.
        precision: of its arithmetic, such as 'fp32'.
    """

    name: str
    precision: str

    @abstractmethod
    def denoiser(self, conditions: Conditions, steps: Sequence[int]) -> Denoiser:
        """The network with one window's conditions bound.

        This is the place for what all calls of a window share. What it returns is valid until
        the next call of ``denoiser`` or ``sample``.

        Args:
            conditions: of the window.
            steps: every diffusion step that it will be called with, in any order.

        Raises:
            InputError: conditions that do not fit the model.
        """

    def sample(
        self,
        conditions: Conditions,
        plan: SamplingPlan,
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        """Generates a window of normalised motion.

        An engine that keeps the motion on its device runs the plan's updates there.

        Args:
            conditions: of the window; as many rows as the plan has.
            plan: the denoising steps.
            cancelled: asked before each call of the network; True gives the window up.

        Returns:
            (B, T, C) float32.

        Raises:
            InputError: conditions that do not fit the model.
            Cancelled: ``cancelled`` returned True.
        """
        return run_plan(plan, self.denoiser(conditions, plan.steps.tolist()), cancelled)

    @abstractmethod
    def close(self) -> None:
        """Frees what the engine holds; it is not used afterwards."""


def check_conditions(conditions: Conditions, config: BundleConfig) -> None:
    """Refuses conditions that the model would misread, before an engine does.

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
