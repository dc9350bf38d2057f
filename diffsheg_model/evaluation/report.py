"""The report of an evaluation: a table, JSON, and one self-contained HTML file."""

import base64
import dataclasses
import html
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import Engine
from diffsheg_model.evaluation.catalogue import CATALOGUE
from diffsheg_model.evaluation.evaluate import Evaluation, Figure
from diffsheg_model.evaluation.machine import machine
from diffsheg_model.evaluation.pictures import mouth_picture, movement_picture, strip_pictures
from diffsheg_model.evaluation.takes import EvaluationData

if TYPE_CHECKING:
    from rich.table import Table

    from diffsheg_model.evaluation.frechet.autoencoder import Autoencoder

_ARROWS = {'low': '↓', 'high': '↑', 'real': '≈ captured', 'one': '→ 1', '': ''}

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #22303c; max-width: 62rem;
       margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #dfe5ea; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.group td { font-weight: 600; padding-top: .8rem; }
figure { margin: 1.5rem 0; } img { max-width: 100%; } figcaption, .small { color: #5b6975; }
code { font-size: .9em; overflow-wrap: anywhere; }
"""


def number(value: float | None) -> str:
    """Format a number with four digits; a dash for NaN and infinity."""
    return '–' if value is None or not math.isfinite(value) else f'{value:.4g}'


def describe(
    bundle: Bundle,
    engine: Engine,
    data: EvaluationData,
    autoencoders: 'Sequence[Autoencoder]',
    seeds: int,
) -> dict[str, Any]:
    """Return all conditions of the figures, as JSON values."""
    config = bundle.config
    return {
        'machine': machine(),
        'bundle': {'name': config.name, 'path': str(bundle.path), 'sha256': bundle.digest},
        'engine': {'name': engine.name, 'precision': engine.precision},
        'sampler': {
            'sampling_steps': config.diffusion.sampling_steps,
            'solver': config.diffusion.solver,
            'spacing': config.diffusion.spacing,
            **dataclasses.asdict(config.foppas),
        },
        'data': {
            'path': str(data.path),
            'takes': [take.name for take in data.takes],
            'seconds': round(data.frames / config.format.fps, 2),
            'sha256': data.digest,
        },
        'seeds': seeds,
        'autoencoders': {
            each.protocol.distance: {'id': each.id, **_short_protocol(each)}
            for each in autoencoders
        },
    }


def _short_protocol(autoencoder: 'Autoencoder') -> dict[str, Any]:
    values = dataclasses.asdict(autoencoder.protocol)
    values['format'] = autoencoder.protocol.format.name
    return values


def as_json(evaluation: Evaluation, description: Mapping[str, Any]) -> str:
    """Return the content of metrics.json."""

    def plain(value: float | None) -> float | None:
        return value if value is not None and math.isfinite(value) else None

    metrics = {
        name: {
            'mean': plain(figure.mean),
            'deviation': plain(figure.deviation),
            'seeds': [plain(value) for value in figure.values],
            'captured': plain(figure.captured),
            'unit': CATALOGUE[name].unit,
            'better': CATALOGUE[name].better,
        }
        for name, figure in evaluation.figures.items()
    }
    values = {**description, 'metrics': metrics, 'notes': list(evaluation.notes)}
    return json.dumps(values, indent=1) + '\n'


def as_table(evaluation: Evaluation, description: Mapping[str, Any]) -> 'Table':
    """Return the table that the command prints."""
    from rich.table import Table

    table = Table(
        title=_title(description), caption='\n'.join(_facts(description)), caption_justify='left'
    )
    table.add_column('metric')
    for column in ('generated', '± seeds', 'captured'):
        table.add_column(column, justify='right')
    table.add_column('better')
    group = ''
    for name, figure in evaluation.figures.items():
        entry = CATALOGUE[name]
        if entry.group != group:
            group = entry.group
            table.add_section()
        table.add_row(_label(name, description), *_cells(figure), _ARROWS[entry.better])
    return table


def _title(description: Mapping[str, Any]) -> str:
    bundle, data, seeds = (description[key] for key in ('bundle', 'data', 'seeds'))
    takes = len(data['takes'])
    return (
        f'{bundle["name"]} ({bundle["sha256"][:8]}) on {takes} '
        f'take{"s" if takes > 1 else ""}, {data["seconds"]:.0f} s, '
        f'{seeds} seed{"s" if seeds > 1 else ""}'
    )


def _facts(description: Mapping[str, Any]) -> list[str]:
    sampler, engine = description['sampler'], description['engine']
    settings = ', '.join(
        f'{name} {value if isinstance(value, str) else number(value)}'
        for name, value in sampler.items()
    )
    return [
        f'{description["machine"]}; {engine["name"]} {engine["precision"]}',
        f'sampler: {settings}',
    ]


def _label(name: str, description: Mapping[str, Any]) -> str:
    """Return a metric's title with its unit, and a distance's with its auto-encoder."""
    entry = CATALOGUE[name]
    unit = f' ({entry.unit})' if entry.unit else ''
    autoencoder = description['autoencoders'].get(name)
    return f'{entry.title}{unit}' + (f' with {autoencoder["id"]}' if autoencoder else '')


def _cells(figure: Figure) -> tuple[str, str, str]:
    return number(figure.mean), number(figure.deviation), number(figure.captured)


def as_html(
    evaluation: Evaluation,
    description: Mapping[str, Any],
    bundle: Bundle,
    data: EvaluationData,
) -> str:
    """Return the HTML report: table, pictures and conditions."""
    first = evaluation.generated[0]
    pictures = [
        mouth_picture(data.takes, evaluation.generated),
        movement_picture(data.takes, first, bundle.skeleton),
        *strip_pictures(data.takes, first, bundle.skeleton),
    ]
    title = html.escape(_title(description))
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>',
        *(f'<p class="small">{html.escape(line)}</p>' for line in _facts(description)),
        _html_table(evaluation, description),
        *(f'<p><strong>{html.escape(note)}</strong></p>' for note in evaluation.notes),
        '<h2>Captured and generated</h2>',
        *(_html_picture(*picture) for picture in pictures if picture is not None),
        '<h2>What is measured</h2><ul>',
        *(
            f'<li><strong>{html.escape(CATALOGUE[name].title)}</strong>: '
            f'{html.escape(CATALOGUE[name].about)}</li>'
            for name in evaluation.figures
        ),
        '</ul><p>Frechet distances compare only where the auto-encoder’s id is the same.</p>',
        '<h2>What it depends on</h2><pre><code>',
        html.escape(json.dumps(description, indent=1)),
        '</code></pre></body></html>\n',
    ]
    return '\n'.join(parts)


def _html_table(evaluation: Evaluation, description: Mapping[str, Any]) -> str:
    rows = ['<table><tr><th>metric<th>generated<th>± seeds<th>captured<th>better</tr>']
    group = ''
    for name, figure in evaluation.figures.items():
        entry = CATALOGUE[name]
        if entry.group != group:
            group = entry.group
            rows.append(f'<tr class="group"><td colspan="5">{html.escape(group)}</td></tr>')
        cells = ''.join(f'<td class="number">{cell}</td>' for cell in _cells(figure))
        label = html.escape(_label(name, description))
        rows.append(f'<tr><td>{label}</td>{cells}<td>{_ARROWS[entry.better]}</td></tr>')
    return '\n'.join([*rows, '</table>'])


def _html_picture(caption: str, data: bytes) -> str:
    source = base64.b64encode(data).decode()
    text = html.escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{source}">'
        f'<figcaption>{text}</figcaption></figure>'
    )
