"""A whole corpus: plans the takes, makes what is not there yet on all cores, writes the index."""

import json
import logging
import multiprocessing
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from diffsheg_model.corpus import facegood
from diffsheg_model.corpus.shards import is_complete, write_index
from diffsheg_model.corpus.styles import STYLES
from diffsheg_model.corpus.synthetic import TakePlan, make_take, plan_takes
from diffsheg_model.corpus.voices import VOICES, installed, missing_packages
from diffsheg_model.errors import InputError
from diffsheg_model.files import atomic_path

logger = logging.getLogger(__name__)

RECIPE = 'corpus.json'
_VERSION = 2
"""Of what a seed gives; raise it with every change that alters takes."""


@dataclass(frozen=True)
class CorpusOptions:
    """What to make; see cli/corpus.py for the meanings.

    Attributes:
        hours: of synthetic takes, 0 for none.
        seed: 0 or more.
        validation: make the validation set instead of the training set.
        facegood: folder of FACEGOOD takes, or None.
        facegood_copies: how often each FACEGOOD take is written.
        exclude: FACEGOOD takes that never train; the validation set is made of them.
    """

    hours: float
    seed: int
    validation: bool
    facegood: Path | None
    facegood_copies: int
    exclude: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0.0 <= self.hours <= 10000.0:
            raise InputError(f'--hours {self.hours}: must be from 0 to 10000')
        if self.seed < 0:
            raise InputError(f'--seed {self.seed}: must be 0 or more')
        if not 1 <= self.facegood_copies <= 100:
            raise InputError(f'--facegood-copies {self.facegood_copies}: must be from 1 to 100')
        if self.hours == 0 and self.facegood is None:
            raise InputError('nothing to make: give --hours above 0, or --facegood DIR')


def build_corpus(folder: Path, options: CorpusOptions, workers: int) -> None:
    """Makes what is missing of a corpus in a folder and writes its index.

    Raises:
        InputError: unusable options, no voice, a foreign corpus in the folder, a full disk.
    """
    voices = tuple(
        voice for voice in installed(VOICES) if voice.held_out == options.validation
    )
    plans: list[TakePlan] = []
    if options.hours:
        if not voices:
            raise InputError(
                'no voice is installed: apt-get install ' + ' '.join(missing_packages())
            )
        missing = missing_packages()
        if missing:
            logger.warning('fewer voices than there could be: apt-get install %s',
                           ' '.join(missing))  # fmt: skip
        plans = plan_takes(options.hours, options.seed, voices, options.validation)
    recordings: list[str] = []
    if options.facegood is not None:
        recordings = (
            [name for name in options.exclude if (options.facegood / f'{name}.npy').is_file()]
            if options.validation
            else facegood.find_takes(options.facegood, options.exclude)
        )
        if not recordings:
            raise InputError(f'{options.facegood} has none of {", ".join(options.exclude)}')
    _check_recipe(folder, options, [voice.label for voice in voices] if plans else [])
    names = _make(folder, options, plans, recordings, workers)
    write_index(
        folder,
        names,
        {
            'styles': [style.name for style in STYLES],
            'seed': options.seed,
            'made_by': 'diffsheg corpus',
        },
    )


def _check_recipe(folder: Path, options: CorpusOptions, voices: list[str]) -> None:
    """Refuses to mix two corpora; hours may grow."""
    recipe = {
        'version': _VERSION,
        'voices': voices,
        **{
            key: str(value) if isinstance(value, Path) else value
            for key, value in asdict(options).items()
            if key != 'hours'
        },
    }
    path = folder / RECIPE
    recipe = json.loads(json.dumps(recipe))
    if path.exists():
        before = json.loads(path.read_text())
        for key, value in recipe.items():
            if before.get(key) != value:
                raise InputError(
                    f'{folder} holds a corpus made with another {key}: choose another folder, or '
                    'delete this one'
                )
    else:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(recipe, indent=1) + '\n')


def _make(
    folder: Path,
    options: CorpusOptions,
    plans: list[TakePlan],
    recordings: list[str],
    workers: int,
) -> list[str]:
    names = [plan.name for plan in plans]
    jobs: list[tuple[Callable[..., object], tuple[object, ...]]] = [
        (_make_synthetic, (plan, folder)) for plan in plans if not is_complete(folder / plan.name)
    ]
    for number, recording in enumerate(recordings):
        copies = [f'facegood-{recording}-{copy}' for copy in range(options.facegood_copies)]
        names += copies
        if not all(is_complete(folder / copy) for copy in copies):
            arguments = (options, recording, folder, number * options.facegood_copies)
            jobs.append((_make_facegood, arguments))
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    # A take is made in a process of its own: see voices.speak_all. The fork server has imported
    # everything once, so that such a process starts in milliseconds.
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['diffsheg_model.corpus.build'])
    with Progress(*columns) as progress, context.Pool(workers, maxtasksperchild=1) as pool:
        bar = progress.add_task('takes', total=len(jobs))
        for result in [pool.apply_async(*job) for job in jobs]:
            result.get()
            progress.advance(bar)
    return names


def _make_synthetic(plan: TakePlan, folder: Path) -> None:
    make_take(plan, folder)


def _make_facegood(
    options: CorpusOptions, name: str, folder: Path, first_speaker: int
) -> None:
    assert options.facegood is not None
    recording = facegood.read_recording(options.facegood, name)
    facegood.write_copies(
        recording, folder, options.facegood_copies, options.seed, first_speaker
    )
