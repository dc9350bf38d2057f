"""What the body does while nobody speaks: motion of silence, generated a little ahead."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.session.session import MotionWindow, Session
from diffsheg_model.time_units import NS

#: Idle motion is planned at least so far ahead; a window brings about as much again.
AHEAD_NS = 2 * NS
#: Idle motion that would begin later than now by more than this is of another time.
_LATE_NS = NS // 2
_RATE = 16000


@dataclass(frozen=True)
class IdleHooks:
    """What connects idle motion with the rest.

    Attributes:
        from_ns: asked from when on the body has nothing to do.
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
    ) -> None:
        """Generates nothing yet.

        Args:
            hooks: who takes the motion.
            new_session: gives a session for a sample rate and an ordinal.
            format_: of the motion.
        """
        self._hooks = hooks
        self._new_session = new_session
        self._fps = format_.fps
        self._window_ns = round(format_.window_frames * NS / format_.fps)
        self._session: Session | None = None
        self._start_ns = self._end_ns = 0
        self._ordinal = 0

    def is_due(self) -> bool:
        """Whether more is needed."""
        from_ns = self._hooks.from_ns()
        return not self._goes_on(from_ns) or self._end_ns < from_ns + AHEAD_NS

    def step(self, cancelled: Callable[[], bool]) -> None:
        """Hands the next window on.

        Raises:
            Cancelled, GenerationError: as `Session.step`; the window can be tried again.
        """
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

    def forget(self) -> None:
        """Begins anew with the next step."""
        self._session = None

    def _goes_on(self, from_ns: int) -> bool:
        # Farther ahead of the time asked for than a window reaches, the clock has jumped back.
        late, ahead = from_ns - _LATE_NS, from_ns + AHEAD_NS + self._window_ns + _LATE_NS
        return self._session is not None and late <= self._end_ns <= ahead
