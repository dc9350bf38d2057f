"""SHOW (https://talkshow.is.tue.mpg.de/): audio, and SMPL-X body, hands, jaw and expression.

Hands are axis-angle relative to SMPL-X's mean hand, as in TalkSHOW and DiffSHEG. SHOW's pickles
hold 12 coefficients a hand instead. SMPL-X's hand components turn them into rotations; because of
their licence the user provides them as a file.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.data.recordings.recording import (
    Recording,
    TakeFiles,
    files_by_stem,
    read_samples,
    take_name,
)
from diffsheg_model.data.shard_writer import SAMPLE_RATE
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import SHOW
from diffsheg_model.motion_files.clock import frame_times, true_rate
from diffsheg_model.motion_files.track import ReadOptions, Track, read_text
from diffsheg_model.untrusted.array_files import NpzFile
from diffsheg_model.untrusted.reading import reader
from diffsheg_model.untrusted.restricted_pickle import load

SPEAKERS = ('oliver', 'chemistry', 'seth', 'conan')
"""Speakers in the order of TalkSHOW's ids 20..23."""

LICENCE = 'SHOW and SMPL-X: non-commercial research only'
CAPTURE_FPS = 30.0

BODY_JOINTS = tuple(
    (
        'left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 '
        'left_foot right_foot neck left_collar right_collar head left_shoulder right_shoulder '
        'left_elbow right_elbow left_wrist right_wrist'
    ).split()
)
"""The 21 body joints of SMPL-X in its order."""


def find(folder: Path) -> list[TakeFiles]:
    """Find the takes under a folder: NAME.wav and NAME.pkl, flat or in SHOW's subfolders."""
    takes = []
    for stem, files in files_by_stem(folder, ('wav', 'pkl')).items():
        name = Path(stem).name
        problem = next((f'no {name}.{k} beside it' for k in ('wav', 'pkl') if k not in files), '')
        takes.append(TakeFiles(take_name(stem), files, problem))
    return takes


@reader('a take of SHOW')
def read(take: TakeFiles, options: ReadOptions) -> Recording:
    """Read a take; a folder of its path names the speaker, else it has none.

    Raises:
        InputError: a file is unusable or its duration differs from the audio.
    """
    path = take.files['pkl']
    samples, heard = read_samples(take.files['wav'])
    try:
        with path.open('rb') as file:
            content = load(file, str(path))
    except OSError as error:
        raise InputError(f'{path}: {error.strerror}; check the file') from error
    if not isinstance(content, dict):
        raise InputError(f'{path}: holds a {type(content).__name__}, not the dictionary of SHOW')
    expression = _array(path, content, 'expression', 100)
    frames = len(expression)
    jaw = _array(path, content, 'jaw_pose', 3, frames).reshape(frames, 1, 3)
    body = _array(path, content, 'body_pose_axis', 63, frames).reshape(frames, 21, 3)
    names, poses, notes = ['jaw', *BODY_JOINTS], [jaw, body], []
    hands = _hands(path, content, frames, options.hand_components)
    if hands is None:
        notes.append('hands are PCA coefficients and are masked: give --hand-components')
    else:
        names += [name for name in SHOW.joint_names if name not in BODY_JOINTS]
        poses.append(hands)
    moves = np.concatenate(poses, axis=1)
    stated = options.fps or CAPTURE_FPS
    fps, note = true_rate(moves, stated, len(samples) / SAMPLE_RATE, options, path.name)
    times_s = frame_times(frames, fps)
    folders = [part.lower() for part in path.parts[:-1]]
    speakers = [SPEAKERS.index(part) for part in folders if part in SPEAKERS]
    return Recording(
        name=take.name,
        samples=samples,
        joints=Track(tuple(names), moves, times_s),
        weights=Track(SHOW.weight_names, expression, times_s),
        semantic=None,
        speaker=speakers[-1] if speakers else -1,
        source=f'SHOW {take.name}',
        licence=LICENCE,
        notes=(*heard, *notes, *([note] if note else [])),
    )


def _array(
    path: Path, content: dict[Any, Any], key: str, width: int, frames: int | None = None
) -> NDArray[np.float64]:
    """Return the numbers (F, width) under a key."""
    if key not in content:
        raise InputError(f"{path}: has no {key}; SHOW's pickles have")
    found = content[key]
    # Lists are refused: a small one may contain itself and so be of any size.
    if not isinstance(found, np.ndarray) or found.dtype.kind not in 'biuf' or not found.ndim:
        raise InputError(f'{path}: {key} is not an array of numbers')
    values = found.astype(np.float64).reshape(len(found), -1 if found.size else 0)
    if values.shape[1] != width or not len(values) or (frames or len(values)) != len(values):
        raise InputError(
            f'{path}: {key} has shape {np.shape(found)}: must be '
            f'({"frames" if frames is None else frames}, {width})'
        )
    return values


def _hands(
    path: Path, content: dict[Any, Any], frames: int, components: Path | None
) -> NDArray[np.float64] | None:
    """Return the rotations (F, 30, 3) of left and right hand; None if they are not known."""
    sides = []
    for side in ('left', 'right'):
        key = f'{side}_hand_pose'
        pose = content.get(key)
        width = pose.size // frames if isinstance(pose, np.ndarray) else 0
        if width == 45:
            sides.append(_array(path, content, key, 45, frames))
        elif not 1 <= width < 45:
            raise InputError(f'{path}: {key} must have 45 columns, or fewer coefficients')
        elif components is None:
            return None
        else:
            basis = read_hand_components(components)[side]
            sides.append(_array(path, content, key, width, frames) @ basis[:width])
    return np.concatenate(sides, axis=1).reshape(frames, 30, 3)


@reader('hand components of SMPL-X')
def read_hand_components(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read SMPL-X's hand components, (n, 45) of the left and of the right hand.

    Args:
        path: SMPLX_NEUTRAL.npz or another SMPL-X model, with hands_componentsl and
            hands_componentsr, or TalkSHOW's hand_component.json.

    Raises:
        InputError: the file is unreadable or has no hand components.
    """
    try:
        if path.suffix.lower() == '.json':
            content = json.loads(read_text(path))
            found = {side: content[side] for side in ('left', 'right')}
        else:
            with NpzFile(path) as model:
                found = {side: model[f'hands_components{side[0]}'] for side in ('left', 'right')}
        arrays = {side: np.asarray(values, np.float64) for side, values in found.items()}
    except InputError as error:
        raise InputError(f'--hand-components {error}') from error
    except Exception as error:  # a damaged zip file can raise nearly any exception
        raise InputError(
            f'--hand-components {path}: has no hand components of SMPL-X; give SMPLX_NEUTRAL.npz '
            f'or hand_component.json of TalkSHOW'
        ) from error
    for side, values in arrays.items():
        if values.ndim != 2 or values.shape[1] != 45 or not np.isfinite(values).all():
            raise InputError(
                f'--hand-components {path}: {side} has shape {values.shape}: must be (n, 45)'
            )
    return arrays
