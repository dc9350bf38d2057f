"""``diffsheg selftest``: a check on this machine that an engine computes the right numbers."""

import importlib
import importlib.util
import time
from pathlib import Path
from typing import TYPE_CHECKING

from diffsheg_model.cli.options import BundleOption, EngineOption, PrecisionOption, ThreadsOption
from diffsheg_model.engines.registry import Provider
from diffsheg_model.errors import InputError

if TYPE_CHECKING:
    from diffsheg_model.bundle import Bundle
    from diffsheg_model.engines.engine import Engine

EXAMPLE = 'diffsheg selftest --engine tensorrt --precision fp16'


def selftest(
    engine: EngineOption = 'auto',
    precision: PrecisionOption = 'auto',
    provider: Provider = 'cpu',
    bundle: BundleOption = None,
    threads: ThreadsOption = 0,
    cache: Path | None = None,
) -> None:
    """Load or build an engine and compare its results with another engine's.

    Prints a table. Engines are compared with ONNX Runtime in float32. That one is compared with
    torch if torch is installed. Fails if the engine is missing, cannot be built or is inexact.

    Args:
        provider: device for engine onnxruntime.
        cache: folder for files that the engine derives from the bundle. Default: the engine's.
    """
    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
    from diffsheg_model.engines import create_engine
    from diffsheg_model.engines.comparison import TOLERANCES, compare

    model = load_bundle(bundle or DEFAULT_BUNDLE)
    begin = time.perf_counter()
    tested = create_engine(
        engine, model, threads, precision=precision, provider=provider, cache=cache
    )
    seconds = time.perf_counter() - begin
    is_reference = (tested.name, tested.precision, provider) == ('onnxruntime', 'fp32', 'cpu')
    with_torch = importlib.util.find_spec('torch') is not None
    other = 'torch' if is_reference and with_torch else 'onnxruntime'
    reference = create_engine(other, model, threads)
    try:
        result = compare(tested, reference, model)
    finally:
        reference.close()
        tested.close()
    tolerance = TOLERANCES[tested.precision]
    passed = result.error <= tolerance
    _print_table(
        {
            **_of_engine(tested, model, provider),
            'load or build': f'{seconds:.1f} s',
            'time of a call': f'{result.call_ms:.2f} ms',
            'compared with': 'itself: torch is not installed'
            if is_reference and not with_torch
            else f'{reference.name} ({reference.precision})',
            'error of a call': f'{result.call_error:.1e}',
            'error of a window': f'{result.window_error:.1e}',
            'tolerance': f'{tolerance:.0e}',
            'result': '[green]pass[/]' if passed else '[red]FAIL[/]',
        }
    )
    if not passed:
        raise InputError(
            f'engine {tested.name} ({tested.precision}) is off by {result.error:.1e}, more than '
            f'the {tolerance:.0e} of its precision: choose another engine or precision'
        )


def _of_engine(engine: 'Engine', model: 'Bundle', provider: str) -> dict[str, str]:
    """Return the table's rows that describe the engine."""
    library = importlib.import_module(engine.name.partition('-')[0])
    return {
        'engine': engine.name,
        'precision': engine.precision,
        'device': getattr(engine, 'device', provider),
        'version': getattr(engine, 'version', '') or library.__version__,
        'bundle': model.config.name,
    }


def _print_table(rows: dict[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)
