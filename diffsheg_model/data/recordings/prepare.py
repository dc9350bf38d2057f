"""Preparation of a folder of recordings as shards: find, write and report takes, resume."""

import errno
import fcntl
import logging
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console

from diffsheg_model.data.progress import takes_progress
from diffsheg_model.data.recipe import keep_recipe
from diffsheg_model.data.recordings.channels import to_channels
from diffsheg_model.data.recordings.kinds import KINDS, RecordingKind, recognise
from diffsheg_model.data.recordings.recording import Recording, TakeFiles
from diffsheg_model.data.recordings.report import REPORT, PrepareReport, TakeOutcome
from diffsheg_model.data.recordings.take_names import with_distinct_names
from diffsheg_model.data.shard_writer import (
    SAMPLE_RATE,
    TakeInfo,
    frame_count,
    is_complete,
    write_index,
    write_take,
)
from diffsheg_model.data.shards import INDEX, STATISTICS, open_take
from diffsheg_model.data.work_pool import Job, run_jobs
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import WriteError, open_lock, remove_leftovers
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.motion_files.track import ReadOptions
from diffsheg_model.threads import process_count

logger = logging.getLogger(__name__)

RECIPE = 'prepare.json'
_VERSION = 1
"""Version of the prepared takes; raise it with every change that alters them."""

_MODULE = 'diffsheg_model.data.recordings.prepare'

#: Seconds after which a take counts as hanging, plus seconds for each megabyte of its files.
TAKE_LIMIT_S = 600.0
_LIMIT_S_PER_MB = 10.0
# Errors of the file system that concern one name only.
_BAD_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)


@dataclass(frozen=True)
class PrepareOptions:
    """Options of `diffsheg prepare`; cli/prepare.py describes them for users.

    Attributes:
        kind: kind of the recordings, or 'auto'.
        speaker: speaker of all takes; None for the speaker that each take names.
        licence: licence of all takes; empty for the licence of the kind.
        only: patterns of the names of takes to prepare; empty for all.
        exclude: patterns of the names of takes to leave out.
        reading: options of the readers.
    """

    kind: str = 'auto'
    speaker: int | None = None
    licence: str = ''
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    reading: ReadOptions = field(default_factory=ReadOptions)

    def __post_init__(self) -> None:
        if self.kind != 'auto' and self.kind not in KINDS:
            raise InputError(f'--kind {self.kind}: must be auto or one of {", ".join(KINDS)}')
        if self.speaker is not None and not -1 <= self.speaker < 10000:
            raise InputError(f'--speaker {self.speaker}: must be 0 or more, or -1 for none')

    def wants(self, *names: str) -> bool:
        """Return True if a take with any of these names is to be prepared."""

        def has(patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)

        return (not self.only or has(self.only)) and not has(self.exclude)


def prepare(source: Path, output: Path, options: PrepareOptions, workers: int) -> PrepareReport:
    """Prepare the missing takes of a folder, and write the index and the report.

    Finished takes are kept; takes that were skipped before are tried again. A take that cannot be
    read, or that crashes its process, is skipped and reported. All others are prepared.

    Args:
        source: folder of the recordings; only read.
        output: folder of the shards; made where missing.
        options: kind, selection and reading.
        workers: number of processes; 0 is one a core.

    Raises:
        InputError: unusable options, nothing to prepare, a full disk, another data set in the
            output folder, or another process that prepares into it.
    """
    workers = process_count(workers)
    if not source.is_dir():
        raise InputError(f'{source}: no such folder; give the folder of the recordings')
    if output.resolve().is_relative_to(source.resolve()):
        raise InputError(f'{output} lies in {source}: choose a folder outside of the recordings')
    kind = recognise(source) if options.kind == 'auto' else KINDS[options.kind]
    found = kind.find(source)
    named = with_distinct_names(found, source, (INDEX, STATISTICS, RECIPE, REPORT))
    takes = [
        take
        for take, before in zip(named, found, strict=True)
        if options.wants(take.name, before.name)
    ]
    if not takes:
        raise InputError(
            f'{source}: has no recordings of kind {kind.name} that --only and --exclude leave'
        )
    with _alone(output):
        keep_recipe(output / RECIPE, _recipe(source, kind, options), 'shards')
        known = [_known(take, kind, output) for take in takes]
        missing = [take for take, outcome in zip(takes, known, strict=True) if outcome is None]
        done = {outcome.name: outcome for outcome in known if outcome is not None}
        if any(path.is_dir() for path in output.glob('.*')):
            for take in missing:
                remove_leftovers(output, take.name)
        # Closed before the lock is released: then no worker writes any more.
        with closing(_outcomes(missing, kind, options, output, workers)) as results:
            for outcome in _progress(results, len(missing)):
                done[outcome.name] = outcome
        outcomes = tuple(done[take.name] for take in takes)
        report = PrepareReport(source, kind.name, kind.format.fps, outcomes)
        if report.prepared:
            description: dict[str, object] = {'kind': kind.name}
            if kind.speakers and options.speaker is None:
                description['styles'] = list(kind.speakers)
            names = [outcome.name for outcome in report.prepared]
            write_index(output, names, description, kind.format)
        report.write(output)
    return report


def _recipe(source: Path, kind: RecordingKind, options: PrepareOptions) -> dict[str, object]:
    reading = options.reading
    components = reading.hand_components
    return {
        'version': _VERSION,
        'source': str(source.resolve()),
        'kind': kind.name,
        'speaker': options.speaker,
        'licence': options.licence,
        'only': options.only,
        'exclude': options.exclude,
        'fps': reading.fps,
        'tolerance': reading.tolerance_s,
        'hand-components': str(components.resolve()) if components else None,
    }


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Hold a lock on a folder against other processes that prepare into it."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        file = open_lock(output / f'.{RECIPE}.lock')
    except OSError as error:
        raise InputError(
            f'cannot write {output}: {error.strerror}; choose a writable folder'
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(f'{output}: another diffsheg prepare is at work there') from error
        yield


def _known(take: TakeFiles, kind: RecordingKind, output: Path) -> TakeOutcome | None:
    """Return the outcome of a take that need not be read; None for one to prepare.

    A damaged take among the shards is prepared again.
    """
    if take.problem:
        return TakeOutcome(take.name, skipped=take.problem)
    if not is_complete(output / take.name):
        return None
    try:
        opened = open_take(output / take.name, kind.format)
    except InputError as error:
        logger.warning('%s: the take is prepared again', error)
        return None
    return TakeOutcome(take.name, len(opened.motion), opened.notes)


def _outcomes(
    takes: list[TakeFiles], kind: RecordingKind, options: PrepareOptions, output: Path, workers: int
) -> Generator[TakeOutcome, None, None]:
    """Prepare takes in worker processes and yield their outcomes in any order."""
    jobs = [Job(prepare_take, (take, kind.name, options, output), _limit_s(take)) for take in takes]
    with closing(run_jobs(jobs, workers, _MODULE)) as results:
        for done in results:
            name = takes[done.index].name
            if isinstance(done.error, InputError):
                raise done.error
            if done.error is not None or done.retried:
                remove_leftovers(output, name)
            yield done.value or TakeOutcome(name, skipped=str(done.error))


def _limit_s(take: TakeFiles) -> float:
    megabytes = sum(path.stat().st_size for path in take.files.values() if path.is_file()) / 1e6
    return TAKE_LIMIT_S + _LIMIT_S_PER_MB * megabytes


def _progress(outcomes: Iterator[TakeOutcome], total: int) -> Iterator[TakeOutcome]:
    """Pass outcomes on and show a progress bar on a terminal."""
    console = Console(stderr=True)
    with takes_progress(console, disable=not console.is_terminal) as progress:
        bar = progress.add_task('takes', total=total)
        for outcome in outcomes:
            progress.advance(bar)
            yield outcome


def prepare_take(
    take: TakeFiles, kind_name: str, options: PrepareOptions, output: Path
) -> TakeOutcome:
    """Read and write one take; an unusable take is an outcome, not an error.

    Raises:
        WriteError: no take can be written.
        Exception: a bug of the program.
    """
    kind = KINDS[kind_name]
    try:
        recording = kind.read(take, options.reading)
        samples = recording.samples[: int(_common_s(recording, kind.format) * SAMPLE_RATE)]
        frames = frame_count(len(samples), kind.format.fps)
        channels = to_channels(recording, kind.format, frames)
    except InputError as error:
        if isinstance(error.__cause__, MemoryError):
            raise error.__cause__ from error  # there may be enough memory when nothing else runs
        return TakeOutcome(take.name, skipped=str(error))
    info = TakeInfo(
        speaker=recording.speaker if options.speaker is None else options.speaker,
        fps=kind.format.fps,
        source=recording.source,
        licence=options.licence or recording.licence,
        gesture_valid=any(channels.joint_mask),
        face_valid=channels.face_valid,
        weight_mask=channels.weight_mask,
        joint_mask=() if all(channels.joint_mask) else channels.joint_mask,
        notes=recording.notes,
    )
    try:
        written = write_take(
            output / take.name,
            samples,
            channels.motion,
            info,
            kind.format,
            channels.semantic,
            recording.words,
        )
    except InputError as error:
        if isinstance(error, WriteError) and error.errno not in _BAD_NAME:
            raise
        return TakeOutcome(take.name, skipped=str(error))
    return TakeOutcome(take.name, written, recording.notes)


def _common_s(recording: Recording, format_: MotionFormat) -> float:
    """Return the seconds that both audio and motion cover.

    Raises:
        InputError: they are shorter than a window.
    """
    tracks = [track for track in (recording.joints, recording.weights) if track]
    common_s = min([recording.duration_s, *(track.end_s for track in tracks)])
    window_s = format_.window_frames / format_.fps
    if frame_count(int(common_s * SAMPLE_RATE), format_.fps) < format_.window_frames:
        raise InputError(
            f'too short to train on: {common_s:.2f} s, a window of {format_.name} is '
            f'{window_s:.2f} s'
        )
    return common_s
