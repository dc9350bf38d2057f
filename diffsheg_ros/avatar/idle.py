"""Idle motion: the motion of silence, generated a little ahead while nobody speaks."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.session.session import MotionWindow, Session
from diffsheg_model.time_units import NS

#: Nanoseconds that idle motion is planned ahead, at least; a window adds about as much again.
AHEAD_NS = 2 * NS
#: Nanoseconds. Idle motion that ended longer ago than this is not continued.
_LATE_NS = NS // 2
_RATE = 16000
#: Seconds without idle motion after a failure of it.
_RETRY_S = 5.0


@dataclass(frozen=True)
class IdleHooks:
    """Connections of idle motion with the timeline.

    Attributes:
        from_ns: returns the time from which on nothing is planned for the body.
        on_window: ``on_window(start_ns, window)``, start_ns being the time of frame 0.
    """

    from_ns: Callable[[], int]
    on_window: Callable[[int, MotionWindow], None]


class IdleMotion:
    """Generates the motion of one long silence, window by window, and begins anew after speech.

    Belongs to the thread that owns the engine.
    """

    def __init__(
        self,
        hooks: IdleHooks,
        new_session: Callable[[int, int], Session],
        format_: MotionFormat,
        seconds: Callable[[], float],
    ) -> None:
        """Generate nothing yet.

        Args:
            hooks: where the motion begins and goes.
            new_session: gives a session for a sample rate and an ordinal.
            format_: of the motion.
            seconds: a clock that only goes forward.
        """
        self._hooks = hooks
        self._new_session = new_session
        self._fps = format_.fps
        self._window_ns = round(format_.window_frames * NS / format_.fps)
        self._session: Session | None = None
        self._start_ns = self._end_ns = 0
        self._ordinal = 0
        self._style: object = None
        self._seconds = seconds
        self._retry_s = -math.inf  # earliest time of the next window

    def is_due(self) -> bool:
        """Return True if another window is needed now."""
        if self._seconds() < self._retry_s:
            return False
        from_ns = self._hooks.from_ns()
        return not self._goes_on(from_ns) or self._end_ns < from_ns + AHEAD_NS

    def step(self, cancelled: Callable[[], bool], style: object) -> None:
        """Generate the next window and hand it on.

        Args:
            cancelled: as in `Session.step`.
            style: the options that `new_session` uses now; others than before begin a new motion.

        Raises:
            Cancelled, GenerationError: as `Session.step`; the window can be tried again.
        """
        if style is not self._style:
            self._style, self._session = style, None
        from_ns = self._hooks.from_ns()
        if self._session is None or not self._goes_on(from_ns):
            self._session = self._new_session(_RATE, self._ordinal)
            self._ordinal += 1
            self._start_ns = self._end_ns = from_ns
        while (window := self._session.step(cancelled, patient=True)) is None:
            self._session.push(np.zeros(_RATE // 4, np.float32))
        frames = window.start_frame + window.final_frames
        self._end_ns = self._start_ns + round(frames * NS / self._fps)
        self._hooks.on_window(self._start_ns, window)

    def put_off(self) -> None:
        """Begin anew after a while, since a window has failed."""
        self._session = None
        self._retry_s = self._seconds() + _RETRY_S

    def _goes_on(self, from_ns: int) -> bool:
        # Farther ahead of the time asked for than a window reaches, the clock has jumped back.
        late, ahead = from_ns - _LATE_NS, from_ns + AHEAD_NS + self._window_ns + _LATE_NS
        return self._session is not None and late <= self._end_ns <= ahead
