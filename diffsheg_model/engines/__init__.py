"""Engines run the denoising network. All share one small interface; the sampler knows of none."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from diffsheg_model.engines.engine import Conditions, Engine, check_conditions
from diffsheg_model.engines.registry import (
    ENGINES,
    PRECISIONS,
    choices_of,
    first_that_works,
)
from diffsheg_model.threads import thread_count

if TYPE_CHECKING:
    from diffsheg_model.bundle import Bundle

__all__ = [
    'ENGINES',
    'PRECISIONS',
    'Conditions',
    'Engine',
    'check_conditions',
    'create_engine',
]

logger = logging.getLogger(__name__)


def create_engine(
    name: str,
    bundle: 'Bundle',
    threads: int = 0,
    *,
    precision: str = 'auto',
    provider: str = 'cpu',
    cache: Path | None = None,
) -> Engine:
    """Loads a bundle into one engine: to measure it, or to compare with it.

    What serves users goes on when its engine fails; see `fallback.create_serving_engine`.

    Args:
        name: one of ENGINES; 'auto' takes the fastest that is installed and works here, and logs
            why it takes no faster one.
        bundle: the model.
        threads: CPU threads; 0 is all cores but one, see `thread_count`.
        precision: of the arithmetic, one of the engine's PRECISIONS; 'auto' is fp32. With the
            name 'auto', only engines that have it are tried.
        provider: where ONNX Runtime computes: 'cpu', 'cuda' or 'tensorrt'.
        cache: folder for what the engine derives from the bundle; None for its default.

    Raises:
        InputError: the engine is unknown, not installed or does not work here, or it does not
            have that precision or provider.
    """
    count = thread_count(threads)
    engine, why = first_that_works(
        choices_of(name, precision, provider), lambda choice: choice.load(bundle, count, cache)
    )
    log_engine(engine, count, bundle, why)
    return engine


def log_engine(engine: Engine, threads: int, bundle: 'Bundle', why: str) -> None:
    """One line: what runs, and why that."""
    logger.info(
        'engine %s (%s), %d thread%s, bundle %s: %s',
        engine.name,
        engine.precision,
        threads,
        '' if threads == 1 else 's',
        bundle.config.name,
        why,
    )
