"""Lag behind the sound, and frames planned ahead of it, for speech that is being spoken."""

from dataclasses import dataclass

from diffsheg_model.config import FoppasConfig
from diffsheg_model.errors import InputError


def most_new_frames(window_frames: int, overlap: int) -> int:
    """Return the number of frames of a live window that may be new or provisional.

    Those before them, at least an overlap's length, are known motion to go on from.
    """
    return window_frames - max(1, overlap)


@dataclass(frozen=True)
class LiveOptions:
    """Short hops instead of whole windows, for speech that is heard while it is spoken.

    A window still has all the frames that the network was trained on. Its last `provisional`
    frames are planned anew by the next window. The `hop` frames before them are new and final. All
    others are known from the windows before it. So a frame is final when its own sound has been
    heard and that of `provisional - lookahead` frames after it, and of up to `hop - 1` more.

    Attributes:
        hop: new frames of a window; the fewer, the sooner and the more work.
        lookahead: frames at a window's end that are planned before their sound is heard; see
            `diffsheg_model.features.extrapolation`.
        provisional: frames at a window's end that are there in case the next one comes late.
    """

    hop: int = 2
    lookahead: int = 6
    provisional: int = 6

    def __post_init__(self) -> None:
        for name, low in (('hop', 1), ('lookahead', 0), ('provisional', 0)):
            if getattr(self, name) < low:
                raise InputError(f'{name} = {getattr(self, name)}: must be {low} or more')
        if self.lookahead > self.provisional:
            raise InputError(
                f'lookahead = {self.lookahead}: must be at most provisional = {self.provisional}, '
                'so that no frame is final before its sound was heard'
            )

    @property
    def lag_frames(self) -> int:
        """Frames from the beginning of a new frame's sound to the moment of planning it."""
        return self.hop + self.provisional - self.lookahead

    def check(self, window_frames: int, foppas: FoppasConfig) -> None:
        """Raise InputError where a window has no room for it."""
        longest = most_new_frames(window_frames, foppas.overlap)
        if self.hop + self.provisional > longest:
            raise InputError(
                f'hop + provisional = {self.hop} + {self.provisional}: must be at most {longest} '
                f'in windows of {window_frames} frames with overlap {foppas.overlap}; lower one'
            )
