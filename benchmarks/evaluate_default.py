"""Comparison of a bundle with its quality targets, on unseen speech: `make evaluate-default`.

Every number is the mean over seeds, in the style of speaker 0. benchmarks/measures.py and the
functions of diffsheg_model/evaluation define the figures.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import measures, takes
from benchmarks.baselines import Ridge
from benchmarks.measures import Model, Scores
from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
from diffsheg_model.data.corpus.facegood import VALIDATION_TAKE
from diffsheg_model.engines import create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.machine import machine
from diffsheg_model.features.speech_encoder import create_speech_encoder
from diffsheg_model.files.atomic import atomic_path

SOURCES = ('bundle', 'energy', 'ridge', 'teacher', 'real')
THREADS = 2
LOG = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Aim:
    """A row of the table.

    Attributes:
        metric: key of the figure.
        meaning: title of the row.
        low, high: limits of the value; both None if it is only shown.
    """

    metric: str
    meaning: str
    low: float | None = None
    high: float | None = None

    def target(self) -> str:
        """Format the limits."""
        if self.low is not None and self.low == self.high:
            return f'{self.low:g}'
        if self.low is not None and self.high is not None:
            return f'{self.low:.3g} .. {self.high:.3g}'
        if self.low is not None:
            return f'>= {self.low:g}'
        return f'<= {self.high:g}' if self.high is not None else ''

    def reached(self, value: float | None) -> bool | None:
        """Return True if the value is within the limits; None without limits or value."""
        if value is None or (self.low is None and self.high is None):
            return None
        above = self.low is None or value >= self.low
        return bool(above and (self.high is None or value <= self.high))


AIMS = (
    Aim('jaw_r', 'captured lips: jawOpen r', 0.80),
    Aim('rounding_r', 'captured lips: rounding r', 0.62),
    Aim('lip_closure', 'captured lips: closures kept, share', 0.75),
    Aim('english_jaw_energy_r', 'English: jawOpen-energy r, lag 0', 0.5),
    Aim('english_jaw_energy_best_r', 'English: the same at the best lag'),
    Aim('english_jaw_energy_lag_ms', 'English: that lag, ms (+: jaw later)'),
    Aim('english_pause_opening', 'English: opening in pauses / speech', None, 0.3),
    Aim('other_jaw_energy_r', 'other voices: jawOpen-energy r, lag 0'),
    Aim('other_pause_opening', 'other voices: opening in pauses / speech'),
    Aim('blinks_per_minute', 'blinks a minute', 8, 30),
    Aim('blink_ms', 'blink: median, lids moving, ms', 100, 400),
    Aim('blinks_in_range', 'blinks of 100 .. 400 ms, share', 0.95),
    Aim('blink_half_shut_ms', 'blink: median, over half shut, ms'),
    Aim('eyes_shut_s', 'both eyes half shut, longest, s', None, 1.0),
    Aim('wrist_speed_ratio', 'median wrist speed / real', 0.5, 2.0),
    Aim('wrist_jerk_ratio', 'mean wrist jerk / real', 1 / 1.5, 1.5),
    Aim('beat_alignment', 'beat alignment (BEAT: all onsets, rests)'),
    Aim('beat_alignment_p', 'its p over 100 shifts of the audio', None, 0.05),
    Aim('stroke_alignment', 'stroke alignment (strong onsets, strokes)'),
    Aim('stroke_alignment_p', 'its p over 100 shifts of the audio', None, 0.05),
    Aim('outside_limits', 'frames beyond human joint limits, share', None, 0.0),
    Aim('two_seeds_cm', 'two seeds: mean joint distance, cm', 2.0),
    Aim('same_seed_difference', 'the same seed: largest difference', 0.0, 0.0),
    Aim('style_accuracy', 'styles told apart, share', 0.5),
    Aim('style_chance', 'the same by chance'),
    Aim('seam_rotations', 'seams: rotations, ratio', None, 1.2),
    Aim('seam_rotations_worst_step', 'seams: rotations, worst step'),
    Aim('seam_face', 'seams: face, ratio', None, 1.2),
    Aim('seam_face_worst_step', 'seams: face, worst step'),
    Aim('size_mb', 'size of the bundle, MB', None, 25.0),
    Aim('times_real_time', f'speed, x real time, {THREADS} threads', 10.0),
    Aim('times_real_time_cpu', 'the same by CPU time, other programs aside'),
)


def main() -> int:
    """Measure, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--bundle', type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument('--seeds', type=int, help='8 unless given; 2 with --quick')
    parser.add_argument('--quick', action='store_true', help='2 seeds, 30 s of each recording')
    parser.add_argument('--facegood', type=Path, default=takes.FACEGOOD, help='folder of takes')
    parser.add_argument('--take', nargs='*', default=[VALIDATION_TAKE], help='its takes to test')
    options = parser.parse_args()
    try:
        model = _model(options.bundle, options.seeds or (2 if options.quick else 8))
        scores = measure(model, options.facegood, options.take, 30.0 if options.quick else 60.0)
    except InputError as error:
        LOG.print(f'error: {error}', markup=False, soft_wrap=True)
        return 2
    show(f'{options.bundle}, mean of {model.seeds} seeds', scores)
    if path := os.environ.get('JSON'):
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(flat(scores), indent=1) + '\n')
        LOG.print(f'values written to {path}')
    return 0


def _model(path: Path, seeds: int) -> Model:
    bundle = load_bundle(path)
    if bundle.config.format.name != 'beat':
        raise InputError(
            f'{path} is a bundle of format {bundle.config.format.name!r}: its motion is measured '
            "with `diffsheg evaluate`; this table is of 'beat' bundles"
        )
    engine = create_engine('onnxruntime', bundle, THREADS)
    encoder = create_speech_encoder(bundle, threads=THREADS)
    return Model(bundle, engine, encoder, seeds, LOG.print)


def measure(model: Model, facegood: Path, names: list[str], seconds: float) -> Scores:
    """Return all scores, except those of missing recordings.

    Args:
        model: the bundle.
        facegood: folder of FACEGOOD takes.
        names: takes in that folder to measure on as a whole; the baseline is not trained on them.
        seconds: seconds to use of every other recording.
    """
    scores: Scores = {}
    ridge = _ridge(names)
    motions = []
    rows = []
    for name in names:
        if not (facegood / f'{name}.npy').is_file():
            _missing(facegood / f'{name}.npy')
            continue
        take = takes.read_lips(facegood, name)
        generated = model.motions(take.speech)
        rows.append(measures.captured_lips(model, take, generated, ridge))
        motions += generated
    scores.update(_average(rows))
    english = takes.ENGLISH if takes.ENGLISH.is_file() else None
    if english is None:
        _missing(takes.ENGLISH)
    else:
        speech = takes.read_speech(english, seconds)
        generated = model.motions(speech)
        scores.update(measures.heard_lips(model, speech, generated, ridge, 'english'))
        motions += generated
    rows = []
    for path in filter(Path.is_file, takes.OTHER_VOICES):
        speech = takes.read_speech(path, seconds)
        generated = model.motions(speech)
        rows.append(measures.heard_lips(model, speech, generated, ridge, 'other'))
        motions += generated
    scores.update(_average(rows))
    if takes.BEAT_TAKE.is_file():
        body = takes.read_body(takes.BEAT_TAKE, seconds)
        generated = model.motions(body.speech)
        scores.update(measures.gesture(model, body, generated))
        motions += generated
    else:
        _missing(takes.BEAT_TAKE)
    speech = takes.read_speech(english or takes.DEMO, seconds / 2)
    scores.update(measures.eyes(model, motions, speech))
    scores.update(measures.seam_quality(model, motions))
    scores.update(measures.style(model, speech))
    scores.update(measures.cost(model, speech, THREADS))
    return scores


def _ridge(tested: list[str]) -> Ridge | None:
    names = [
        name
        for name in takes.TRAINING_TAKES
        if name not in tested and (takes.FACEGOOD / f'{name}.npy').is_file()
    ]
    if not names:
        return None
    return Ridge([takes.read_lips(takes.FACEGOOD, name) for name in names])


def _missing(path: Path) -> None:
    LOG.print(f'not measured: {path} is missing', soft_wrap=True)


def _average(rows: list[Scores]) -> Scores:
    """Return the mean over takes of scores with the same metrics."""
    if not rows:
        return {}
    return {
        metric: {
            source: float(np.mean([row[metric][source] for row in rows])) for source in sources
        }
        for metric, sources in rows[0].items()
    }


def flat(scores: Scores) -> dict[str, float | None]:
    """Return {metric: value}, with baselines as 'metric.baseline'; None if not measured."""
    result: dict[str, float | None] = {}
    for aim in AIMS:
        values = scores.get(aim.metric, {})
        result[aim.metric] = _number(values.get('bundle'))
        for source in SOURCES[1:]:
            if source in values:
                result[f'{aim.metric}.{source}'] = _number(values[source])
    return result


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def show(title: str, scores: Scores) -> None:
    """Print the table."""
    console = Console(width=max(140, Console().width))
    table = Table(title=title, caption=machine(), caption_justify='left')
    for column in ('', 'aim', 'bundle', 'reached', *SOURCES[1:]):
        table.add_column(column, justify='left' if not column else 'right')
    for aim in AIMS:
        values = scores.get(aim.metric, {})
        value = _number(values.get('bundle'))
        reached = aim.reached(value)
        table.add_row(
            aim.meaning,
            aim.target(),
            'not measured (file missing)' if not values else _shown(value),
            '' if reached is None else 'yes' if reached else 'NO',
            *(
                _shown(_number(values.get(source))) if source in values else ''
                for source in SOURCES[1:]
            ),
        )
    console.print(table)


def _shown(value: float | None) -> str:
    return 'undefined' if value is None else f'{value:.3g}'


if __name__ == '__main__':
    sys.exit(main())
