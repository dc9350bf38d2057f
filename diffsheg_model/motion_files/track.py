"""Tracks: numbers over time in the form of a file, before conversion to a motion format."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.encodings import decode
from diffsheg_model.untrusted.reading import reader


@dataclass(frozen=True)
class ReadOptions:
    """Options of the readers of motion files.

    Attributes:
        fps: frame rate of the motion files, instead of the rate in them, or None.
        tolerance_s: largest difference between the durations of sound and motion, seconds.
        hand_components: file of SMPL-X's hand components, or None.
    """

    fps: float | None = None
    tolerance_s: float = 0.5
    hand_components: Path | None = None

    def __post_init__(self) -> None:
        if self.fps is not None and not 1 <= self.fps <= 1000:
            raise InputError(f'--fps {self.fps}: must be from 1 to 1000')
        if not 0 < self.tolerance_s <= 60:
            raise InputError(f'--tolerance {self.tolerance_s}: must be above 0, at most 60 s')


@dataclass(frozen=True)
class Track:
    """Named numbers over time.

    Attributes:
        names: N names of joints or weights; empty for a missing track.
        values: (F, N, 3) axis-angle, radians, or (F, N) weights.
        times_s: (F,) rising, in seconds of the recording's sound.
        fps: usual rate of the frames; None if only the times give it.
    """

    names: tuple[str, ...] = ()
    values: NDArray[np.floating] = field(default_factory=lambda: np.zeros((0, 0)))
    times_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    fps: float | None = None

    def __bool__(self) -> bool:
        return bool(self.names)

    @property
    def end_s(self) -> float:
        """End of the last frame, seconds."""
        if self.fps is not None:
            return float(self.times_s[-1] + 1 / self.fps)
        step = np.median(np.diff(self.times_s)) if len(self.times_s) > 1 else 0.0
        return float(self.times_s[-1] + step)


@reader('text')
def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, UTF-16, UTF-32 or Windows-1252.

    Raises:
        InputError: the file cannot be read, or is not text.
    """
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise InputError(f'{path}: {error.strerror}; check the file') from error
    if text is None:
        raise InputError(f'{path}: is not text; get the original file')
    return text
