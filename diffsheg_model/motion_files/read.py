"""Motion files of any format, read by their suffix."""

import dataclasses
import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import ARKIT_WEIGHTS
from diffsheg_model.motion.motion import MOST_NAMES, Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, SHOW_SKELETON
from diffsheg_model.motion.skeleton import Skeleton
from diffsheg_model.motion_files.arkit_csv import read_arkit_csv
from diffsheg_model.motion_files.bvh import read_bvh
from diffsheg_model.motion_files.checks import check_rotations, check_times, check_weights
from diffsheg_model.motion_files.clock import nearest_rate
from diffsheg_model.motion_files.facial_json import read_facial_json
from diffsheg_model.motion_files.npz import read_npz
from diffsheg_model.motion_files.track import ReadOptions, Track
from diffsheg_model.untrusted.reading import reader

logger = logging.getLogger(__name__)

#: Seconds; more than eleven days.
_LATEST_S = 1e6
#: Frames a second; no capture of a face is faster.
_LARGEST_RATE = 10_000.0
#: Frames, and frames for each row of the file. A face with more of both has times that jump.
_MANY_FRAMES = 60_000
_MANY_A_ROW = 20


def read_motion(path: str | os.PathLike[str], fps: float | None = None) -> Motion:
    """Read the motion of a file. The suffix selects the format.

    .npz and .mcap hold body and face, .bvh only the body, .csv and .json only the face. The motion
    has no joints or weights that the file lacks.

    Args:
        path: the file; for .mcap also the folder of a bag.
        fps: frames a second, instead of the rate in the file, which is wrong in some BVH files. An
            .mcap keeps its time stamps and is interpolated to this rate.

    Raises:
        InputError: the file does not exist, is damaged, or its suffix or layout is unknown. Or its
            motion has no frames, duplicate names, unusable times, or values that are not finite.
    """
    return read_motion_and_sound(path, fps)[0]


def read_motion_and_sound(
    path: str | os.PathLike[str], fps: float | None = None
) -> tuple[Motion, np.ndarray, int]:
    """Read the motion of a file, its sound (n,) float32 and the sample rate in Hz.

    Only .mcap files hold sound; other files give (0,) at 16 kHz. Arguments and errors are those of
    `read_motion`.
    """
    if fps is not None and not 1 <= fps <= 1000:
        raise InputError(f'{fps:g} frames a second of a motion file: must be from 1 to 1000')
    return _read_checked(Path(path), fps)


@reader('a motion file')
def _read_checked(path: Path, fps: float | None) -> tuple[Motion, np.ndarray, int]:
    read = _READERS.get(path.suffix.lower())
    if path.is_dir():
        if next(path.glob('*.mcap'), None) is None:
            raise InputError(f'{path}: is a folder; give a motion file ({_known()})')
        read = _read_mcap
    if read is None:
        raise InputError(f'{path}: motion files end in {_known()}')
    if not path.exists():
        raise InputError(f'{path}: no such file')
    motion, audio, rate = read(path, fps)
    if fps is not None:
        motion = dataclasses.replace(motion, fps=fps)
    if len(motion) == 0:
        raise InputError(f'{path}: its motion has no frames')
    _check_names(motion)
    check_times(motion)
    check_rotations(motion)
    check_weights(motion)
    return motion, audio, rate


def skeleton_for(path: Path, joint_names: Sequence[str], bundle: Path | None = None) -> Skeleton:
    """Return the rest skeleton for the joints of a file.

    This is the skeleton of the given bundle. Without a bundle it is SMPL-X's for joints of SHOW,
    and otherwise the skeleton of the bundled model.

    Raises:
        InputError: the skeleton lacks a joint, or the bundle is unusable.
    """
    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle

    given = None if bundle is None else load_bundle(bundle).skeleton
    try:
        if given is not None:
            given.indices(joint_names)
            return given
        if _skeleton_of(joint_names) is SHOW_SKELETON:
            return SHOW_SKELETON
    except InputError as error:
        raise InputError(f'{path}: {error}') from error
    return load_bundle(DEFAULT_BUNDLE).skeleton


def _skeleton_of(joint_names: Sequence[str]) -> Skeleton:
    """Return the skeleton, BEAT's or SMPL-X's, that has the joints; BEAT's for no joints."""
    of_beat = sum(name in BEAT_SKELETON.names for name in joint_names)
    of_show = sum(name in SHOW_SKELETON.names for name in joint_names)
    skeleton = SHOW_SKELETON if of_show > of_beat else BEAT_SKELETON
    skeleton.indices(joint_names)
    return skeleton


def _check_names(motion: Motion) -> None:
    if not motion.joint_names and not motion.weight_names:
        raise InputError('its motion has neither a body nor a face')
    for names in (motion.joint_names, motion.weight_names):
        if len(names) > MOST_NAMES:
            raise InputError(f'its motion has {len(names)} names: must be at most {MOST_NAMES}')
        name, count = next(iter(Counter(names).most_common(1)), ('', 0))
        if count > 1:
            raise InputError(f'its motion has {name} twice')


_Read = tuple[Motion, np.ndarray, int]


def _without_sound(motion: Motion) -> _Read:
    return motion, np.zeros(0, np.float32), 16000


def _read_npz(path: Path, fps: float | None) -> _Read:
    return _without_sound(read_npz(path))


def _read_mcap(path: Path, fps: float | None) -> _Read:
    from diffsheg_model.motion_files.mcap.motion import read_mcap

    return read_mcap(path, fps=fps)


def _read_bvh(path: Path, fps: float | None) -> _Read:
    bvh = read_bvh(path)
    names = tuple(bvh.joints)
    try:
        _skeleton_of(names)
    except InputError as error:
        raise InputError(f'{path}: {error}') from error
    if fps is None and bvh.stated_frames != len(bvh.values):
        logger.warning(
            '%s states %d frames, but has %d: cut short, or resampled with a rate that '
            'its header does not give (--fps)',
            path.name,
            bvh.stated_frames,
            len(bvh.values),
        )
    rotations = bvh.rotations(names).astype(np.float32)
    nothing = np.zeros((len(rotations), 0), np.float32)
    return _without_sound(Motion(bvh.fps, names, rotations, (), nothing))


def _read_csv(path: Path, fps: float | None) -> _Read:
    track, notes = read_arkit_csv(path, None, ReadOptions(fps=fps))
    return _without_sound(_face(path, track, fps, notes))


def _read_json(path: Path, fps: float | None) -> _Read:
    track, notes = read_facial_json(path, None, ReadOptions(fps=fps))
    return _without_sound(_face(path, track, fps, notes))


def _face(path: Path, track: Track, fps: float | None, notes: tuple[str, ...]) -> Motion:
    """Return a track of weights as frames at even times, in the order of BEAT's weights."""
    for note in notes:
        logger.warning('%s', note)
    if fps is None:
        fps = track.fps or _rate(track)
    if not abs(track.times_s[0]) <= _LATEST_S:
        raise InputError(
            f'{path}: begins {track.times_s[0]:g} s after its sound: cut the file there'
        )
    start_frame = round(track.times_s[0] * fps)
    count = max(1, round((track.times_s[-1] - track.times_s[0]) * fps) + 1)
    if count > max(_MANY_FRAMES, _MANY_A_ROW * len(track.times_s)):
        raise InputError(
            f'{path}: the times of its {len(track.times_s)} frames jump, they last '
            f'{track.times_s[-1] - track.times_s[0]:.0f} s: cut the file there, or '
            f'give its rate with --fps'
        )
    times_s = (start_frame + np.arange(count)) / fps
    names = tuple(name for name in ARKIT_WEIGHTS if name in track.names)
    columns = [track.values[:, track.names.index(name)] for name in names]
    weights = np.stack([np.interp(times_s, track.times_s, column) for column in columns], axis=1)
    nothing = np.zeros((count, 0, 3), np.float32)
    return Motion(fps, (), nothing, names, weights.astype(np.float32), start_frame)


def _rate(track: Track) -> float:
    """Return the frames a second from the median step between rows; 60 for one row."""
    if len(track.times_s) < 2:
        return 60.0
    step_s = float(np.median(np.diff(track.times_s)))
    if not 1 / _LARGEST_RATE <= step_s < np.inf:
        raise InputError(f'its frames are {step_s:g} s apart: give its rate with --fps')
    return nearest_rate(1.0 / step_s)


_READERS: dict[str, Callable[[Path, float | None], _Read]] = {
    '.npz': _read_npz,
    '.mcap': _read_mcap,
    '.bvh': _read_bvh,
    '.csv': _read_csv,
    '.json': _read_json,
}


def _known() -> str:
    return ', '.join(_READERS)
