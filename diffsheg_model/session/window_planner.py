"""The next window of an utterance, from the amount of its sound that has been heard."""

from dataclasses import dataclass

from diffsheg_model.sampling.foppas import next_window
from diffsheg_model.session.live_options import LiveOptions, most_new_frames


@dataclass(frozen=True)
class WindowSpan:
    """The frames of one window.

    Attributes:
        start: its first frame within the utterance; before the utterance where negative.
        end: after its last; of an utterance's last window it may lie beyond the utterance.
        final: frames of the utterance that are final once it is made.
        heard: frames of sound that it is planned on; None where all its sound is settled.
    """

    start: int
    end: int
    final: int
    heard: int | None = None


class WindowPlanner:
    """The sequence of an utterance's windows.

    Whole windows, as published, come where the sound of all their frames is there. With
    `LiveOptions` a window on the sound heard so far comes where that is not so, one a hop; where
    several hops have been heard since the last one, it covers them all.

    Attributes:
        final: frames that no later window replaces.
        end: frames planned, provisional ones included.
    """

    def __init__(self, window_frames: int, overlap: int, live: LiveOptions | None = None) -> None:
        self._window_frames = window_frames
        self._overlap = overlap
        self._live = live
        self._last: WindowSpan | None = None
        self.final = 0
        self.end = 0

    @property
    def first_needed(self) -> int:
        """No later window begins before this frame."""
        if self._last is None:
            return -self._window_frames
        return self.end - self._overlap if self._live is None else self._last.start

    def next(
        self, heard: int, settled: int, total: int | None, patient: bool = False
    ) -> WindowSpan | None:
        """Return the next window; None where more sound is needed, or all is planned.

        Args:
            heard: frames of sound that have come.
            settled: frames of final features, at most `heard` but at the end.
            total: frames of the utterance, None while it goes on.
            patient: True to wait for whole windows, because there is time.
        """
        window = self._whole(settled, total)
        if window is not None or total is not None or patient or self._live is None:
            return window
        return self._on_the_heard(self._live, heard)

    def advance(self, span: WindowSpan) -> None:
        """Go on to the window after that one, made or left out."""
        self._last, self.final, self.end = span, span.final, span.end

    def _whole(self, settled: int, total: int | None) -> WindowSpan | None:
        last, overlap = self._last, self._overlap
        frames = settled if total is None else total
        before = None
        if last is not None:
            reaches = self.end
            if last.heard is not None:
                # Frames that are not final were planned on less sound and are planned anew. Where
                # windows overlap by more than half, one that began an overlap earlier would add
                # nothing.
                reaches = max(self.final, self.final + 2 * overlap - self._window_frames + 1)
                if total is not None:
                    reaches = min(reaches, max(self.final, total - 1))
            before = (last.start, reaches)
        window = next_window(before, self._window_frames, overlap, frames)
        if window is None:
            return None
        start, end = window
        if total is None and end - start < self._window_frames:
            return None  # only the end of an utterance makes a window short
        final = end if end == total else end - overlap
        if self._live is not None and (last is None or last.heard is not None):
            # A short window is filled with the sound before it, and silence after it. So the
            # engine gets windows of one length: a new length can cost it a second.
            first = -self._window_frames if last is None else last.start
            start = max(first, min(start, end - self._window_frames))
            end = start + self._window_frames
        return WindowSpan(start, end, final)

    def _on_the_heard(self, live: LiveOptions, heard: int) -> WindowSpan | None:
        hops = (heard - self.final - live.lag_frames) // live.hop + 1
        if hops < 1:
            return None
        room = most_new_frames(self._window_frames, self._overlap) - live.provisional
        final = self.final + live.hop * min(hops, room // live.hop)
        end = final + live.provisional
        start = end - self._window_frames
        if self._last is not None:
            start = max(start, self._last.start)
        return WindowSpan(start, end, final, end - live.lookahead)
