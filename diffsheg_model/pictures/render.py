"""Rendering of motions into video files and strips of stills."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.pictures.page_renderer import CAMERAS, draw
from diffsheg_model.pictures.video import SUFFIXES, VideoWriter, write_strip
from diffsheg_model.viewer.clip import Clip

STRIP_SUFFIX = '.png'
#: Pixels, largest size that a browser renders on every computer.
_LARGEST = 4096


@dataclass(frozen=True)
class RenderOptions:
    """Options of a render.

    Attributes:
        width, height: size of a picture, pixels.
        fps: frames a second of a video.
        camera: one of `CAMERAS`.
        start_s: start, seconds.
        seconds: duration, seconds; None for the rest of the motion.
        stills: number of stills in a strip.
    """

    width: int = 1280
    height: int = 720
    fps: float = 30.0
    camera: str = 'half'
    start_s: float = 0.0
    seconds: float | None = None
    stills: int = 6

    def __post_init__(self) -> None:
        if not (64 <= self.width <= _LARGEST and 64 <= self.height <= _LARGEST):
            raise InputError(
                f'size {self.width}x{self.height}: both must be from 64 to {_LARGEST} pixels'
            )
        if not 1 <= self.fps <= 240:
            raise InputError(f'fps {self.fps:g}: must be from 1 to 240')
        if self.camera not in CAMERAS:
            raise InputError(f'camera {self.camera}: must be one of {", ".join(CAMERAS)}')
        if not self.start_s >= 0:
            raise InputError(f'start {self.start_s:g}: must be 0 or more seconds')
        if self.seconds is not None and not self.seconds > 0:
            raise InputError(f'seconds {self.seconds:g}: must be above 0')
        if not 1 <= self.stills <= 100:
            raise InputError(f'stills {self.stills}: must be from 1 to 100')

    @classmethod
    def from_text(
        cls, size: str, fps: float, camera: str, start_s: float, seconds: float | None, stills: int
    ) -> 'RenderOptions':
        """Create options with the size as text, such as '1280x720'."""
        match = re.fullmatch(r'(\d{1,6})x(\d{1,6})', size)
        if match is None:
            raise InputError(f'size {size}: must be width x height, such as 1280x720')
        width, height = (int(number) for number in match.groups())
        return cls(width, height, fps, camera, start_s, seconds, stills)

    def times_s(self, path: Path, end_s: float) -> np.ndarray:
        """Return the times in a file of a motion that ends at `end_s`, seconds.

        Raises:
            InputError: the motion ends before `start_s`.
        """
        length_s = end_s - self.start_s
        if length_s <= 0:
            raise InputError(f'start {self.start_s:g}: the motion is over after {end_s:.1f} s')
        if self.seconds is not None:
            length_s = min(length_s, self.seconds)
        if path.suffix.lower() == STRIP_SUFFIX:
            # The middles of equal intervals: the first still is from speech.
            return self.start_s + (np.arange(self.stills) + 0.5) * length_s / self.stills
        # A motion that ends a rounding error after a frame does not have that frame.
        count = max(1, int(np.ceil(length_s * self.fps - 1e-6)))
        return self.start_s + np.arange(count) / self.fps


def moments(
    path: Path, clips: Sequence[Clip], sound: np.ndarray, rate: int, options: RenderOptions
) -> np.ndarray:
    """Return the times in a file of motions and their audio, seconds."""
    return options.times_s(path, max(len(sound) / rate, *(clip.end_s for clip in clips)))


def render_motion(
    path: Path,
    clips: Sequence[Clip],
    sound: np.ndarray,
    rate: int,
    options: RenderOptions,
    *,
    browser: str | None = None,
    on_frames: Callable[[int], None] = lambda frames: None,
) -> None:
    """Render one motion, or two side by side, into a file.

    Args:
        path: .mp4, .webp or .png, written atomically.
        clips: the motions.
        sound: (n,) mono; may be empty.
        rate: sample rate, Hz.
        options: size, camera, rate and time range.
        browser: as for `browser.find_browser`.
        on_frames: called with the number of rendered pictures.

    Raises:
        InputError: an unknown suffix, or something needed to render or write is missing.
    """
    suffixes = (*SUFFIXES, STRIP_SUFFIX)
    if path.suffix.lower() not in suffixes:
        raise InputError(f'cannot write {path}: its name must end in {", ".join(suffixes)}')
    if path.is_dir():
        raise InputError(f'cannot write {path}: it is a folder')
    times_s = moments(path, clips, sound, rate, options)
    drawn = draw(
        clips, times_s, options.width, options.height, camera=options.camera, browser=browser
    )
    if path.suffix.lower() == STRIP_SUFFIX:
        stills = []
        for still in drawn:
            stills.append(still)
            on_frames(len(stills))
        write_strip(path, stills)
        return
    heard = sound[round(options.start_s * rate) :] if len(sound) else None
    with VideoWriter(path, options.width, options.height, options.fps, heard, rate) as video:
        for frame in drawn:
            video.write(frame)
            on_frames(video.frames)
