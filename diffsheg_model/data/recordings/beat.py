"""BEAT (https://pantomatrix.github.io/BEAT/): audio, mocap, ARKit face, words, semantic scores."""

import re
from pathlib import Path

from diffsheg_model.data.recordings.annotations import Word, read_semantic, read_textgrid
from diffsheg_model.data.recordings.body import read_body
from diffsheg_model.data.recordings.recording import (
    Recording,
    TakeFiles,
    files_by_stem,
    read_samples,
)
from diffsheg_model.data.shard_writer import SAMPLE_RATE
from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.facial_json import read_facial_json
from diffsheg_model.motion_files.track import ReadOptions, Track
from diffsheg_model.untrusted.reading import reader

SPEAKERS = (
    'wayne', 'scott', 'solomon', 'lawrence', 'stewart', 'carla', 'sophie', 'catherine', 'miranda',
    'kieks', 'nidal', 'zhao', 'lu', 'zhang', 'carlos', 'jorge', 'itoi', 'daiki', 'jaime', 'li',
    'ayana', 'luqi', 'hailing', 'kexin', 'goto', 'reamey', 'yingqing', 'tiffnay', 'hanieh',
    'katya',
)  # fmt: skip
"""Index = number in the file name - 1, as in the official models."""

LICENCE = 'BEAT: non-commercial research only'
_SUFFIXES = ('wav', 'bvh', 'json', 'textgrid', 'txt')
_NAME = re.compile(r'(\d+)_[A-Za-z]+(_\d+)+')


def find(folder: Path) -> list[TakeFiles]:
    """Find the takes under a folder: flat, or in BEAT's subfolders by speaker or kind of file.

    Files belong together by their names, <number>_<speaker>_<n>_<n>_<n>.
    """
    takes: dict[str, dict[str, Path]] = {}
    twice: dict[str, str] = {}
    for files in files_by_stem(folder, _SUFFIXES).values():
        for suffix, path in files.items():
            if not _NAME.fullmatch(path.stem):
                continue
            if suffix in takes.setdefault(path.stem, {}):
                twice[path.stem] = f'there are two files {path.name}; keep one'
            takes[path.stem][suffix] = path
    return [
        TakeFiles(name, files, twice.get(name) or _problem(name, files))
        for name, files in sorted(takes.items())
        if files.keys() & {'wav', 'bvh', 'json'}
    ]


def _problem(name: str, files: dict[str, Path]) -> str:
    number = int(name.partition('_')[0])
    if 'wav' not in files:
        return f'no {name}.wav beside its motion'
    if not files.keys() & {'bvh', 'json'}:
        return f'no {name}.bvh and no {name}.json beside its wav'
    if not 1 <= number <= len(SPEAKERS):
        return f'the name gives speaker {number}: BEAT has 1..{len(SPEAKERS)}'
    return ''


@reader('a take of BEAT')
def read(take: TakeFiles, options: ReadOptions) -> Recording:
    """Read a take with body or face or both; annotations are optional.

    Raises:
        InputError: a file is unusable or its duration differs from the audio.
    """
    samples, notes = read_samples(take.files['wav'])
    sound_s = len(samples) / SAMPLE_RATE
    joints, weights = Track(), Track()
    semantic = None
    words: tuple[Word, ...] = ()
    if 'bvh' in take.files:
        joints, more = read_body(take.files['bvh'], sound_s, options, every_joint=True)
        notes += more
    else:
        notes += ('no bvh: the body is masked',)
    if 'json' in take.files:
        weights, more = read_facial_json(take.files['json'], sound_s, options)
        notes += more
    else:
        notes += ('no json: the face is masked',)
    # Annotations that cannot be read are left out; the take can still train.
    try:
        if 'txt' in take.files:
            semantic = read_semantic(take.files['txt'])
    except InputError as error:
        notes += (f'left out: {error}',)
    try:
        if 'textgrid' in take.files:
            words = read_textgrid(take.files['textgrid'])
    except InputError as error:
        notes += (f'left out: {error}',)
    return Recording(
        name=take.name,
        samples=samples,
        joints=joints,
        weights=weights,
        semantic=semantic,
        speaker=int(take.name.partition('_')[0]) - 1,
        source=f'BEAT {take.name}',
        licence=LICENCE,
        notes=notes,
        words=words,
    )
