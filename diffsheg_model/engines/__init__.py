"""Engines run the denoising network. All share one small interface; the sampler knows of none."""

import logging

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines.engine import Conditions, Engine, check_conditions
from diffsheg_model.errors import InputError

__all__ = ['ENGINES', 'Conditions', 'Engine', 'check_conditions', 'create_engine']

logger = logging.getLogger(__name__)

ENGINES = ('auto', 'onnxruntime', 'torch')


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
