"""Comparison of all engines on the same inputs: `make bench`.

There are two networks. The first is the published one for BEAT at full size with random weights;
the published sampler needs 27 calls for a later window. The second is the default bundle. The
network in eager PyTorch is the reference for speed and for numbers. Each engine runs in its own
process, and the engines take turns, window by window.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import end_to_end
from benchmarks.floor import Machine, measure_machine, work_of_call
from benchmarks.networks import BEAT_NETWORK, untrained
from diffsheg_model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from diffsheg_model.engines.registry import PRECISIONS, EngineChoice
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.machine import machine
from diffsheg_model.files.atomic import atomic_path

LOG = Console(stderr=True, highlight=False)
REFERENCE = EngineChoice('torch', 'fp32')
# torch comes first: the others are compared with its output.
ENGINES = [
    REFERENCE,
    *(
        EngineChoice(engine, precision)
        for engine in ('torch-compile', 'onnxruntime', 'openvino', 'tensorrt')
        for precision in PRECISIONS[engine]
    ),
    EngineChoice('onnxruntime', 'fp32', 'cuda'),
]
BATCHES = (1, 4, 16)
FRAMES = (34, 68, 136, 272)
LAYERS = (2, 4, 8)

Row = dict[str, Any]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--threads', type=int, default=2, help='CPU threads of every engine')
    parser.add_argument('--json', type=Path, help='file to write the rows of the first table to')
    parser.add_argument(
        '--folder', type=Path, default=Path('out/bench'), help='cache of random networks'
    )
    parser.add_argument(
        '--windows', type=int, default=9, help='number of windows; results are their median'
    )
    parser.add_argument('--quick', action='store_true', help='only the first table')
    options = parser.parse_args()
    try:
        run(options)
    except InputError as error:
        LOG.print(f'error: {error}', style='red', soft_wrap=True)
        sys.exit(2)


def run(options: argparse.Namespace) -> None:
    """Measure and print all tables, each as soon as it is complete."""
    out = Console(highlight=False, width=max(140, Console().width))
    out.print(f'{machine()}; {options.threads} threads')
    limits = measure_machine(options.threads)
    out.print(
        f'at most {limits.operations_per_s / 1e9:.0f} GFLOP/s (float32) and '
        f'{limits.bytes_per_s / 1e9:.0f} GB/s from memory\n'
    )
    full = untrained(BEAT_NETWORK, options.folder)
    default = load_bundle(DEFAULT_BUNDLE)
    rows = []
    for name, bundle in (('BEAT, full', full), ('default bundle', default)):
        rows += measure(name, bundle, ENGINES, options)
    _print_engines(out, rows, {'BEAT, full': full, 'default bundle': default}, limits)
    if options.json:
        with atomic_path(options.json) as path:
            path.write_text(json.dumps(rows, indent=1) + '\n')
    if options.quick:
        return
    fast = [EngineChoice('onnxruntime', 'fp32'), EngineChoice('openvino', 'fp32')]
    scaling = []
    for batch in BATCHES:
        for name, bundle in (('BEAT, full', full), ('default bundle', default)):
            scaling += measure(f'{name}, batch {batch}', bundle, fast, options, batch=batch)
    for frames in FRAMES:
        scaling += measure(f'BEAT, {frames} frames', full, fast, options, frames=frames)
    for layers in LAYERS:
        network = dataclasses.replace(BEAT_NETWORK, num_layers=layers)
        bundle = untrained(network, options.folder)
        scaling += measure(f'BEAT, {layers} layers', bundle, fast, options)
    _print_scaling(out, scaling)
    end_to_end.run(out, default, options.threads)


def measure(
    name: str,
    bundle: Bundle,
    engines: list[EngineChoice],
    options: argparse.Namespace,
    **sizes: int,
) -> list[Row]:
    """Return a row for each engine; speeds are relative to the first if that is REFERENCE.

    Engines that cannot run here only print a line on stderr.

    Args:
        name: name of the network, for the rows.
        bundle: the network.
        engines: engines with their precisions and providers.
        options: number of threads, and number of windows to take the median of.
        sizes: batch and frames of a window, if they differ from the defaults.
    """
    rows: list[Row] = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        running = []
        for choice in engines:
            LOG.print(f'{name}: {choice}', style='dim')
            process = stack.enter_context(_start(bundle, choice, folder, options.threads, sizes))
            ready = _answer(process, f'{name}, {choice}')
            if 'missing' in ready:
                LOG.print(f'  {ready["missing"]}', soft_wrap=True)
                continue
            running.append(process)
            row = {'network': name, 'engine': choice.name, 'provider': choice.provider}
            rows.append({**row, 'precision': choice.precision, **ready})
        seconds: list[list[float]] = [[] for _ in running]
        for _ in track(range(options.windows), 'windows', console=LOG, transient=True):
            for process, taken in zip(running, seconds, strict=True):
                assert process.stdin is not None
                process.stdin.write('\n')
                process.stdin.flush()
                taken.append(_answer(process, name))
        for process in running:
            assert process.stdin is not None
            process.stdin.close()
    for row, taken in zip(rows, seconds, strict=True):
        row |= _speeds(row, taken)
        reference = rows[0]
        if reference['engine'] == REFERENCE.name:
            row['speedup'] = reference['ms_per_call'] / row['ms_per_call']
    return rows


def _start(
    bundle: Bundle, choice: EngineChoice, folder: str, threads: int, sizes: dict[str, int]
) -> subprocess.Popen[str]:
    """Start a process that measures one engine; see benchmarks/engine_row.py."""
    command = [sys.executable, '-m', 'benchmarks.engine_row', str(bundle.path), choice.name]
    command += [choice.precision, '--provider', choice.provider]
    command += ['--inputs', f'{folder}/answers.npz', '--cache', folder]
    command += ['--threads', str(threads)]
    for option, value in sizes.items():
        command += [f'--{option}', str(value)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # Set before the libraries load, or they start as many threads as there are cores.
        env=os.environ | {'OMP_NUM_THREADS': str(threads)},
    )


def _speeds(row: Row, window_s: list[float]) -> Row:
    """Return the speeds of an engine from the seconds that each window took."""
    median_s = statistics.median(window_s)
    frames_per_second = row['new_frames'] / median_s
    return {
        'ms_per_call': 1000 * median_s / row['calls'],
        'best_ms_per_call': 1000 * min(window_s) / row['calls'],
        'p95_window_s': float(np.percentile(window_s, 95)),
        'frames_per_second': frames_per_second,
        'times_real_time': frames_per_second / row['fps'],
    }


def _answer(process: subprocess.Popen[str], what: str) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise InputError(f'{what}: its process ended; run {" ".join(map(str, process.args))}')
    return json.loads(line)


def _print_engines(
    out: Console, rows: list[Row], bundles: dict[str, Bundle], limits: Machine
) -> None:
    table = Table(title='Engines, a later window', title_justify='left')
    for column in ('network', 'engine', 'precision'):
        table.add_column(column)
    for column in (
        'ms a call',
        'calls',
        'x eager',
        'frames/s',
        'x real time',
        'error',
        'MB',
        'load s',
        'x floor',
    ):
        table.add_column(column, justify='right')
    for row in rows:
        config = bundles[row['network']].config
        work = work_of_call(config.network, config.format.window_frames)
        table.add_row(
            row['network'],
            row['engine'] if row['provider'] == 'cpu' else f'{row["engine"]} on {row["provider"]}',
            row['precision'],
            f'{row["ms_per_call"]:.2f}',
            str(row['calls']),
            f'{row["speedup"]:.2f}',
            f'{row["frames_per_second"]:.0f}',
            f'{row["times_real_time"]:.1f}',
            f'{row["rel_error"]:.1e}',
            f'{row["memory_mb"]:.0f}',
            f'{row["load_s"]:.1f}',
            f'{row["ms_per_call"] / 1000 / limits.floor_s(work):.1f}',
        )
    out.print(table)
    for name, bundle in bundles.items():
        work = work_of_call(bundle.config.network, bundle.config.format.window_frames)
        out.print(
            f'{name}: {work.operations / 1e9:.2f} GFLOP and {4 * work.parameters / 1e6:.0f} MB of '
            f'weights a call; floor {1000 * limits.floor_s(work):.2f} ms (float32)'
        )


def _print_scaling(out: Console, rows: list[Row]) -> None:
    table = Table(title='\nRows, window length, layers', title_justify='left')
    for column in ('network', 'engine'):
        table.add_column(column)
    for column in ('ms a call', 'frames/s, all rows', 'MB'):
        table.add_column(column, justify='right')
    for row in rows:
        table.add_row(
            row['network'],
            f'{row["engine"]} {row["precision"]}',
            f'{row["ms_per_call"]:.2f}',
            f'{row["frames_per_second"]:.0f}',
            f'{row["memory_mb"]:.0f}',
        )
    out.print(table)


if __name__ == '__main__':
    main()
