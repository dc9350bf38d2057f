"""The utterance under way: what is heard of it, its session, and what to do next for it."""

from collections.abc import Callable
from enum import Enum, auto

from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.session.session import MotionWindow, Session
from diffsheg_model.session.session_options import SessionOptions
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.heard_chunk import HeardChunk, Utterance
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.audio_in.utterance_audio import UtteranceAudio
from diffsheg_ros.avatar.clocks import Clocks

#: Seconds. A shorter wait is not worth it.
_LEAST_WAIT_S = 0.01
#: Seconds. Speech that is heard so much later than a live window needs it is ahead of time.
_AHEAD_S = 0.3
#: Windows of features that are made ahead; the rest waits as audio, which is bounded.
_WINDOWS_AHEAD = 2


class NextStep(Enum):
    """The worker's next step for the utterance under way.

    Attributes:
        TAKE: take the chunk that waits.
        GENERATE: generate a window.
        WAIT: wait for a chunk, `CurrentUtterance.wait_s` at most.
        END: take no more audio, because all of it has come or another utterance has begun.
        STALL: the same, because no audio has come for `stall_s`.
    """

    TAKE = auto()
    GENERATE = auto()
    WAIT = auto()
    END = auto()
    STALL = auto()


class CurrentUtterance:
    """One utterance from its first chunk to its last window. Belongs to the engine's thread.

    Attributes:
        session: generates its motion.
        audio: its chunks, in order.
        windows: windows generated or left out.
        ended: True once no more of its audio is taken.
        wait_s: longest wait for its next chunk, seconds; set by `next_step`.
    """

    def __init__(
        self,
        utterance: Utterance,
        session: Session,
        style: SessionOptions,
        *,
        hearing: HearingOptions,
        clocks: Clocks,
        format_: MotionFormat,
        lead_s: float,
    ) -> None:
        """Begin without a chunk.

        Args:
            utterance: as the inbox gives it.
            session: a new one, for the utterance's sample rate.
            style: the options of the session.
            hearing: limits of time.
            clocks: of stamps and of durations.
            format_: of the motion.
            lead_s: seconds before its first new frame is shown at which a live window is planned.
        """
        self.session = session
        self.audio = UtteranceAudio(utterance, hearing)
        self.windows = 0
        self.ended = False
        self.wait_s = 0.0
        self._style = style
        self._limits = hearing
        self._clocks = clocks
        self._fps = format_.fps
        self._max_waiting = _WINDOWS_AHEAD * format_.window_frames
        self._lead_s = lead_s
        self._patient = False  # there is time to wait for the sound of a whole window
        self._note_chunk(0.0)

    @property
    def utterance(self) -> Utterance:
        return self.audio.utterance

    @property
    def waiting_s(self) -> float:
        """Seconds of its audio that wait as features."""
        return max(0, self.session.frames_waiting) / self._fps

    @property
    def is_late(self) -> bool:
        """True if a live window should have been planned by now."""
        return self._style.live is not None and not self.ended and self._until_needed_s() <= 0

    def next_step(self, front: HeardChunk | None) -> NextStep:
        """Return the next step.

        Args:
            front: the chunk in front of the queue, of whatever utterance; None if none waits.
        """
        self._patient = self._style.live is not None and self._until_needed_s() > _AHEAD_S
        if self.ended:
            return NextStep.GENERATE
        if front is not None and front.utterance is not self.utterance:
            return NextStep.END
        ready = self.session.ready(self._patient)
        if ready and self.session.frames_waiting >= self._max_waiting:
            return NextStep.GENERATE
        if front is not None:
            return NextStep.TAKE
        if ready:
            return NextStep.GENERATE
        # After the last chunk only one that it overtook is waited for.
        end_seen = self.audio.end_seen
        patience_s = self._limits.reorder_s if end_seen else self._limits.stall_s
        if self._is_silent(patience_s):
            return NextStep.END if end_seen else NextStep.STALL
        left_s = patience_s - (self._clocks.seconds() - self._heard_s)
        if self._patient:
            left_s = min(left_s, self._until_needed_s() - _AHEAD_S)
        self.wait_s = max(left_s, _LEAST_WAIT_S)
        return NextStep.WAIT

    def hear(self, chunk: HeardChunk) -> bool:
        """Take a chunk; return True if the sound has jumped to it (`AudioBuffer.resync_at`)."""
        # A chunk that is sent when it begins to be heard is followed by the next one at its end.
        self._note_chunk(0.0 if chunk.end else chunk.duration_s)
        samples = self.audio.take(chunk)
        if samples is not None:
            self.session.push(samples, checked=True)
        return self.audio.buffer.resync_at is not None

    def end(self) -> None:
        """Take no more audio; what is left of it is still generated."""
        if not self.ended:
            self.ended = True
            self.session.push(self.audio.buffer.flush(), checked=True)
            self.session.end()

    def restyle(self, style: SessionOptions) -> None:
        """Set seed, speaker and guidance of the windows to come."""
        if style is not self._style:
            self._style = style
            self.session.restyle(style.seed, style.speaker, style.guidance_scale)

    def generate(self, cancelled: Callable[[], bool]) -> MotionWindow | None:
        """Generate the next window as `Session.step` does, after `next_step` asked for it."""
        return self.session.step(cancelled, self._patient)

    def skip(self) -> None:
        """Leave the next window out, after a failure."""
        self.session.skip(self._patient)
        self.windows += 1

    def start_ns(self, window: MotionWindow) -> int:
        """Return when frame 0 is shown, by the sender's clock at the window's beginning.

        That clock drifts, and the window's own beginning is where the time has to be right.
        """
        before_ns = round(window.start_frame * NS / self._fps)
        return self._frame_ns(window.start_frame) - before_ns

    def _note_chunk(self, spoken_s: float) -> None:
        """Note the time of a chunk: by the clock of durations with its length, and by stamps."""
        self._heard_s = self._clocks.seconds() + spoken_s
        self._heard_ns = self._clocks.now_ns()

    def _is_silent(self, patience_s: float) -> bool:
        """Return True if no chunk has come for some time, in real time and by the sender's clock.

        A simulation that stands still keeps its speech. A clock that jumps back ends it.
        """
        heard_ns = self._clocks.now_ns() - self._heard_ns
        waited = self._clocks.seconds() - self._heard_s >= patience_s
        return waited and not 0 <= heard_ns < patience_s * NS

    def _until_needed_s(self) -> float:
        """Return the seconds until a live window has to be planned."""
        shown_ns = self._frame_ns(self.session.final_frames)
        return (shown_ns - self._clocks.now_ns()) / NS - self._lead_s

    def _frame_ns(self, frame: int) -> int:
        """Return when a frame is shown, by the sender's clock."""
        samples = round(frame / self._fps * self.utterance.sample_rate)
        return self.audio.clock.time_ns(self.utterance.origin_sample + samples)
