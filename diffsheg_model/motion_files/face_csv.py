"""face.csv: the weights, one row a frame, for spreadsheets and animation tools.

For a BEAT motion it is the ARKit csv: a column of time and one for every blendshape, by Apple's
names, which `diffsheg prepare` and tools that go by column names read. The table of Live Link Face
is `livelink_csv`.
"""

import os

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.checks import check_rate, check_weights


def write_face_csv(path: str | os.PathLike[str], motion: Motion) -> None:
    """Writes time and weights with six decimals under a header line.

    The first column, `time_s`, counts from the start of the utterance; the others carry the
    motion's weight names (ARKit's for BEAT, FLAME coefficients for SHOW).

    Raises:
        InputError: no weights, weights that are not finite, or a path that cannot be written.
    """
    if not motion.weight_names:
        raise InputError(f'cannot write {path}: the motion has no face')
    check_rate(motion)
    check_weights(motion)
    times_s = (motion.start_frame + np.arange(len(motion))) / motion.fps
    rows = np.column_stack([times_s, motion.weights.astype(np.float64)])
    with atomic_path(path) as temporary, open(temporary, 'w', encoding='utf-8') as file:
        file.write(','.join(('time_s', *motion.weight_names)) + '\n')
        np.savetxt(file, np.round(rows, 6) + 0.0, fmt='%.6f', delimiter=',')
