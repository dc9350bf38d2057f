"""Names of ARKit's blendshapes, in the spellings of many programs."""

import re

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import ARKIT_WEIGHTS

_BY_PLAIN_NAME = {name.lower(): name for name in ARKIT_WEIGHTS}
# Trackers give weights a little above 1; much larger ones have another unit.
_LARGEST = 2.0
_WORDS = re.compile(r'[\s_.:/|-]+')


def arkit_name(spelling: str) -> str | None:
    """Return the name in `ARKIT_WEIGHTS` that a spelling means, or None.

    Case, spaces and underscores are ignored. A final L or R after an underscore is Left or Right:
    EyeBlinkLeft, eye_blink_left and eyeBlink_L are all eyeBlinkLeft. Words before the name are
    ignored too: blendShapes.JawOpen, ARKit_jaw_open and head|jawOpen are jawOpen.
    """
    plain = _plain_name(spelling)
    if plain is not None:
        return plain
    words = [word for word in _WORDS.split(spelling) if word]
    shorter = ('_'.join(words[begin:]) for begin in range(1, len(words)))
    return next((name for name in map(_plain_name, shorter) if name), None)


def _plain_name(spelling: str) -> str | None:
    """Return the ARKit weight that a spelling without words before the name means, or None."""
    spelling = spelling.strip()
    spelling = re.sub(r'_([LlRr])$', lambda side: {'l': 'Left', 'r': 'Right'}[side[1].lower()],
                      spelling)  # fmt: skip
    return _BY_PLAIN_NAME.get(re.sub(r'[\s_]', '', spelling).lower())


def arkit_columns(spellings: list[str], where: str) -> dict[str, int]:
    """Return the ARKit weights among the columns: name -> index of the column.

    Raises:
        InputError: no column is an ARKit weight, or two are the same one.
    """
    found: dict[str, int] = {}
    # A column with the plain name wins over one with words before it, such as raw_jawOpen.
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
    """Return a note about the ARKit weights that a file lacks, if any."""
    missing = [name for name in ARKIT_WEIGHTS if name not in columns]
    if not missing:
        return ()
    some = ', '.join(missing[:4]) + (', ..' if len(missing) > 4 else '')
    return (f'{where} lacks {len(missing)} of 51 weights ({some}): they are masked',)


def as_unit(weights: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """Return the weights clipped to 0..1; NaN stays.

    Raises:
        InputError: the weights have another unit, such as percent.
    """
    largest = np.nanmax(np.abs(weights), initial=0.0)
    if largest > _LARGEST:
        raise InputError(f'{where}: weights reach {largest:g}: must be in 0..1 (percent?)')
    return np.clip(weights, 0.0, 1.0)
