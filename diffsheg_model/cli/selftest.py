"""``diffsheg selftest``: proves on this machine that an engine computes what the network is."""

import importlib
import importlib.util
import time
from pathlib import Path

from diffsheg_model.engines.registry import EngineName, Precision, Provider
from diffsheg_model.errors import InputError

EXAMPLE = 'diffsheg selftest --engine tensorrt --precision fp16'


def selftest(
    engine: EngineName = 'auto',
    precision: Precision = 'auto',
    provider: Provider = 'cpu',
    bundle: Path | None = None,
    threads: int = 0,
    cache: Path | None = None,
) -> None:
    """Loads or builds an engine and compares it with another on the bundle's own inputs.

    Prints a table. ONNX Runtime in float32 is what engines are compared with, and it with torch
    where that is installed. Fails where the engine is missing, cannot be built or is too far off.

    Args:
        engine: what to try.
        precision: of its arithmetic; 'auto' is fp32.
        provider: where ONNX Runtime computes.
        bundle: the model's folder; the one that comes with the package unless given.
        threads: CPU threads; 0 is all cores but one.
        cache: folder for what the engine derives from the bundle; its default unless given.
    """
    from rich.console import Console
    from rich.table import Table

    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
    from diffsheg_model.engines import create_engine
    from diffsheg_model.engines.comparison import TOLERANCES, compare

    model = load_bundle(DEFAULT_BUNDLE if bundle is None else bundle)
    begin = time.perf_counter()
    tried = create_engine(
        engine, model, threads, precision=precision, provider=provider, cache=cache
    )
    seconds = time.perf_counter() - begin
    plain = (tried.name, tried.precision, provider) == ('onnxruntime', 'fp32', 'cpu')
    with_torch = importlib.util.find_spec('torch') is not None
    reference = create_engine('torch' if plain and with_torch else 'onnxruntime', model, threads)
    try:
        result = compare(tried, reference, model)
    finally:
        reference.close()
        tried.close()
    tolerance = TOLERANCES[tried.precision]
    passed = result.error <= tolerance
    rows = {
        'engine': tried.name,
        'precision': tried.precision,
        'device': getattr(tried, 'device', provider),
        'version': getattr(tried, 'version', '') or _version(tried.name),
        'bundle': model.config.name,
        'load or build': f'{seconds:.1f} s',
        'time of a call': f'{result.call_ms:.2f} ms',
        'compared with': 'itself: torch is not installed'
        if plain and not with_torch
        else f'{reference.name} ({reference.precision})',
        'error of a call': f'{result.call_error:.1e}',
        'error of a window': f'{result.window_error:.1e}',
        'tolerance': f'{tolerance:.0e}',
        'result': '[green]pass[/]' if passed else '[red]FAIL[/]',
    }
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)
    if not passed:
        raise InputError(
            f'engine {tried.name} ({tried.precision}) is off by {result.error:.1e}, more than the '
            f'{tolerance:.0e} of its precision: choose another engine or precision'
        )


def _version(engine: str) -> str:
    """Of the library that is behind an engine."""
    return importlib.import_module(engine.partition('-')[0]).__version__
