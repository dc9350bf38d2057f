"""ARKit's blendshapes by whatever spelling a file uses."""

import re

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import ARKIT_WEIGHTS

_BY_PLAIN_NAME = {name.lower(): name for name in ARKIT_WEIGHTS}
# Weights are shares of a shape; a little beyond 1 is a tracker's, far beyond it another unit.
_LARGEST = 2.0
_WORDS = re.compile(r'[\s_.:/|-]+')


def arkit_name(spelling: str) -> str | None:
    """The name of an ARKit weight among ours, or None.

    Case, spaces and underscores do not count, and a final L or R after an underscore is Left or
    Right: EyeBlinkLeft, eye_blink_left and eyeBlink_L are all eyeBlinkLeft. Words before the name
    do not count either: blendShapes.JawOpen, ARKit_jaw_open and head|jawOpen are jawOpen.
    """
    plain = _plain_name(spelling)
    if plain is not None:
        return plain
    words = [word for word in _WORDS.split(spelling) if word]
    shorter = ('_'.join(words[begin:]) for begin in range(1, len(words)))
    return next((name for name in map(_plain_name, shorter) if name), None)


def _plain_name(spelling: str) -> str | None:
    """The name of an ARKit weight without any word before it, or None."""
    spelling = spelling.strip()
    spelling = re.sub(r'_([LlRr])$', lambda side: {'l': 'Left', 'r': 'Right'}[side[1].lower()],
                      spelling)  # fmt: skip
    return _BY_PLAIN_NAME.get(re.sub(r'[\s_]', '', spelling).lower())


def arkit_columns(spellings: list[str], where: str) -> dict[str, int]:
    """ARKit weight -> column, of the columns that are one.

    Raises:
        InputError: none is, or two are the same.
    """
    found: dict[str, int] = {}
    # A column of the plain name is meant before one with words before it, such as raw_jawOpen.
    plain = {_plain_name(spelling) for spelling in spellings} - {None}
    for column, spelling in enumerate(spellings):
        name = _plain_name(spelling) or arkit_name(spelling)
        if name in plain and _plain_name(spelling) is None:
            continue
        if name in found:
            raise InputError(f'{where}: has two columns of {name}')
        if name:
            found[name] = column
    if not found:
        raise InputError(f'{where}: none of its {len(spellings)} columns is an ARKit blendshape')
    return found


def missing_note(columns: dict[str, int], where: str) -> tuple[str, ...]:
    """A note of the ARKit weights that a file lacks, if any."""
    missing = [name for name in ARKIT_WEIGHTS if name not in columns]
    if not missing:
        return ()
    some = ', '.join(missing[:4]) + (', ..' if len(missing) > 4 else '')
    return (f'{where} lacks {len(missing)} of 51 weights ({some}): they are masked',)


def as_unit(weights: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """The weights clipped to 0..1.

    Raises:
        InputError: they are no shares at all.
    """
    largest = np.nanmax(np.abs(weights), initial=0.0)
    if largest > _LARGEST:
        raise InputError(f'{where}: weights reach {largest:g}: must be in 0..1 (percent?)')
    return np.clip(weights, 0.0, 1.0)  # NaN stays
