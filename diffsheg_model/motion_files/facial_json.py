"""Facial json of the BEAT dataset: named ARKit weights, frame by frame with times."""

import json
import os
from pathlib import Path

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.avatar_rig import avatar_motion
from diffsheg_model.motion.formats import ARKIT_WEIGHTS
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.arkit_names import arkit_columns, as_unit, missing_note
from diffsheg_model.motion_files.checks import check_rate, check_weights
from diffsheg_model.motion_files.clock import frame_times, true_rate
from diffsheg_model.motion_files.track import ReadOptions, Track, read_text
from diffsheg_model.untrusted.budget import check_budget
from diffsheg_model.untrusted.reading import reader


def write_facial_json(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write {"names": [51], "frames": [{"weights": [51], "time": s, "rotation": []}, ...]}.

    The file has all 51 weights of BEAT in its order; weights that the motion lacks are 0. The frame
    rate is the motion's (BEAT's files have 60 fps). `rotation` is empty, as in BEAT.

    Raises:
        InputError: no frames, no face, weights that are not finite, or a path that cannot be
            written.
    """
    if len(motion) == 0:
        raise InputError(f'cannot write {path}: the motion has no frames')
    check_rate(motion)
    check_weights(motion)
    face = avatar_motion(motion)
    places = {name: index for index, name in enumerate(face.weight_names)}
    if not places.keys() & set(ARKIT_WEIGHTS):
        raise InputError(
            f'cannot write {path}: the motion has no face: none of its '
            'weights is an ARKit blendshape'
        )
    weights = np.zeros((len(face), len(ARKIT_WEIGHTS)))
    for column, name in enumerate(ARKIT_WEIGHTS):
        if name in places:
            weights[:, column] = face.weights[:, places[name]]
    frames = [
        {'weights': row.tolist(), 'time': (face.start_frame + index) / face.fps, 'rotation': []}
        for index, row in enumerate(np.round(weights, 7) + 0.0)
    ]
    content = {'names': list(ARKIT_WEIGHTS), 'frames': frames}
    with atomic_path(path) as temporary, open(temporary, 'w', encoding='ascii') as file:
        json.dump(content, file)


@reader('a facial json of BEAT')
def read_facial_json(
    path: Path, sound_s: float | None, options: ReadOptions
) -> tuple[Track, tuple[str, ...]]:
    """Read {"names": [..], "frames": [{"weights": [..], "time": s}, ..]}; BEAT has 60 fps.

    Args:
        path: the file.
        sound_s: duration of the sound for the motion, seconds; None without sound.
        options: options.fps replaces the file's times.

    Returns:
        The weights, and notes for the user.

    Raises:
        InputError: the file cannot be read, has another layout, or another duration than the sound.
    """
    try:
        text = read_text(path)
        # Bytes that Python objects of empty brackets take; numbers take little more than digits.
        check_budget(232 * text.count('{') + 64 * text.count('['), len(text), str(path))
        content = json.loads(text)
        names = [str(name) for name in content['names']]
        frames = content['frames']
        values = np.array([frame['weights'] for frame in frames], np.float64)
        times_s = np.array([frame.get('time', np.nan) for frame in frames], np.float64)
    except InputError:
        raise
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        reason = f'no {error}' if isinstance(error, KeyError) else str(error).split('\n')[0]
        raise InputError(f'{path}: is not a facial json of BEAT ({reason})') from error
    if values.ndim != 2 or values.shape[1] != len(names):
        raise InputError(f'{path}: {len(names)} names, but weights of shape {values.shape}')
    columns = arkit_columns(names, str(path))
    steps = np.diff(times_s)
    steps = steps[np.isfinite(steps)]
    step = float(np.median(steps)) if len(steps) else np.nan
    stated, note = options.fps or (1.0 / step if step > 0 else 60.0), ''
    rate = stated
    if sound_s is not None:
        rate, note = true_rate(values, stated, sound_s, options, path.name)
    whole = np.isfinite(times_s).all() and (np.diff(times_s) > 0).all()
    if rate != stated or options.fps or not whole or abs(times_s[0]) > options.tolerance_s:
        times_s = frame_times(len(values), rate)
    weights = as_unit(values[:, list(columns.values())], str(path))
    notes = ((note,) if note else ()) + missing_note(columns, path.name)
    return Track(tuple(columns), weights, times_s), notes
