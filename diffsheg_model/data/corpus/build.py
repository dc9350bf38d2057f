"""Generation of a corpus: plan the takes, make the missing ones on all cores, write the index."""

import logging
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from diffsheg_model.data.corpus.facegood import (
    VALIDATION_TAKE,
    copy_name,
    find_takes,
    write_copies,
)
from diffsheg_model.data.corpus.synthetic import TakePlan, make_take, plan_takes
from diffsheg_model.data.corpus.teacher.styles import STYLES
from diffsheg_model.data.corpus.voices.voices import (
    Voice,
    by_label,
    installed,
    missing_packages,
)
from diffsheg_model.data.progress import takes_progress
from diffsheg_model.data.recipe import keep_recipe
from diffsheg_model.data.recordings.facegood import read
from diffsheg_model.data.recordings.recording import TakeFiles
from diffsheg_model.data.shard_writer import is_complete, write_index
from diffsheg_model.data.work_pool import Job, run_jobs
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import WriteError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion_files.track import ReadOptions
from diffsheg_model.threads import process_count

logger = logging.getLogger(__name__)

RECIPE = 'corpus.json'
_VERSION = 2
"""Version of the generated takes; raise it with every change that alters them."""

_MODULE = 'diffsheg_model.data.corpus.build'

# Seconds after which a take counts as hanging.
_TAKE_LIMIT_S = 600.0


@dataclass(frozen=True)
class CorpusOptions:
    """Options of `diffsheg corpus`; cli/corpus.py describes them for users.

    Attributes:
        hours: duration of the synthetic takes, 0 for none.
        seed: 0 or more.
        validation: make the validation set instead of the training set.
        facegood: folder of FACEGOOD takes, or None.
        facegood_copies: number of copies of each FACEGOOD take.
        exclude: FACEGOOD takes that never train; the validation set is made of them.
        voices: labels of the voices to use; empty for all installed voices.
    """

    hours: float
    seed: int
    validation: bool = False
    facegood: Path | None = None
    facegood_copies: int = 4
    exclude: tuple[str, ...] = (VALIDATION_TAKE,)
    voices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.hours <= 10000.0:
            raise InputError(f'--hours {self.hours}: must be from 0 to 10000')
        if self.seed < 0:
            raise InputError(f'--seed {self.seed}: must be 0 or more')
        if not 1 <= self.facegood_copies <= 100:
            raise InputError(f'--facegood-copies {self.facegood_copies}: must be from 1 to 100')
        if self.hours == 0 and self.facegood is None:
            raise InputError('nothing to make: give --hours above 0, or --facegood DIR')


def build_corpus(folder: Path, options: CorpusOptions, workers: int) -> int:
    """Make the missing takes of a corpus and write its index.

    Returns:
        The number of frames in the corpus.

    Raises:
        InputError: unusable options, no voice, another corpus in the folder, a full disk.
    """
    workers = process_count(workers)
    voices = _choose_voices(options) if options.hours else ()
    plans = plan_takes(options.hours, options.seed, voices, options.validation) if voices else []
    recordings = _choose_recordings(options)
    _check_recipe(folder, options, [voice.label for voice in voices])
    names = _make(folder, options, plans, recordings, workers)
    description = {'styles': [style.name for style in STYLES], 'seed': options.seed}
    return write_index(folder, names, description, BEAT, filled=True)


def _choose_voices(options: CorpusOptions) -> tuple[Voice, ...]:
    if options.voices:
        return tuple(by_label(label) for label in options.voices)
    missing = missing_packages()
    voices = tuple(voice for voice in installed() if voice.held_out == options.validation)
    if not voices:
        raise InputError(f'no voice is installed: apt-get install {" ".join(missing)}')
    if missing:
        logger.warning('more voices are available: apt-get install %s', ' '.join(missing))
    return voices


def _choose_recordings(options: CorpusOptions) -> list[TakeFiles]:
    if options.facegood is None:
        return []
    if not options.validation:
        return find_takes(options.facegood, options.exclude)
    every = find_takes(options.facegood, ())
    recordings = [take for take in every if take.name in options.exclude]
    if not recordings:
        raise InputError(
            f'{options.facegood} has none of {", ".join(options.exclude) or "no takes"}: name the '
            'takes to validate on with --exclude'
        )
    return recordings


def _check_recipe(folder: Path, options: CorpusOptions, voices: list[str]) -> None:
    """Raise InputError if the folder holds another corpus; only the hours may grow."""
    settings = {
        key: str(value) if isinstance(value, Path) else value
        for key, value in asdict(options).items()
        if key not in ('hours', 'voices')
    }
    recipe = {'version': _VERSION, 'voices': voices, **settings}
    keep_recipe(folder / RECIPE, recipe, 'a corpus')


def _make(
    folder: Path,
    options: CorpusOptions,
    plans: list[TakePlan],
    recordings: list[TakeFiles],
    workers: int,
) -> list[str]:
    """Make the missing takes and return the names of all takes."""
    names = [plan.name for plan in plans]
    jobs = {
        plan.name: Job(make_take, (plan, folder), _TAKE_LIMIT_S)
        for plan in plans
        if not is_complete(folder / plan.name)
    }
    for number, recording in enumerate(recordings):
        copies = [copy_name(recording.name, copy) for copy in range(options.facegood_copies)]
        names += copies
        if not all(is_complete(folder / copy) for copy in copies):
            arguments = (options, recording, folder, number)
            jobs[recording.name] = Job(_make_facegood, arguments, _TAKE_LIMIT_S * len(copies))
    _run(jobs, workers)
    return names


def _run(jobs: dict[str, Job], workers: int) -> None:
    """Make takes, by name.

    Raises:
        InputError: some takes could not be made; all others were.
    """
    takes, failures = list(jobs), []
    # Each take is made in a new process: see voices.speak_all.
    with (
        takes_progress() as progress,
        closing(run_jobs(list(jobs.values()), workers, _MODULE, fresh=True)) as results,
    ):
        bar = progress.add_task('takes', total=len(jobs))
        for done in results:
            if isinstance(done.error, WriteError):
                raise done.error
            if done.error is not None:
                failures.append(f'{takes[done.index]}: {done.error}')
                logger.warning('not made: %s', failures[-1])
            progress.advance(bar)
    if failures:
        raise InputError(
            f'{len(failures)} of {len(jobs)} takes could not be made ({failures[0]}); the others '
            'are kept: run it again'
        )


def _make_facegood(options: CorpusOptions, take: TakeFiles, folder: Path, number: int) -> None:
    recording = read(take, ReadOptions())
    first_speaker = number * options.facegood_copies
    write_copies(recording, folder, options.facegood_copies, options.seed, first_speaker)
