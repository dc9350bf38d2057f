"""Effect of the paper's design choices: `make ablations DATA=shards`.

The table has two parts, after arXiv 2401.04747, section 4. The first compares networks trained with
and without a choice, given as NAME=BUNDLE. The second compares samplers of one bundle: passes over
the harmonising jumps, and diffusion steps.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from diffsheg_model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from diffsheg_model.engines import ENGINES, create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.evaluate import Figure, evaluate_bundle
from diffsheg_model.evaluation.feature_distances import open_autoencoders
from diffsheg_model.evaluation.machine import machine
from diffsheg_model.evaluation.report import describe, number
from diffsheg_model.evaluation.takes import open_takes
from diffsheg_model.features.speech_encoder import create_speech_encoder
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.sampling.foppas import make_sampler
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler

if TYPE_CHECKING:
    from diffsheg_model.evaluation.frechet.autoencoder import Autoencoder

COLUMNS = {
    'FMD': 'FMD ↓',
    'FED': 'FED ↓',
    'FGD': 'FGD ↓',
    'beat_alignment': 'beat align. ↑',
    'diversity': 'diversity',
    'jaw_r': 'jawOpen r ↑',
    'face_l1': 'face L1 ↓',
    'jerk_ratio': 'jerk / real → 1',
    'gesture_seams': 'seams → 1',
    'real_time': 'x real time ↑',
    'real_time_cpu': 'x real time, 1 core ↑',
}
"""Titles of the table's columns by figure of the catalogue."""

JUMP_PASSES = (1, 2, 5)
STEPS = (25, 10, 5)


@dataclass(frozen=True, eq=False)
class Variant:
    """A row: its name, and the bundle with the sampler settings to use."""

    name: str
    bundle: Bundle

    @property
    def key(self) -> tuple[object, ...]:
        """Key that is equal for rows with the same results."""
        config = self.bundle.config
        return self.bundle.digest, config.diffusion, config.foppas


def parse_variant(text: str) -> Variant:
    """Parse 'NAME=BUNDLE_DIR' and load the bundle."""
    name, equals, path = text.partition('=')
    if not (name and equals and path):
        raise InputError(f'{text}: must be NAME=BUNDLE_DIR, such as published=runs/a/bundle')
    return Variant(name, load_bundle(path))


def sampler_variants(bundle: Bundle) -> list[Variant]:
    """Return the bundle with 1, 2 and 5 passes over the jumps, and with 25, 10 and 5 steps."""
    variants = [
        Variant(f'jump passes {passes}', with_sampler(bundle, SamplerOptions(jump_n_sample=passes)))
        for passes in JUMP_PASSES
    ]
    for steps in STEPS:
        # A jump must be shorter than the part of the chain that later windows run through.
        one_pass = with_sampler(bundle, SamplerOptions(steps=steps, jump_n_sample=1))
        length = make_sampler(one_pass.config.diffusion, one_pass.config.foppas).later.calls
        foppas = bundle.config.foppas
        jump = max(1, min(foppas.jump_length, length - 1))
        passes = foppas.jump_n_sample if jump < length else 1
        changed = with_sampler(
            bundle, SamplerOptions(steps=steps, jump_length=jump, jump_n_sample=passes)
        )
        shorter = f', jumps of {jump}' if jump < foppas.jump_length else ''
        variants.append(Variant(f'steps {steps}{shorter}', changed))
    return variants


def measure(
    variants: Sequence[Variant], options: argparse.Namespace, console: Console
) -> tuple[list[dict[str, Figure]], list[dict[str, object]]]:
    """Return figures and description of every row; equal rows are measured once."""
    done: dict[tuple[object, ...], tuple[dict[str, Figure], dict[str, object]]] = {}
    notes: dict[str, None] = {}
    for variant in variants:
        if variant.key in done:
            continue
        encoders: list[Autoencoder] = open_autoencoders(
            options.autoencoder, variant.bundle.config.format
        )
        data = open_takes(
            options.data, variant.bundle, options.max_takes, options.max_seconds, options.speaker
        )
        console.print(f'{variant.name}: {variant.bundle.path}', highlight=False)
        speech = create_speech_encoder(variant.bundle, None, options.threads)
        engine = create_engine(options.engine, variant.bundle, options.threads)
        try:
            evaluation = evaluate_bundle(
                variant.bundle,
                engine,
                data,
                seeds=options.seeds,
                speech_encoder=speech,
                autoencoders=encoders,
            )
        finally:
            engine.close()
        # Show each row at once, in case a long run is stopped.
        shown = [f'{title} {cell(evaluation.figures, key)}' for key, title in COLUMNS.items()]
        console.print(f'  {"; ".join(shown)}', highlight=False)
        notes |= dict.fromkeys(evaluation.notes)
        description = describe(variant.bundle, engine, data, encoders, options.seeds)
        done[variant.key] = evaluation.figures, description
    for note in notes:
        console.print(f'note: {note}', highlight=False)
    found = [done[variant.key] for variant in variants]
    return [figures for figures, _ in found], [description for _, description in found]


def cell(figures: dict[str, Figure], name: str) -> str:
    """Format mean and deviation over the seeds."""
    if name not in figures:
        return '–'
    figure = figures[name]
    spread = f' ± {figure.deviation:.2g}' if len(figure.values) > 1 else ''
    return number(figure.mean) + spread


def markdown(names: Sequence[str], rows: Sequence[dict[str, Figure]], caption: str) -> str:
    """Return the table in Markdown."""
    titles = ['', *COLUMNS.values()]
    lines = [titles, ['---', *['---:'] * len(COLUMNS)]]
    for name, figures in zip(names, rows, strict=True):
        lines.append([name, *(cell(figures, column) for column in COLUMNS)])
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines) + f'\n\n{caption}\n'


def caption_of(descriptions: Sequence[dict[str, object]]) -> str:
    """Return a sentence about the data, seeds, auto-encoders, engine and machine."""
    first = json.loads(json.dumps(descriptions[0]))
    encoders = ', '.join(f'{name} {each["id"]}' for name, each in first['autoencoders'].items())
    data = first['data']
    return (
        f'{len(data["takes"])} takes, {data["seconds"]:.0f} s (data {data["sha256"][:8]}), '
        f'{first["seeds"]} seeds; auto-encoders: {encoders or "none"}; {first["engine"]["name"]} '
        f'on {machine()}.'
    )


def run(options: argparse.Namespace) -> None:
    """Measure all rows, print the table and write the files that were asked for."""
    if options.data is None:
        raise InputError('no data: give --data SHARDS (make ablations DATA=shards)')
    console = Console(stderr=True)
    variants = [parse_variant(text) for text in options.variants]
    base = options.sampler_bundle
    if base is not None:
        variants += sampler_variants(load_bundle(base))
    elif not options.no_sampler:
        start = variants[0].bundle if variants else load_bundle(DEFAULT_BUNDLE)
        variants += sampler_variants(start)
    if not variants:
        raise InputError('nothing to compare: give NAME=BUNDLE_DIR, or leave out --no-sampler')
    rows, descriptions = measure(variants, options, console)
    names = [variant.name for variant in variants]
    caption = caption_of(descriptions)
    table = Table(title='Ablations', caption=caption, caption_justify='left')
    table.add_column('')
    for title in COLUMNS.values():
        table.add_column(title, justify='right')
    for name, figures in zip(names, rows, strict=True):
        table.add_row(name, *(cell(figures, column) for column in COLUMNS))
    # Never cut the table to the width of the terminal.
    Console(width=max(215, Console().width)).print(table)
    if options.markdown:
        with atomic_path(options.markdown) as path:
            path.write_text(markdown(names, rows, caption), encoding='utf-8')
    if options.json:
        values = [
            {
                'name': name,
                'metrics': {
                    column: {'mean': figures[column].mean, 'seeds': list(figures[column].values)}
                    for column in figures
                },
                **description,
            }
            for name, figures, description in zip(names, rows, descriptions, strict=True)
        ]
        with atomic_path(options.json) as path:
            path.write_text(json.dumps(values, indent=1) + '\n')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line; return 2 for unusable input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('variants', nargs='*', metavar='NAME=BUNDLE_DIR')
    parser.add_argument('--data', type=Path, help='folder of shards with audio')
    parser.add_argument('--autoencoder', type=Path, nargs='*', default=[])
    parser.add_argument(
        '--sampler-bundle',
        type=Path,
        help='bundle to vary the sampler of; default: the first one, or the default bundle',
    )
    parser.add_argument('--no-sampler', action='store_true', help='only compare the given bundles')
    parser.add_argument('--seeds', type=int, default=4)
    parser.add_argument('--max-takes', type=int, default=0)
    parser.add_argument('--max-seconds', type=float, default=0.0)
    parser.add_argument('--speaker', type=int)
    parser.add_argument('--engine', choices=ENGINES, default='auto')
    parser.add_argument('--threads', type=int, default=0)
    parser.add_argument('--markdown', type=Path, help='file to write the table to')
    parser.add_argument('--json', type=Path, default=os.environ.get('JSON') or None)
    try:
        run(parser.parse_args(argv))
    except InputError as error:
        sys.stderr.write(f'error: {error}\n')
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
