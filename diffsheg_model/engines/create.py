"""Creation of engines: by name, the fastest that works here, or one with fallbacks."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from diffsheg_model.engines.engine import Engine
from diffsheg_model.engines.fallback import Candidate, FallbackEngine
from diffsheg_model.engines.registry import EngineChoice, choices_of, fallbacks_of
from diffsheg_model.errors import InputError, one_line
from diffsheg_model.threads import thread_count

if TYPE_CHECKING:
    from diffsheg_model.bundle import Bundle

T = TypeVar('T')

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
    """Load a bundle into one engine, without fallbacks: to measure it or to compare with it.

    For serving users there is `create_serving_engine`.

    Args:
        name: one of ENGINES; 'auto' takes the fastest engine that is installed and works here, and
            logs the reasons against faster ones.
        bundle: the model.
        threads: CPU threads; 0 is all cores but one, see `thread_count`.
        precision: precision of the arithmetic, one of the engine's PRECISIONS; 'auto' is fp32.
            With the name 'auto', only engines that have it are tried.
        provider: execution provider of ONNX Runtime: 'cpu', 'cuda' or 'tensorrt'.
        cache: folder for artifacts that the engine derives from the bundle; None for the default.

    Raises:
        InputError: the engine is unknown, not installed or does not work here, or it does not
            have that precision or provider.
    """
    count = thread_count(threads)
    engine, why = first_that_works(
        choices_of(name, precision, provider), lambda choice: choice.load(bundle, count, cache)
    )
    _log_engine(engine, count, bundle, why)
    return engine


def create_serving_engine(
    name: str,
    bundle: 'Bundle',
    threads: int = 0,
    *,
    precision: str = 'auto',
    provider: str = 'cpu',
    cache: Path | None = None,
    timeout_s: float | None = None,
    fallback: bool = True,
) -> FallbackEngine:
    """Load a bundle into an engine that has fallbacks for the case that it fails.

    At the start the choice is strict: a named engine that does not work is an error, because
    somebody can correct it. In the middle of a run nobody can, and a robot must not stand still.
    Then the fastest exact float32 engine on the CPU takes over. This holds for named engines and
    for 'auto'.

    Args:
        name, bundle, threads, precision, provider, cache: as for `create_engine`.
        timeout_s: longest time for a window, in seconds; None: no limit.
        fallback: False for no fallbacks: windows that fail are then left out.

    Raises:
        InputError: as `create_engine`.
    """
    count = thread_count(threads)

    def candidate(choice: EngineChoice) -> Candidate:
        return Candidate(str(choice), lambda: choice.load(bundle, count, cache))

    def serve(choice: EngineChoice) -> FallbackEngine:
        others = fallbacks_of(choice) if fallback else []
        return FallbackEngine(
            bundle.config,
            candidate(choice),
            [candidate(other) for other in others],
            timeout_s,
        )

    engine, why = first_that_works(choices_of(name, precision, provider), serve)
    engine.why = why
    _log_engine(engine, count, bundle, why)
    return engine


def first_that_works(
    choices: Sequence[EngineChoice], make: Callable[[EngineChoice], T]
) -> tuple[T, str]:
    """Make an engine of the first choice that works.

    Args:
        choices: choices to try, in order.
        make: makes an engine of a choice, or raises.

    Returns:
        What `make` returned, and one line with the reason for the choice.

    Raises:
        InputError: none works; the message has the reason for each.
    """
    refused: list[str] = []
    for choice in choices:
        try:
            made = make(choice)
        except Exception as error:
            if len(choices) == 1:
                raise
            refused.append(f'{choice.name}: {one_line(error)}')
            continue
        why = 'as chosen' if len(choices) == 1 else 'the fastest that works here'
        return made, '; '.join([why, *(f'not {text}' for text in refused)])
    raise InputError('no engine works here; ' + '; '.join(refused))


def _log_engine(engine: Engine, threads: int, bundle: 'Bundle', why: str) -> None:
    """Log one line about the engine and the reason for its choice."""
    logger.info(
        'engine %s (%s), %d thread%s, bundle %s: %s',
        engine.name,
        engine.precision,
        threads,
        '' if threads == 1 else 's',
        bundle.config.name,
        why,
    )
