"""Facial json as in the BEAT dataset: what its Blender scene and its loaders read."""

import json
import os

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.avatar_rig import avatar_motion
from diffsheg_model.motion.formats import ARKIT_WEIGHTS
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.checks import check_rate, check_weights


def write_facial_json(path: str | os.PathLike[str], motion: Motion) -> None:
    """Writes {"names": [51], "frames": [{"weights": [51], "time": s, "rotation": []}, ...]}.

    All 51 weights of BEAT in its order, those that the motion lacks as 0; its own frame rate
    (BEAT's files have 60 fps), frame k at k / fps seconds. `rotation` is empty, as in BEAT.

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
