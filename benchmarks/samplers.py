"""Cost and quality of sampler options: `make bench-samplers`.

The table shows calls of the network, speed, the error of a first window, and the quality figures of
`make evaluate-default`. The error is relative to a window sampled from the same noise with very
many steps. benchmarks/measures.py defines the other figures. Columns of captured lips and gestures
need the recordings of benchmarks/takes.py.
"""

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import measures, takes
from benchmarks.measures import Model
from benchmarks.takes import Body, Lips, Speech
from diffsheg_model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from diffsheg_model.data.corpus.facegood import VALIDATION_TAKE
from diffsheg_model.engines import create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.machine import machine
from diffsheg_model.features.speech_encoder import create_speech_encoder
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion import Motion
from diffsheg_model.sampling.foppas import make_sampler
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler
from diffsheg_model.session.session import Session
from diffsheg_model.session.session_options import SessionOptions

LOG = Console(stderr=True, highlight=False)

REFERENCE = SamplerOptions(steps=500, solver='ddim', spacing='even')
WINDOWS = 4
"""Number of first windows to compare with the reference, spread over the recording."""


def _fast(steps: int, spacing: str = 'log_snr') -> SamplerOptions:
    return SamplerOptions(steps=steps, solver='dpmpp_2m', spacing=spacing)  # type: ignore[arg-type]


VARIANTS = {
    "the bundle's own": SamplerOptions(),
    'ddim, 50 steps': SamplerOptions(steps=50, solver='ddim'),
    'ddim, 15 steps': SamplerOptions(steps=15, solver='ddim'),
    'ddim, 10 steps': SamplerOptions(steps=10, solver='ddim'),
    'ddim, 5 steps': SamplerOptions(steps=5, solver='ddim'),
    **{f'dpmpp_2m log_snr, {steps} steps': _fast(steps) for steps in (20, 15, 12, 10, 8, 6, 5)},
    **{f'dpmpp_2m even, {steps} steps': _fast(steps, 'even') for steps in (12, 10, 8)},
    'dpmpp_2m log_snr, 10 steps, jumps of 2, 2 passes': dataclasses.replace(
        _fast(10), jump_length=2, jump_n_sample=2
    ),
    'start_fraction 1': SamplerOptions(start_fraction=1.0),
    'start_fraction 0.6': SamplerOptions(start_fraction=0.6),
    'start_fraction 0.4': SamplerOptions(start_fraction=0.4),
    'overlap 4': SamplerOptions(overlap=4),
    'overlap 12': SamplerOptions(overlap=12),
    'jumps of 3, 2 passes': SamplerOptions(jump_length=3, jump_n_sample=2),
    'as published': SamplerOptions(
        steps=25, solver='ddim', spacing='even', start_fraction=0.6, overlap=4, jump_length=3,
        jump_n_sample=2,
    ),
}  # fmt: skip

COLUMNS = {
    'first_calls': 'calls, first',
    'later_calls': 'later',
    'calls_per_second': 'calls / s of motion',
    'times_real_time': 'x real time, 1 core ↑',
    'error': 'error, first window ↓',
    **measures.LIP_COLUMNS,
    **measures.MOTION_COLUMNS,
}
"""Titles of the table's columns by figure."""

Row = dict[str, float]


@dataclass(frozen=True, eq=False)
class Recordings:
    """Recordings to generate motion for.

    Attributes:
        demo: recording of the repository.
        lips: recording with captured lips, or None.
        body: recording with a captured body, or None.
    """

    demo: Speech
    lips: Lips | None
    body: Body | None


def read_recordings(seconds: float) -> Recordings:
    """Read the beginnings of the recordings that exist."""
    lips = body = None
    if (takes.FACEGOOD / f'{VALIDATION_TAKE}.npy').is_file():
        lips = takes.read_lips(takes.FACEGOOD, VALIDATION_TAKE)
        start = lips.speech.samples[: int(seconds * lips.speech.rate)]
        lips = dataclasses.replace(lips, speech=dataclasses.replace(lips.speech, samples=start))
    else:
        LOG.print(f'not measured: {takes.FACEGOOD}/{VALIDATION_TAKE} is missing', soft_wrap=True)
    if takes.BEAT_TAKE.is_file():
        body = takes.read_body(takes.BEAT_TAKE, seconds / 2)
    else:
        LOG.print(f'not measured: {takes.BEAT_TAKE} is missing', soft_wrap=True)
    return Recordings(takes.read_speech(takes.DEMO, seconds / 2), lips, body)


def first_windows(model: Model, speech: Speech) -> np.ndarray:
    """Return first windows (WINDOWS, T, C), normalised, for several places of a recording."""
    format_ = model.bundle.config.format
    needed = round((format_.window_frames / format_.fps + 1.0) * speech.rate)
    windows = []
    for number in range(WINDOWS):
        start = number * max(0, len(speech.samples) - needed) // WINDOWS
        session = Session(
            model.bundle,
            model.engine,
            SessionOptions(seed=number, speech_encoder=model.encoder),
            sample_rate=speech.rate,
        )
        session.push(speech.samples[start : start + needed])
        plan = session.plan()
        if plan is None:
            raise InputError(f'{speech.name} is too short: give at least {needed / speech.rate} s')
        windows.append(model.engine.sample(plan.conditions, plan.sampling)[0])
    return np.stack(windows)


def relative_error(found: np.ndarray, expected: np.ndarray, bundle: Bundle) -> float:
    """Return the relative root-mean-square error over the channels that move."""
    moving = bundle.std > 0
    found, expected = (values[..., moving].astype(np.float64) for values in (found, expected))
    return float(np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2)))


def measure(model: Model, recordings: Recordings, reference: np.ndarray) -> Row:
    """Return all figures of one sampler setting.

    Args:
        model: the bundle with that setting, on one thread.
        recordings: recordings to generate motion for.
        reference: first windows sampled with very many steps.
    """
    bundle = model.bundle
    config = bundle.config
    sampler = make_sampler(config.diffusion, config.foppas)
    hop_s = (config.format.window_frames - config.foppas.overlap) / config.format.fps
    heard_s = used_s = 0.0
    motions: list[Motion] = []
    scores: measures.Scores = {}

    def generate(speech: Speech) -> list[Motion]:
        nonlocal heard_s, used_s
        begin = time.process_time()
        made = model.motions(speech)
        used_s += time.process_time() - begin
        heard_s += model.seeds * speech.duration_s
        motions.extend(made)
        return made

    demo = recordings.demo
    scores |= measures.heard_lips(model, demo, generate(demo), None, 'other')
    if recordings.lips is not None:
        spoken = generate(recordings.lips.speech)
        scores |= measures.captured_lips(model, recordings.lips, spoken, None)
    if recordings.body is not None:
        scores |= measures.gesture(model, recordings.body, generate(recordings.body.speech))
    scores |= measures.eyes(model, motions, demo)
    scores |= measures.seam_quality(model, motions)
    row = {metric: values['bundle'] for metric, values in scores.items() if 'bundle' in values}
    return row | {
        'first_calls': sampler.first.calls,
        'later_calls': sampler.later.calls,
        'calls_per_second': sampler.later.calls / hop_s,
        'times_real_time': heard_s / used_s,
        'error': relative_error(first_windows(model, demo), reference, bundle),
    }


def run(options: argparse.Namespace) -> None:
    """Measure all rows, print the table and write the files that were asked for."""
    if options.seeds < 2:
        raise InputError(f'seeds = {options.seeds}: must be at least 2')
    base = load_bundle(options.bundle)
    if base.config.format.name != 'beat':
        raise InputError(
            f'{options.bundle} is a bundle of format {base.config.format.name!r}: this table is of '
            "'beat' bundles"
        )
    recordings = read_recordings(20.0 if options.quick else 60.0)
    encoder = create_speech_encoder(base, threads=1)
    engine = create_engine(options.engine, base, 1)

    def model_of(sampler: SamplerOptions) -> Model:
        bundle = with_sampler(base, sampler)
        return Model(bundle, engine, encoder, options.seeds, lambda text: None)

    rows: dict[str, Row] = {}
    try:
        reference = first_windows(model_of(REFERENCE), recordings.demo)
        for name, sampler in VARIANTS.items():
            try:
                rows[name] = measure(model_of(sampler), recordings, reference)
            except InputError as error:
                LOG.print(f'left out: {name}: {error}', markup=False, soft_wrap=True)
                continue
            LOG.print(f'{name}: {", ".join(cells(rows[name]))}', markup=False, soft_wrap=True)
    finally:
        engine.close()
    caption = (
        f'bundle {base.config.name}, mean of {options.seeds} seeds; {engine.name} '
        f'{engine.precision}, one thread, on {machine()}'
    )
    table = Table(title='Samplers', caption=caption, caption_justify='left')
    table.add_column('')
    for title in COLUMNS.values():
        table.add_column(title, justify='right')
    for name, row in rows.items():
        table.add_row(name, *cells(row))
    # Never cut the table to the width of the terminal.
    Console(width=max(240, Console().width)).print(table)
    if options.markdown:
        with atomic_path(options.markdown) as path:
            path.write_text(markdown(rows, caption), encoding='utf-8')
    if options.json:
        values = {
            name: {key: row[key] if np.isfinite(row.get(key, np.nan)) else None for key in COLUMNS}
            for name, row in rows.items()
        }
        with atomic_path(options.json) as path:
            path.write_text(json.dumps(values, indent=1) + '\n', encoding='utf-8')


def cells(row: Row) -> list[str]:
    """Format the figures of a row; a missing one is a dash."""
    return [f'{row[key]:.3g}' if np.isfinite(row.get(key, np.nan)) else '–' for key in COLUMNS]


def markdown(rows: dict[str, Row], caption: str) -> str:
    """Return the table in Markdown."""
    lines = [['', *COLUMNS.values()], ['---', *['---:'] * len(COLUMNS)]]
    lines += [[name, *cells(row)] for name, row in rows.items()]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines) + f'\n\n{caption}\n'


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line; return 2 for unusable input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--bundle', type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument('--seeds', type=int, default=2)
    parser.add_argument('--quick', action='store_true', help='20 s of each recording')
    parser.add_argument('--engine', default='onnxruntime')
    parser.add_argument('--markdown', type=Path, help='file to write the table to')
    parser.add_argument('--json', type=Path, default=os.environ.get('JSON') or None)
    try:
        run(parser.parse_args(argv))
    except InputError as error:
        LOG.print(f'error: {error}', markup=False, soft_wrap=True)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
