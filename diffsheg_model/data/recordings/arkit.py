"""Reader of folders of audio with ARKit weights as csv, BEAT's joints as BVH, or both."""

from pathlib import Path

from diffsheg_model.data.recordings.body import read_body
from diffsheg_model.data.recordings.recording import (
    Recording,
    TakeFiles,
    files_by_stem,
    read_samples,
    take_name,
)
from diffsheg_model.data.shard_writer import SAMPLE_RATE
from diffsheg_model.motion_files.arkit_csv import is_arkit, read_arkit_csv
from diffsheg_model.motion_files.track import ReadOptions, Track
from diffsheg_model.untrusted.reading import reader

LICENCE = 'not stated'


def find(folder: Path) -> list[TakeFiles]:
    """Find the takes under a folder: NAME.wav with NAME.csv, NAME.bvh or both."""
    takes = []
    for stem, files in files_by_stem(folder, ('wav', 'csv', 'bvh')).items():
        if 'csv' in files and not is_arkit(files['csv']):
            problem = f'{files["csv"].name} has no column of an ARKit blendshape'
        elif 'wav' not in files:
            problem = f'no {Path(stem).name}.wav beside its motion'
        elif len(files) == 1:
            problem = f'no {Path(stem).name}.csv and no {Path(stem).name}.bvh beside its wav'
        else:
            problem = ''
        takes.append(TakeFiles(take_name(stem), files, problem))
    return takes


@reader('a recording with ARKit weights')
def read(take: TakeFiles, options: ReadOptions) -> Recording:
    """Read a take.

    Raises:
        InputError: a file is unusable or its duration differs from the audio.
    """
    samples, notes = read_samples(take.files['wav'])
    sound_s = len(samples) / SAMPLE_RATE
    joints, weights = Track(), Track()
    if 'csv' in take.files:
        weights, more = read_arkit_csv(take.files['csv'], sound_s, options)
        notes += more
    if 'bvh' in take.files:
        joints, more = read_body(take.files['bvh'], sound_s, options, every_joint=False)
        notes += more
    return Recording(
        name=take.name,
        samples=samples,
        joints=joints,
        weights=weights,
        semantic=None,
        speaker=0,
        source=f'recording {take.name}',
        licence=LICENCE,
        notes=notes,
    )
