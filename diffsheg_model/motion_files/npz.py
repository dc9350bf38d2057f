"""motion.npz: a motion without loss of precision."""

import os

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion import MOST_NAMES, Motion
from diffsheg_model.motion_files.checks import check_rate
from diffsheg_model.untrusted.array_files import NpzFile
from diffsheg_model.untrusted.reading import reader

_FIELDS = ('fps', 'joint_names', 'rotations', 'weight_names', 'weights', 'start_frame')


def write_npz(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write the fields of `Motion` under their names, compressed and without pickles.

    rotations (F, J, 3) float32 axis-angle in radians, weights (F, W) float32, joint_names and
    weight_names as text, fps and start_frame as numbers. Equal motions give equal files.

    Raises:
        InputError: the frame rate is out of range, or the path cannot be written.
    """
    check_rate(motion)
    with atomic_path(path) as temporary, open(temporary, 'wb') as file:
        np.savez_compressed(
            file,
            fps=np.float64(motion.fps),
            joint_names=np.array(motion.joint_names, dtype=np.str_),
            rotations=np.asarray(motion.rotations, dtype=np.float32),
            weight_names=np.array(motion.weight_names, dtype=np.str_),
            weights=np.asarray(motion.weights, dtype=np.float32),
            start_frame=np.int64(motion.start_frame),
        )


@reader('a motion.npz')
def read_npz(path: str | os.PathLike[str]) -> Motion:
    """Read a file of `write_npz`.

    Raises:
        InputError: the file does not exist, is not an npz file or is cut, or a field is missing
            or has another type.
    """
    with NpzFile(path) as archive:
        missing = [name for name in _FIELDS if name not in archive.names]
        if missing:
            raise InputError(
                f'{path} is not a motion file: it has no {", ".join(missing)}; '
                f'give a motion.npz as diffsheg writes it'
            )
        fields = {name: archive[name] for name in _FIELDS}
    for name in ('joint_names', 'weight_names'):
        if fields[name].ndim != 1 or fields[name].size > MOST_NAMES:
            raise InputError(
                f'{path} is not a motion file: {name} has shape {fields[name].shape}, not '
                f'(names,) with at most {MOST_NAMES}'
            )
    try:
        return Motion(
            fps=float(fields['fps']),
            joint_names=tuple(str(name) for name in fields['joint_names']),
            rotations=fields['rotations'].astype(np.float32),
            weight_names=tuple(str(name) for name in fields['weight_names']),
            weights=fields['weights'].astype(np.float32),
            start_frame=int(fields['start_frame']),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f'{path} is not a motion file: {error}') from error
