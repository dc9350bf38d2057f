"""FACEGOOD-Audio2Face's captured lips as ARKit weights.

FACEGOOD-Audio2Face (https://github.com/FACEGOOD/FACEGOOD-Audio2Face, MIT) has Mandarin speech with
weights of its own 116-shape rig at 30 fps, solved from a camera. Some 25 columns move, all of them
at the mouth. They map to ARKit weights as follows:

    jawOpen         mouth_stretch_c          the jaw drop of FACEGOOD's rig; follows the speech
                                             energy with r = 0.75; both are 1 at a yawn
    mouthFunnel     mouth_funnel_*, mouth_oh_c   four quarters of ARKit's one funnel, and 'oh', the
                                             rig's open rounding, for which ARKit has no shape.
                                             Half of each: in speech the quarters hardly exceed
                                             0.5
    mouthPucker     mouth_pucker_*, mouth_oo_c   likewise; 'oo' is the closed rounding. So funnel +
                                             pucker is half the sum of all rounding columns,
                                             whichever of them the solver chose
    mouthPressX     mouth_press_x            lips pressed together
    mouthRollLower  mean mouth_suck_d*       lips sucked in, lower
    mouthRollUpper  mean mouth_suck_u*       lips sucked in, upper
    mouthUpperUpX   mouth_upperLipRaise_x
    mouthLowerDownX mouth_lowerLipDepress_x
    mouthSmileX     mouth_lipCornerPull_x
    mouthStretchX   mouth_lipStretch_x
    mouthShrugUpper mouth_chinRaise_u        the upper half of the mentalis' chin raise

The columns are weights of 0..1 already, with the same meaning in every take. tooth_* is left out
because ARKit's teeth follow the jaw, and nose_wrinkle_* because it is noise below 0.03. mouthClose
was not captured: ARKit closes the lips of an open jaw with it, this rig with press and suck.
"""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.data.recordings.recording import Recording, TakeFiles, read_samples
from diffsheg_model.data.shard_writer import SAMPLE_RATE
from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.clock import frame_times, true_rate
from diffsheg_model.motion_files.track import ReadOptions, Track
from diffsheg_model.untrusted.array_files import read_npy
from diffsheg_model.untrusted.reading import reader

CAPTURE_FPS = 30.0
COLUMNS = 116
NAMES = 'blendshape_names.npy'
LICENCE = 'FACEGOOD-Audio2Face, MIT'

_EVEN = 0.5

MAPPING: dict[str, dict[str, float]] = {
    'jawOpen': {'mouth_stretch_c': 1.0},
    'mouthFunnel': {
        'mouth_funnel_dl': _EVEN,
        'mouth_funnel_dr': _EVEN,
        'mouth_funnel_ul': _EVEN,
        'mouth_funnel_ur': _EVEN,
        'mouth_oh_c': _EVEN,
    },
    'mouthPucker': {'mouth_pucker_l': _EVEN, 'mouth_pucker_r': _EVEN, 'mouth_oo_c': _EVEN},
    'mouthPressLeft': {'mouth_press_l': 1.0},
    'mouthPressRight': {'mouth_press_r': 1.0},
    'mouthRollLower': {'mouth_suck_dl': _EVEN, 'mouth_suck_dr': _EVEN},
    'mouthRollUpper': {'mouth_suck_ul': _EVEN, 'mouth_suck_ur': _EVEN},
    'mouthUpperUpLeft': {'mouth_upperLipRaise_l': 1.0},
    'mouthUpperUpRight': {'mouth_upperLipRaise_r': 1.0},
    'mouthLowerDownLeft': {'mouth_lowerLipDepress_l': 1.0},
    'mouthLowerDownRight': {'mouth_lowerLipDepress_r': 1.0},
    'mouthSmileLeft': {'mouth_lipCornerPull_l': 1.0},
    'mouthSmileRight': {'mouth_lipCornerPull_r': 1.0},
    'mouthStretchLeft': {'mouth_lipStretch_l': 1.0},
    'mouthStretchRight': {'mouth_lipStretch_r': 1.0},
    'mouthShrugUpper': {'mouth_chinRaise_u': 1.0},
}
"""Columns and factors of each ARKit weight; their weighted sum is clipped to 1."""


def find(folder: Path) -> list[TakeFiles]:
    """Find the takes of a folder: NAME.wav and NAME.npy beside blendshape_names.npy, in order.

    Raises:
        InputError: not a FACEGOOD folder.
    """
    if not (folder / NAMES).is_file():
        raise InputError(
            f'{folder} has no {NAMES}: give the folder of FACEGOOD takes '
            f'(NAME.wav and NAME.npy pairs, and {NAMES})'
        )
    takes = []
    paths = [*folder.glob('*.wav'), *folder.glob('*.npy')]
    for stem in sorted({path.stem for path in paths if path.name != NAMES}):
        files = {kind: folder / f'{stem}.{kind}' for kind in ('wav', 'npy')}
        missing = [path.name for path in files.values() if not path.is_file()]
        problem = f'no {missing[0]} beside its other half' if missing else ''
        takes.append(TakeFiles(stem, {**files, 'names': folder / NAMES}, problem))
    return takes


@reader('a take of FACEGOOD')
def read(take: TakeFiles, options: ReadOptions) -> Recording:
    """Read a take and map its columns to ARKit weights, low-passed for 15 fps.

    Raises:
        InputError: a file is missing, of another shape or not finite, or its rate does not
            fit the audio.
    """
    captured, columns = _load(take)
    samples, heard = read_samples(take.files['wav'])
    stated = options.fps or CAPTURE_FPS
    what = f'weights in {take.files["npy"].name}'
    fps, note = true_rate(captured, stated, len(samples) / SAMPLE_RATE, options, what)
    curves = [
        sum(share * captured[:, columns.index(column)] for column, share in shares.items())
        for shares in MAPPING.values()
    ]
    weights = [np.clip(_low_passed(np.asarray(curve)), 0.0, 1.0) for curve in curves]
    return Recording(
        name=take.name,
        samples=samples,
        joints=Track(),
        weights=Track(
            tuple(MAPPING),
            np.stack(weights, axis=1).astype(np.float32),
            frame_times(len(captured), fps),
        ),
        semantic=None,
        speaker=0,
        source=f'FACEGOOD {take.name}',
        licence=LICENCE,
        notes=(
            *heard,
            'lips only: the body and the rest of the face are masked',
            *([note] if note else []),
        ),
    )


def _load(take: TakeFiles) -> tuple[NDArray[np.floating], list[str]]:
    """Load the captured weights (F, 116) and the names of their columns."""
    path = take.files['npy']
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', UserWarning)  # the files were written by Python 2
        columns = [str(column) for column in read_npy(take.files['names']).ravel()]
        captured = read_npy(path)
    if captured.ndim != 2 or captured.shape[1] != len(columns) or len(columns) != COLUMNS:
        raise InputError(f'{path} has shape {captured.shape}: must be (frames, {COLUMNS})')
    used = {column for shares in MAPPING.values() for column in shares}
    missing = sorted(used - set(columns))
    if missing:
        raise InputError(f'{take.files["names"]} lacks {", ".join(missing)}')
    return captured, columns


def _low_passed(curve: NDArray[np.floating]) -> NDArray[np.float64]:
    """Filter a curve (F,) with 1/4, 1/2, 1/4, so that every second frame may be dropped."""
    padded = np.pad(curve, 1, mode='edge')
    return np.asarray(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:])
