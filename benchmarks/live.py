"""Latency and quality of an avatar that follows live speech: `make bench-live`.

The table has a row for each preset, and for a grid of hop, look-ahead, provisional frames and
sampling steps. Latency, counters and load come from a real avatar process; a recording is
published to it in real time through DDS. Quality is that of motion generated with the same settings
by an engine that is always in time. Its figures are those of `make evaluate-default`, see
benchmarks/measures.py. A second table compares the preset `balanced` with motion generated offline.

Leave the machine idle otherwise.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import live_latency, live_quality, measures, takes
from benchmarks.live_parser import Parser
from benchmarks.live_settings import Setting, grid, presets
from benchmarks.samplers import Recordings, read_recordings
from diffsheg_model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from diffsheg_model.engines import ENGINES
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.machine import machine
from diffsheg_model.files.atomic import atomic_path
from diffsheg_ros.ros.run_node import end_at_signals

LOG = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

Row = dict[str, Any]

SETTING_COLUMNS = {
    'preset': 'preset',
    'hop': 'hop',
    'lookahead': 'look-ahead',
    'provisional': 'provi-sional',
    'steps': 'steps',
}
LATENCY_COLUMNS = {
    'p50_ms': 'latency p50, ms',
    'p95_ms': 'latency p95, ms',
    'playout_delay_s': 'playout delay, s',
    'underruns': 'under-runs',
    'late_windows': 'late windows',
    'long_hops': 'long hops',
    'drops': 'drops',
    'cpu_percent': 'CPU, % of a core',
    'window_p50_ms': 'window p50, ms',
    'window_p95_ms': 'window p95, ms',
}
QUALITY_COLUMNS = {
    **measures.LIP_COLUMNS,
    'beat_alignment': 'beat alignment ↑',
    **measures.MOTION_COLUMNS,
}
COLUMNS = SETTING_COLUMNS | LATENCY_COLUMNS | QUALITY_COLUMNS
"""Titles of the table's columns by figure."""

NEAR = 0.1
"""Relative difference up to which a figure of `balanced` counts as near the offline one."""


def run(options: argparse.Namespace) -> None:
    """Measure, print the tables and write the files that were asked for."""
    base = load_bundle(options.bundle)
    if base.config.format.name != 'beat':
        raise InputError(
            f'{options.bundle} is a bundle of format {base.config.format.name!r}: this table is of '
            "'beat' bundles"
        )
    settings = list(_settings(base, options))
    rows = {setting: _described(setting, base) for setting in settings}
    through_dds = list(_through_dds(settings, options))
    LOG.print(machine())
    avatar = live_latency.Avatar(str(options.bundle), options.engine, options.threads)
    demo = takes.read_speech(takes.DEMO, 1e9)
    for index, setting in enumerate(through_dds, 1):
        LOG.print(f'latency {index} of {len(through_dds)}: {setting}')
        rows[setting] |= live_latency.measure(setting, avatar, demo, options.seconds, _say)
        LOG.print(_said(rows[setting], LATENCY_COLUMNS))
    if not options.minutes and not options.no_quality:
        recordings = read_recordings(options.quality_seconds)
        for index, (setting, figures) in enumerate(_qualities(settings, options, recordings), 1):
            rows[setting] |= figures
            LOG.print(f'quality {index} of {len(settings)}: {setting}')
            LOG.print(_said(rows[setting], QUALITY_COLUMNS))
    caption = (
        f'bundle {base.config.name}, engine {options.engine}, {machine()}; latency: '
        f'{options.seconds:g} s of speech a row; quality: mean of {options.seeds} seeds'
    )
    _show(list(rows.values()), caption, options)


def _settings(base: Bundle, options: argparse.Namespace) -> Iterator[Setting]:
    if options.minutes:
        yield Setting('low_latency')
        return
    yield from presets()
    for setting, problem in grid(
        base, options.hop, options.lookahead, options.provisional, options.steps
    ):
        if problem:
            LOG.print(f'left out: {setting}: {problem}')
        else:
            yield setting


def _through_dds(settings: list[Setting], options: argparse.Namespace) -> Iterator[Setting]:
    """Yield the settings to measure in real time: presets, and one of the grid for each hop."""
    chosen = (options.lookahead[-1], options.provisional[0], options.steps[0])
    for setting in settings:
        values = (setting.lookahead, setting.provisional, setting.sampling_steps)
        wanted = {'none': False, 'presets': False, 'some': values == chosen, 'all': True}
        if wanted[options.latency] or (setting.is_preset and options.latency != 'none'):
            yield setting


def _qualities(
    settings: list[Setting], options: argparse.Namespace, recordings: Recordings
) -> Iterator[tuple[Setting, Row]]:
    """Yield settings with their figures of quality, in the order of completion."""
    arguments = (options.bundle, options.engine, recordings, options.seeds)
    jobs = min(options.jobs, len(settings))
    if jobs == 1:
        for setting in settings:
            yield setting, live_quality.measure(setting, *arguments)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context('spawn')) as pool:
        works = {pool.submit(live_quality.measure, one, *arguments): one for one in settings}
        try:
            for work in as_completed(works):
                yield works[work], work.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _described(setting: Setting, base: Bundle) -> Row:
    """Return the first columns of a setting; whole windows have no hop."""
    bundle, live = setting.applied(base)
    return {
        'preset': setting.preset if setting.is_preset else '',
        'hop': None if live is None else live.hop,
        'lookahead': None if live is None else live.lookahead,
        'provisional': None if live is None else live.provisional,
        'steps': bundle.config.diffusion.sampling_steps,
    }


def nearness(rows: list[Row]) -> list[Row]:
    """Compare the motion of `balanced` with that of `quality`, figure by figure.

    A figure marked ↑ may be larger by any amount, and one marked → 1 may be nearer to 1. Figures
    that are not above 0 offline are left out.
    """
    named = {row['preset']: row for row in rows}
    found = []
    for key, title in QUALITY_COLUMNS.items():
        offline, balanced = (
            float(named.get(name, {}).get(key, np.nan)) for name in ('quality', 'balanced')
        )
        ratio = balanced / offline if offline > 0 else np.nan
        if not np.isfinite(ratio):
            continue
        near = (
            abs(ratio - 1) <= NEAR
            or (title.endswith('↑') and ratio > 1)
            or (title.endswith('→ 1') and abs(balanced - 1) < abs(offline - 1))
        )
        found.append(
            {'figure': key, 'quality': offline, 'balanced': balanced, 'ratio': ratio, 'near': near}
        )
    return found


def _show(rows: list[Row], caption: str, options: argparse.Namespace) -> None:
    near = nearness(rows)
    columns = {key: title for key, title in COLUMNS.items() if any(key in row for row in rows)}
    # Never cut the table to the width of the terminal.
    console = Console(width=max(260, Console().width))
    titles = [(title, 'left' if key == 'preset' else 'right') for key, title in columns.items()]
    console.print(_table(titles, [cells(row, columns) for row in rows], 'Live', caption))
    near_titles = ['figure', 'quality', 'balanced', 'ratio', f'within {100 * NEAR:.0f} %']
    near_cells = [
        [
            QUALITY_COLUMNS[row['figure']],
            *(f'{row[name]:.3g}' for name in ('quality', 'balanced', 'ratio')),
            'yes' if row['near'] else 'no',
        ]
        for row in near
    ]
    if near:
        console.print(
            _table([(it, 'left') for it in near_titles], near_cells, 'balanced and offline', '')
        )
    if options.markdown:
        text = markdown(list(columns.values()), [cells(row, columns) for row in rows])
        if near:
            text += '\n' + markdown(near_titles, near_cells)
        with atomic_path(options.markdown) as path:
            path.write_text(f'{text}\n{caption}\n', encoding='utf-8')
    if options.json:
        values = {
            'machine': machine(),
            'bundle': str(options.bundle),
            'rows': [{key: _plain(value) for key, value in row.items()} for row in rows],
            'balanced': near,
        }
        with atomic_path(options.json) as path:
            path.write_text(json.dumps(values, indent=1) + '\n', encoding='utf-8')


def _table(
    titles: list[tuple[str, Any]], lines: list[list[str]], title: str, caption: str
) -> Table:
    table = Table(title=title, caption=caption, caption_justify='left')
    for name, justify in titles:
        table.add_column(name, justify=justify)
    for line in lines:
        table.add_row(*line)
    return table


def cells(row: Row, columns: dict[str, str]) -> list[str]:
    """Format the figures of a row; a missing one is a dash."""
    return [_cell(row.get(key)) for key in columns]


def _cell(value: object) -> str:
    if isinstance(value, int | float) and np.isfinite(value):
        return f'{value:.0f}' if abs(value) >= 100 else f'{value:.3g}'
    return str(value or '–') if isinstance(value, str) else '–'


def markdown(titles: list[str], lines: list[list[str]]) -> str:
    """Return a table in Markdown."""
    table = [titles, ['---', *['---:'] * (len(titles) - 1)], *lines]
    return '\n'.join(f'| {" | ".join(line)} |' for line in table) + '\n'


def _said(row: Row, columns: dict[str, str]) -> str:
    named = zip(columns.values(), cells(row, columns), strict=True)
    return '  ' + ', '.join(f'{title} {cell}' for title, cell in named)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))


def _plain(value: object) -> object:
    return value if isinstance(value, str) or _is_number(value) else None


def _say(text: str) -> None:
    LOG.print(f'  {text}')


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog='python -m benchmarks.live',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='Example: python -m benchmarks.live --hop 2 4 --lookahead 2 --steps 10 --quick',
    )
    add = parser.add_argument
    add('--bundle', type=Path, default=DEFAULT_BUNDLE)
    add('--engine', default='auto', choices=ENGINES, help='engine that runs the network')
    add('--threads', type=int, default=0, help='CPU threads of the avatar; 0: all cores but one')
    add('--hop', type=int, nargs='+', help='values in the grid (1 2 4 8)')
    add('--lookahead', type=int, nargs='+', help='values in the grid (0 3 6); the last is timed')
    add('--provisional', type=int, nargs='+', default=[6], help='values in the grid (6)')
    add('--steps', type=int, nargs='+', help='values in the grid (10 8)')
    add(
        '--latency',
        choices=('all', 'some', 'presets', 'none'),
        default='some',
        help='rows to start an avatar for; some: presets, and one of the grid for each hop',
    )
    add('--no-quality', action='store_true', help='leave out the figures of quality')
    add('--seconds', type=float, help='seconds of speech to each avatar (30)')
    add(
        '--quality-seconds',
        type=float,
        help='seconds of captured lips; half as much of other speech (30)',
    )
    add('--seeds', type=int, default=2)
    add(
        '--jobs',
        type=int,
        default=len(os.sched_getaffinity(0)),
        help='number of rows whose quality is measured in parallel',
    )
    add('--minutes', type=float, default=0.0, help='only speak to low_latency, for these minutes')
    add('--quick', action='store_true', help='three presets and one more row, with less speech')
    add('--markdown', type=Path, help='file to write the tables to')
    add('--json', type=Path, help='file for the rows')
    return parser


def _completed(options: argparse.Namespace) -> argparse.Namespace:
    """Fill in defaults and check the values.

    Raises:
        InputError: a value is out of range.
    """
    quick = options.quick
    defaults = {
        'hop': [4] if quick else [1, 2, 4, 8],
        'lookahead': [6] if quick else [0, 3, 6],
        'steps': [10] if quick else [10, 8],
        'seconds': 10.0 if quick else 30.0,
        'quality_seconds': 16.0 if quick else 30.0,
    }
    for name, value in defaults.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.minutes:
        options.seconds = 60 * options.minutes
    for name, low in (
        ('seconds', 1), ('quality_seconds', 10), ('seeds', 2), ('jobs', 1), ('minutes', 0),
        ('threads', 0),
    ):  # fmt: skip
        if not low <= getattr(options, name) < np.inf:
            flag = name.replace('_', '-')
            raise InputError(f'--{flag} {getattr(options, name)}: must be at least {low}')
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line; return 2 for unusable input."""
    try:
        run(_completed(_parser().parse_args(argv)))
    except InputError as error:
        LOG.print(f'error: {error}')
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == '__main__':
    end_at_signals()
    sys.exit(main())
