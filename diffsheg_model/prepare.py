"""A folder of recordings becomes shards: finds the takes, writes each, resumes, reports."""

import fcntl
import logging
import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console

from diffsheg_model.config import MotionFormat
from diffsheg_model.errors import InputError
from diffsheg_model.files import remove_leftovers
from diffsheg_model.prepare_report import Outcome, Report
from diffsheg_model.readers.channels import to_channels
from diffsheg_model.readers.kinds import KINDS, Kind, recognise
from diffsheg_model.readers.recording import ReadOptions, Recording, TakeFiles
from diffsheg_model.recipe import keep_recipe
from diffsheg_model.take_writer import (
    SAMPLE_RATE,
    TakeInfo,
    frame_count,
    is_complete,
    write_index,
    write_take,
)
from diffsheg_model.takes_progress import takes_progress

logger = logging.getLogger(__name__)

RECIPE = 'prepare.json'
_VERSION = 1
"""Of what a source gives; raise it with every change that alters takes."""

_MODULE = 'diffsheg_model.prepare'


@dataclass(frozen=True)
class PrepareOptions:
    """What to prepare how; see cli/prepare.py for the meanings.

    Attributes:
        kind: of the recordings, or 'auto'.
        speaker: of all takes, instead of what they say; None to believe them.
        licence: of all takes, instead of the kind's; empty for that.
        only: patterns of the names of takes to prepare; none for all.
        exclude: patterns of the names of takes to leave out.
        reading: what the readers are told.
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

    def wants(self, name: str) -> bool:
        """Whether a take of this name is to be prepared."""
        chosen = not self.only or any(fnmatchcase(name, pattern) for pattern in self.only)
        return chosen and not any(fnmatchcase(name, pattern) for pattern in self.exclude)


def prepare(source: Path, output: Path, options: PrepareOptions, workers: int) -> Report:
    """Prepares what is missing of a folder's takes and writes the index and the report.

    Takes that are there are kept; those that were skipped before are tried again.

    Args:
        source: folder of the recordings; only read.
        output: folder of the shards; made where missing.
        options: how.
        workers: processes; 1 works in this one.

    Raises:
        InputError: unusable options, nothing that could be prepared, a full disk, another data
            set or another such process in the output folder.
    """
    if not 1 <= workers <= 1024:
        raise InputError(f'--workers {workers}: must be from 1 to 1024, or 0 for one a core')
    if not source.is_dir():
        raise InputError(f'{source}: no such folder; give the folder of the recordings')
    if output.resolve().is_relative_to(source.resolve()):
        raise InputError(f'{output} lies in {source}: choose a folder outside of the recordings')
    kind = recognise(source) if options.kind == 'auto' else KINDS[options.kind]
    takes = [take for take in kind.find(source) if options.wants(take.name)]
    if not takes:
        raise InputError(
            f'{source}: has no recordings of kind {kind.name} that --only and --exclude leave'
        )
    with _alone(output):
        keep_recipe(output / RECIPE, _recipe(source, kind, options), 'shards')
        known = [_known(take, kind, output) for take in takes]
        missing = [take for take, outcome in zip(takes, known, strict=True) if outcome is None]
        done = {outcome.name: outcome for outcome in known if outcome is not None}
        for take in missing:
            remove_leftovers(output, take.name)
        for outcome in _progress(_outcomes(missing, kind, options, output, workers), len(missing)):
            done[outcome.name] = outcome
        outcomes = tuple(done[take.name] for take in takes)
        report = Report(source, kind.name, kind.format.fps, outcomes)
        if report.prepared:
            description: dict[str, object] = {'kind': kind.name}
            if kind.speakers and options.speaker is None:
                description['styles'] = list(kind.speakers)
            names = [outcome.name for outcome in report.prepared]
            write_index(output, names, description, kind.format)
        report.write(output)
    return report


def _recipe(source: Path, kind: Kind, options: PrepareOptions) -> dict[str, object]:
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
    """Keeps other processes that prepare out of a folder while the block runs."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        file = (output / f'.{RECIPE}.lock').open('w')
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


def _known(take: TakeFiles, kind: Kind, output: Path) -> Outcome | None:
    """What is known of a take before it is read; None where it has to be.

    A take that is damaged among the shards is made anew.
    """
    # The package of training is loaded on demand.
    from diffsheg_model.training.shards import open_take

    if take.problem:
        return Outcome(take.name, skipped=take.problem)
    if not is_complete(output / take.name):
        return None
    try:
        opened = open_take(output / take.name, kind.format)
    except InputError as error:
        logger.warning('%s: made anew', error)
        return None
    return Outcome(take.name, len(opened.motion), opened.notes)


def _outcomes(
    takes: list[TakeFiles], kind: Kind, options: PrepareOptions, output: Path, workers: int
) -> Iterator[Outcome]:
    """Prepares takes and yields what became of each, in any order."""
    if workers == 1 or len(takes) < 2:
        for take in takes:
            yield prepare_take(take, kind.name, options, output)
        return
    # Not fork, which copies locks in whatever state they are in; the server has imported all once.
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([_MODULE])
    executor = ProcessPoolExecutor(
        min(workers, len(takes)), context, initializer=_leave_interrupts_to_parent
    )
    try:
        futures = [
            executor.submit(prepare_take, take, kind.name, options, output) for take in takes
        ]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise InputError(
            'a worker was killed (out of memory?): run it again with fewer --workers; '
            'finished takes are kept'
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _progress(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """Hands outcomes on under a progress bar, which shows on a terminal only."""
    console = Console(stderr=True)
    with takes_progress(console, disable=not console.is_terminal) as progress:
        bar = progress.add_task('takes', total=total)
        for outcome in outcomes:
            progress.advance(bar)
            yield outcome


def prepare_take(take: TakeFiles, kind_name: str, options: PrepareOptions, output: Path) -> Outcome:
    """Reads and writes one take.

    Raises:
        InputError: it cannot be written. What cannot be read is an outcome.
    """
    kind = KINDS[kind_name]
    try:
        recording = kind.read(take, options.reading)
        samples = recording.samples[: int(_common_s(recording, kind.format) * SAMPLE_RATE)]
        frames = frame_count(len(samples), kind.format.fps)
        channels = to_channels(recording, kind.format, frames)
    except InputError as error:
        return Outcome(take.name, skipped=str(error))
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
    written = write_take(
        output / take.name,
        samples,
        channels.motion,
        info,
        kind.format,
        channels.semantic,
        recording.words,
    )
    return Outcome(take.name, written, recording.notes)


def _common_s(recording: Recording, format_: MotionFormat) -> float:
    """Seconds that sound and motion both last; their durations agree within the tolerance.

    Raises:
        InputError: less than a window.
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
