"""Reader of shards: folders of takes that `diffsheg prepare` and `diffsheg corpus` write.

    <root>/dataset.json      {"format": "beat" | {..MotionFormat..}, "takes": ["name", ..],
                              "styles": ["name of speaker 0", ..]}  (the last is optional)
    <root>/stats.npz         mean (C,), std (C,)                (optional)
    <root>/<take>/mel.npy    (F, 128) float32, power
    <root>/<take>/motion.npy (F, C) float32, radians and weights, not normalised
    <root>/<take>/speech.npy (F, S) float16 or float32          (for models with a speech encoder)
    <root>/<take>/semantic.npy (F,) float32, 0 or more          (optional)
    <root>/<take>/take.json  speaker, fps, source, licence, gesture_valid, face_valid, weight_mask,
                             joint_mask (J gesture joints; left out if it has all)
    <root>/<take>/words.json [[start s, end s, word], ..]       (optional; for people)
    <root>/<take>/audio.wav  16 kHz mono                        (for people, and for encoders)

A speaker of -1 has no style: each of its windows trains with a random one.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.checked_fields import read_dataclass
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import FORMATS
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.untrusted.array_files import NpzFile, read_npy
from diffsheg_model.untrusted.reading import reader

ANY_SPEAKER = -1
INDEX = 'dataset.json'
STATISTICS = 'stats.npz'


@dataclass(frozen=True)
class Take:
    """One recording.

    Attributes:
        path: folder of the take.
        mel: (F, bins) float32 power.
        motion: (F, C) float32, not normalised; channels that are not valid hold any values.
        speech: (F, S) float16 or float32, or None.
        semantic: (F,) float32, or None.
        speaker: index into the style one-hot, or ANY_SPEAKER.
        valid: (C,) bool, channels that were captured.
        lacking: (C,) bool, channels that were neither captured nor filled in plausibly: they are
            constant or NaN.
        source, licence: for the card of a bundle.
        notes: problems found and repaired in preparation.
    """

    path: Path
    mel: NDArray[np.float32]
    motion: NDArray[np.float32]
    speech: NDArray[np.floating] | None
    semantic: NDArray[np.float32] | None
    speaker: int
    valid: NDArray[np.bool_]
    lacking: NDArray[np.bool_]
    source: str
    licence: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShardFolder:
    """The takes under one root, and the content of its dataset.json and stats.npz."""

    path: Path
    format: MotionFormat
    takes: tuple[Take, ...]
    speaker_names: tuple[str, ...]
    mean: NDArray[np.float32] | None
    std: NDArray[np.float32] | None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except OSError as error:
        raise InputError(
            f'{path}: {error.strerror}; give a folder that `diffsheg prepare` or '
            '`diffsheg corpus` wrote'
        ) from error
    except ValueError as error:
        raise InputError(f'{path}: not JSON ({error}); prepare this folder again') from error
    if not isinstance(values, dict):
        raise InputError(f'{path}: must hold a JSON object; prepare this folder again')
    return values


def _array(
    path: Path, in_memory: bool, kinds: tuple[type[np.floating], ...] = (np.float32,)
) -> NDArray[Any]:
    try:
        array = read_npy(path, mapped=not in_memory)
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            known = error.__cause__.strerror or error.__cause__
            raise InputError(f'{path}: {known}; prepare this take again') from error
        reason = str(error).removeprefix(str(path)).lstrip(': ')
        raise InputError(f'{path}: cut or corrupt ({reason}); prepare this take again') from error
    if array.dtype not in kinds:
        names = ' or '.join(kind.__name__ for kind in kinds)
        raise InputError(f'{path}: holds {array.dtype}, not {names}; prepare this take again')
    return array


def _mask(path: Path, card: dict[str, Any], name: str, size: int) -> NDArray[np.bool_]:
    values = card.get(name, [True] * size)
    if not isinstance(values, list) or not all(isinstance(value, bool) for value in values):
        raise InputError(f'{path}: {name} must be a list of true and false')
    if len(values) != size:
        raise InputError(f'{path}: {name} holds {len(values)} values, the format has {size}')
    return np.asarray(values, bool)


def _valid_channels(path: Path, card: dict[str, Any], format_: MotionFormat) -> NDArray[np.bool_]:
    weights = _mask(path, card, 'weight_mask', len(format_.weight_names))
    joints = _mask(path, card, 'joint_mask', len(format_.joint_names))
    face = bool(card.get('face_valid', True))
    return np.concatenate(
        [
            np.repeat(joints & bool(card.get('gesture_valid', True)), 3),
            np.full(3 * len(format_.face_joint_names), face),
            weights & face,
        ]
    )


@reader('a prepared take')
def open_take(
    path: Path,
    format_: MotionFormat,
    mel_bins: int = 128,
    speech_dim: int = 0,
    in_memory: bool = False,
) -> Take:
    """Open one take; arrays are memory-mapped unless ``in_memory``.

    Raises:
        InputError: it is missing, truncated or inconsistent.
    """
    card = _read_json(path / 'take.json')
    mel = _array(path / 'mel.npy', in_memory)
    motion = _array(path / 'motion.npy', in_memory)
    speech = None
    if speech_dim:
        speech = _array(path / 'speech.npy', in_memory, (np.float16, np.float32))
    semantic_path = path / 'semantic.npy'
    semantic = _array(semantic_path, in_memory) if semantic_path.exists() else None
    frames = len(motion)
    expected: dict[str, tuple[int, ...]] = {
        'mel': (frames, mel_bins),
        'motion': (frames, format_.channels),
        'speech': (frames, speech_dim),
        'semantic': (frames,),
    }
    arrays = {'mel': mel, 'motion': motion, 'speech': speech, 'semantic': semantic}
    for name, array in arrays.items():
        if array is not None and array.shape != expected[name]:
            raise InputError(
                f'{path}/{name}.npy: shape {array.shape}, expected {expected[name]}; '
                'prepare this take again'
            )
    fps = card.get('fps', format_.fps)
    if fps != format_.fps:
        raise InputError(f'{path}/take.json: fps = {fps}, the format has {format_.fps}')
    speaker = card.get('speaker', ANY_SPEAKER)
    if not isinstance(speaker, int) or isinstance(speaker, bool) or speaker < ANY_SPEAKER:
        raise InputError(f'{path}/take.json: speaker = {speaker!r}: must be -1, 0, 1, ..')
    valid = _valid_channels(path / 'take.json', card, format_)
    lacking = ~valid
    if lacking.any():
        # NaN differs from itself, so a channel with NaN does not count as moving.
        lacking &= ~(np.ptp(motion, axis=0) > 0)
    return Take(
        path,
        mel,
        motion,
        speech,
        semantic,
        speaker,
        valid,
        lacking,
        str(card.get('source', '')),
        str(card.get('licence', '')),
        tuple(str(note) for note in card.get('notes', ())),
    )


def _read_format(path: Path, value: object) -> MotionFormat:
    if isinstance(value, str):
        if value not in FORMATS:
            raise InputError(f'{path}: format {value!r}: must be one of {", ".join(FORMATS)}')
        return FORMATS[value]
    return read_dataclass(MotionFormat, value, str(path))


def _read_stats(
    path: Path, channels: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | tuple[None, None]:
    if not path.exists():
        return None, None
    try:
        with NpzFile(path) as stats:
            mean, std = stats['mean'].astype(np.float32), stats['std'].astype(np.float32)
    except (OSError, ValueError) as error:
        reason = ' '.join(str(error).split())
        raise InputError(f'{path}: unusable statistics ({reason}); delete it') from error
    for name, values in (('mean', mean), ('std', std)):
        if values.shape != (channels,) or not np.isfinite(values).all():
            raise InputError(
                f'{path}: {name} must be {channels} finite numbers, not shape {values.shape}; '
                'delete the file to have it computed'
            )
    return mean, std


@reader('a folder of prepared takes')
def open_shards(
    root: Path, mel_bins: int = 128, speech_dim: int = 0, in_memory: bool = False
) -> ShardFolder:
    """Open a folder of takes; arrays are memory-mapped unless ``in_memory``.

    Raises:
        InputError: the folder or a take in it is missing, truncated or inconsistent.
    """
    card = _read_json(root / INDEX)
    format_ = _read_format(root / INDEX, card.get('format'))
    names = card.get('takes')
    if not isinstance(names, list) or not names:
        raise InputError(f'{root / INDEX}: lists no takes; prepare this folder again')
    takes = tuple(
        open_take(root / str(name), format_, mel_bins, speech_dim, in_memory) for name in names
    )
    mean, std = _read_stats(root / STATISTICS, format_.channels)
    speakers = tuple(str(name) for name in card.get('styles', ()))
    return ShardFolder(root, format_, takes, speakers, mean, std)
