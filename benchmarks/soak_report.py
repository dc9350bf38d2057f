"""Report of a soak, with a limit for each figure. No ROS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

AVATAR_FAULTS = (
    'underruns', 'dropped_chunks', 'rejected_chunks', 'rate_changes', 'lost_samples',
    'repeated_samples', 'late_samples', 'stalls', 'resyncs', 'clock_steps', 'untimely_chunks',
    'unstamped_chunks', 'early_chunks', 'sender_mistakes', 'lost_messages', 'failed_windows',
    'fallbacks', 'callback_errors', 'faults',
)  # fmt: skip
SPEAKER_FAULTS = (
    'device_underruns', 'starvations', 'skips', 'waits', 'dropped_chunks', 'rejected_chunks',
    'lost_samples', 'lost_messages', 'untimely_chunks', 'early_chunks', 'sender_mistakes', 'stalls',
    'resyncs', 'faults',
)  # fmt: skip
"""Counters of the nodes that must not rise in a soak, because its speech has no faults."""

SHOWN = ('utterances', 'interrupts', 'windows', 'frames', 'late_windows', 'long_hops')
"""Counters of the avatar that are shown without a limit."""

MOST_APART_P95_MS, MOST_APART_MS = 20.0, 1000 / 15
"""Milliseconds between sound and motion; the latter is the duration of a frame of motion."""
MOST_LATE_MS = 25.0
"""Milliseconds beyond the playout delay: a period of 60 Hz, and a margin for transport."""
MOST_MEMORY_MB = 20.0
"""Megabytes that the memory may grow, by regression, in a part of the soak after the warm-up.

Each part has its own level: speech far ahead of its time waits in memory.
"""
#: Numbers of threads and open files that a process may gain in a part.
MOST_THREADS, MOST_FILES = 1, 2
WARM_UP = 0.2
"""First share of a part that does not count for memory, threads and files."""

HISTOGRAM_BINS = 12
#: Characters of the longest bar.
_BAR = 40

Figures = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """A figure and its limit.

    Attributes:
        name: name of the figure.
        found: its value.
        most: its limit.
    """

    name: str
    found: float
    most: float

    @property
    def good(self) -> bool:
        """True if the value is within its limit; False for NaN."""
        return self.found <= self.most


def distribution(values: np.ndarray) -> Figures:
    """Return p50, p95, maximum and count of the absolute values."""
    if not len(values):
        return {'p50': float('nan'), 'p95': float('nan'), 'max': float('nan'), 'count': 0}
    sizes = np.abs(values)
    return {
        'p50': float(np.percentile(sizes, 50)),
        'p95': float(np.percentile(sizes, 95)),
        'max': float(sizes.max()),
        'count': len(sizes),
    }


def histogram(values: np.ndarray) -> Figures:
    """Return edges and counts; values beyond the 99.9th percentile count in the last bin."""
    if not len(values):
        return {'edges': [], 'counts': []}
    low, high = float(values.min()), float(np.percentile(values, 99.9))
    high = max(high, low + 1e-6)
    counts, edges = np.histogram(np.clip(values, low, high), HISTOGRAM_BINS, (low, high))
    return {'edges': edges.tolist(), 'counts': counts.tolist()}


def resources(times_s: Sequence[float], usages: Sequence[Any]) -> Figures:
    """Return the growth of a process's memory, threads and files.

    Args:
        times_s: (n,) times of the samples.
        usages: (n,) samples, each a `live_stage.Usage`.

    Returns:
        Megabytes at the start, after the warm-up and at the end. Their slope by regression after
        the warm-up: for an hour, and over these times. Medians of threads and files in the first
        and last quarter after the warm-up.
    """
    times = np.array(times_s)
    warm = times >= times[0] + WARM_UP * (times[-1] - times[0])
    times = times[warm]
    memory, threads, files = (
        np.array([getattr(usage, name) for usage in usages], float)[warm]
        for name in ('rss_mb', 'threads', 'files')
    )
    slope = float(np.polyfit(times, memory, 1)[0]) if len(times) > 1 else 0.0
    quarter = max(1, len(times) // 4)
    return {
        'start_mb': float(usages[0].rss_mb),
        'warm_mb': float(memory[0]),
        'end_mb': float(memory[-1]),
        'mb_per_hour': 3600 * slope,
        'rise_mb': slope * float(times[-1] - times[0]),
        'threads': [float(np.median(threads[:quarter])), float(np.median(threads[-quarter:]))],
        'files': [float(np.median(files[:quarter])), float(np.median(files[-quarter:]))],
    }


def checks(figures: Figures) -> list[Check]:
    """Return all figures with their limits."""
    found = []
    for phase in ('real_time', 'fast'):
        of = figures[phase]
        found.append(Check(f'{phase}: chunks lost on the way', of['lost_chunks'], 0))
        found.append(Check(f'{phase}: utterances missing', of['missing_utterances'], 0))
        for node, faults in (('avatar', AVATAR_FAULTS), ('speaker', SPEAKER_FAULTS)):
            found += [Check(f'{phase}: {node} {name}', of[node][name], 0) for name in faults]
            found += _resource_checks(f'{phase}: {node}', of['resources'][node])
    live = figures['real_time']
    late_ms = live['latency_ms']['p95'] - live['playout_delay_ms']
    found += [
        Check('fast: frames missing', figures['fast']['missing_frames'], 0),
        Check('latency p95 beyond the playout delay, ms', late_ms, MOST_LATE_MS),
        Check('sound and motion apart p95, ms', live['apart_ms']['p95'], MOST_APART_P95_MS),
        Check('sound and motion apart max, ms', live['apart_ms']['max'], MOST_APART_MS),
        Check('heard after its time max, ms', live['heard_worst_ms']['max'], MOST_APART_MS),
    ]
    return found


def _resource_checks(what: str, of: Figures) -> list[Check]:
    more = {name: of[name][1] - of[name][0] for name in ('threads', 'files')}
    return [
        Check(f'{what} memory rise, MB', of['rise_mb'], MOST_MEMORY_MB),
        Check(f'{what} threads more than before', more['threads'], MOST_THREADS),
        Check(f'{what} files more than before', more['files'], MOST_FILES),
    ]


def show(console: Console, figures: Figures) -> None:
    """Print the report."""
    live, fast = figures['real_time'], figures['fast']
    console.print(
        f'{figures["machine"]}; bundle {figures["bundle"]}, preset {figures["preset"]}, '
        f'playout delay {live["playout_delay_ms"]:.0f} ms'
    )
    for name, of in (('real time', live), ('greatest speed', fast)):
        console.print(
            f'{name}: {of["speech_s"]:.0f} s of speech in {of["wall_s"]:.0f} s, '
            f'{of["utterances"]} utterances, {of["barge_ins"]} barge-ins, {of["sent"]} chunks, '
            f'CPU {of["cpu_percent"]["avatar"]:.0f} % of a core (avatar), '
            f'{of["cpu_percent"]["speaker"]:.0f} % (speaker)'
        )
    console.print(f'greatest speed: motion was planned {fast["times_real_time"]:.1f} x real time')
    console.print(_spread('', ('p50', 'p95', 'max', 'count'), {
        'latency, ms': live['latency_ms'],
        'heard after its time, ms': live['heard_ms'],
        'the same, worst in some seconds, ms': live['heard_worst_ms'],
        'shown after its time, ms': live['shown_ms'],
        'sound and motion apart, ms': live['apart_ms'],
    }))  # fmt: skip
    console.print('latency, ms, and number of faces')
    _print_histogram(console, live['histogram_ms'])
    console.print(_spread('counted', ('real_time', 'fast'), {
        f'{node} {name}': {phase: figures[phase][node][name] for phase in ('real_time', 'fast')}
        for node, names in (('avatar', AVATAR_FAULTS + SHOWN), ('speaker', SPEAKER_FAULTS))
        for name in names
    }))  # fmt: skip
    for name, phase in (('real time', live), ('greatest speed', fast)):
        for node, of in phase['resources'].items():
            console.print(
                f'{name}, {node}: {of["start_mb"]:.0f} MB at first, {of["warm_mb"]:.0f} warm, '
                f'{of["end_mb"]:.0f} at last, {of["rise_mb"]:+.1f} MB by regression; threads '
                f'{of["threads"][0]:.0f} to {of["threads"][1]:.0f}, open files '
                f'{of["files"][0]:.0f} to {of["files"][1]:.0f}'
            )
    bad = [check for check in checks(figures) if not check.good]
    for check in bad:
        console.print(
            f'OUT OF LIMITS {check.name}: {check.found:.3g}, at most {check.most:.3g}', style='red'
        )
    console.print(f'{len(bad)} of {len(checks(figures))} figures are out of their limits')


def _spread(title: str, names: tuple[str, ...], rows: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table(title=title or None)
    table.add_column('')
    for name in names:
        table.add_column(name.replace('_', ' '), justify='right')
    for name, row in rows.items():
        table.add_row(name, *(f'{row[key]:.4g}' for key in names))
    return table


def _print_histogram(console: Console, of: Figures) -> None:
    most = max(of['counts'], default=0)
    for low, count in zip(of['edges'], of['counts'], strict=False):
        bar = '#' * round(_BAR * count / most)
        console.print(f'{low:8.1f} .. {bar:{_BAR}} {count}')
