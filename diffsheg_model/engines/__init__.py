"""Engines run one denoising step. All speak one small protocol, so the sampler knows of none."""

import logging
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from diffsheg_model.bundle import Bundle
from diffsheg_model.config import BundleConfig
from diffsheg_model.errors import InputError
from diffsheg_model.foppas import Denoiser

logger = logging.getLogger(__name__)

ENGINES = ('auto', 'onnxruntime', 'torch')


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


class Engine(Protocol):
    """One denoising network, loaded and ready.

    Used by one thread at a time. ``denoiser`` is called once a window and may compute
    there what all steps share; what it returns is valid until the next call of ``denoiser``.
    """

    name: str
    precision: str

    def denoiser(self, conditions: Conditions) -> Denoiser:
        """The network with one window's conditions bound: (x (B, T, C), step) -> eps."""
        ...

    def close(self) -> None:
        """Frees what the engine holds; it is not used afterwards."""
        ...


def create_engine(name: str, bundle: Bundle, threads: int = 0) -> Engine:
    """Loads a bundle into the named engine.

    Args:
        name: one of ENGINES; 'auto' takes onnxruntime.
        bundle: the model.
        threads: CPU threads; 0 leaves the choice to the engine.

    Raises:
        InputError: the engine is unknown or not installed.
    """
    if threads < 0:
        raise InputError(f'threads = {threads}: must be 0 (the engine chooses) or more')
    chosen = 'onnxruntime' if name == 'auto' else name
    engine: Engine
    if chosen == 'onnxruntime':
        from diffsheg_model.engines.onnxruntime_engine import OnnxRuntimeEngine

        engine = OnnxRuntimeEngine(bundle, threads)
    elif chosen == 'torch':
        try:
            from diffsheg_model.engines.torch_engine import TorchEngine
        except ModuleNotFoundError as error:
            raise InputError(
                f'engine torch needs the module {error.name}, which is not installed: '
                "pip install 'diffsheg[train]', or choose engine onnxruntime"
            ) from error
        engine = TorchEngine(bundle, threads)
    else:
        raise InputError(f'engine {name!r} is unknown: choose one of {", ".join(ENGINES)}')
    logger.info('engine %s (%s), bundle %s', engine.name, engine.precision, bundle.config.name)
    return engine


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
