"""The kinds of recordings that can be read, and recognition of the kind of a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from diffsheg_model.data.recordings import (
    arkit,
    beat,
    facegood,
    livelink,
    show,
)
from diffsheg_model.data.recordings.recording import Recording, TakeFiles
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.motion_files.arkit_csv import is_arkit
from diffsheg_model.motion_files.track import ReadOptions


@dataclass(frozen=True)
class RecordingKind:
    """A kind of recordings.

    Attributes:
        name: value of --kind.
        format: motion format of its shards.
        find: finds the takes under a folder, those that lack files included.
        read: reads one take.
        speakers: names of the style one-hot; empty if takes do not name their speaker.
    """

    name: str
    format: MotionFormat
    find: Callable[[Path], list[TakeFiles]]
    read: Callable[[TakeFiles, ReadOptions], Recording]
    speakers: tuple[str, ...] = ()


KINDS = {
    kind.name: kind
    for kind in (
        RecordingKind('facegood', BEAT, facegood.find, facegood.read),
        RecordingKind('show', SHOW, show.find, show.read, show.SPEAKERS),
        RecordingKind('livelink', BEAT, livelink.find, livelink.read),
        RecordingKind('beat', BEAT, beat.find, beat.read, beat.SPEAKERS),
        RecordingKind('arkit', BEAT, arkit.find, arkit.read),
    )
}


def recognise(folder: Path) -> RecordingKind:
    """Return the kind of the recordings in a folder.

    Raises:
        InputError: the folder has no recordings, or recordings of several kinds.
    """
    if not folder.is_dir():
        raise InputError(f'{folder}: no such folder; give the folder of the recordings')
    if (folder / facegood.NAMES).is_file():
        return KINDS['facegood']
    found = []
    if next(folder.rglob('*.pkl'), None):
        found.append('show')
    if livelink.find(folder):
        found.append('livelink')
    if beat.find(folder):
        found.append('beat')
    if not found and (next(folder.rglob('*.bvh'), None) or any(map(is_arkit, _tables(folder)))):
        found.append('arkit')
    if not found:
        raise InputError(
            f'{folder}: no recordings of a known kind: BEAT (1_wayne_0_1_1.wav, .bvh, .json), SHOW '
            '(.wav, .pkl), FACEGOOD (blendshape_names.npy), Live Link Face or ARKit (.csv, .wav)'
        )
    if len(found) > 1:
        raise InputError(
            f'{folder}: has recordings of several kinds ({", ".join(found)}): '
            f'choose one with --kind'
        )
    return KINDS[found[0]]


def _tables(folder: Path) -> list[Path]:
    return sorted(folder.rglob('*.csv'))
