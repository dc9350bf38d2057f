"""Live Link Face (the iPhone app): a csv of 61 columns at 60 fps, and the audio of its video."""

import re
from pathlib import Path

from diffsheg_model.data.recordings.recording import (
    Recording,
    TakeFiles,
    files_by_stem,
    read_samples,
    take_name,
)
from diffsheg_model.data.shard_writer import SAMPLE_RATE
from diffsheg_model.motion_files.arkit_csv import is_live_link, read_arkit_csv
from diffsheg_model.motion_files.track import ReadOptions, Track
from diffsheg_model.untrusted.reading import reader

LICENCE = 'not stated'
# The app writes up to three tables of a take: raw, calibrated and smoothed.
_VARIANT = re.compile(r'(_iPhone)?(_cal|_raw|_neutral)?$', re.IGNORECASE)


def find(folder: Path) -> list[TakeFiles]:
    """Find the takes under a folder: every table of the app, and a wav for it.

    The wav has the name of the table, with or without the app's suffixes (_iPhone, _cal, _raw).
    A folder with one table may hold one wav of any name. The app stores the audio in its video;
    extract it with `ffmpeg -i take.mov take.wav`.
    """
    files = files_by_stem(folder, ('csv', 'wav'))
    tables = {stem: found['csv'] for stem, found in files.items() if 'csv' in found}
    sounds = {stem: found['wav'] for stem, found in files.items() if 'wav' in found}
    takes = []
    for stem, table in tables.items():
        if not is_live_link(table):
            continue
        beside = [path for path in sounds.values() if path.parent == table.parent]
        alone = sum(path.parent == table.parent for path in tables.values()) == 1
        wav = sounds.get(stem) or sounds.get(_VARIANT.sub('', stem))
        if wav is None and alone and len(beside) == 1:
            wav = beside[0]
        problem = '' if wav else f'no {table.stem}.wav beside {table.name}'
        named = {'csv': table, **({'wav': wav} if wav else {})}
        takes.append(TakeFiles(take_name(stem), named, problem))
    return takes


@reader('a take of Live Link Face')
def read(take: TakeFiles, options: ReadOptions) -> Recording:
    """Read a take; the first timecode of the table is the start of the audio.

    Raises:
        InputError: a file is unusable or its duration differs from the audio.
    """
    samples, heard = read_samples(take.files['wav'])
    weights, notes = read_arkit_csv(take.files['csv'], len(samples) / SAMPLE_RATE, options)
    return Recording(
        name=take.name,
        samples=samples,
        joints=Track(),
        weights=weights,
        semantic=None,
        speaker=0,
        source=f'Live Link Face {take.name}',
        licence=LICENCE,
        notes=heard + notes,
    )
