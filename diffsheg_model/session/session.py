"""One utterance: audio in, in pieces of any size; windows of motion out.

The same object generates from a file and from a live stream. Its windows, the sound that they hear
and their noise depend on the audio and the seed alone. So both give the same motion, bit for bit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import Conditions, Engine
from diffsheg_model.features.stream import FeatureStream
from diffsheg_model.motion.motion import Motion
from diffsheg_model.sampling.foppas import make_sampler, plan_window
from diffsheg_model.sampling.noise import FrameNoise, NoiseSource, seeded_noise
from diffsheg_model.sampling.plan import SamplingPlan
from diffsheg_model.session.session_options import SessionOptions
from diffsheg_model.session.window_planner import WindowPlanner, WindowSpan

#: Frames of sound beyond a frame that must have been heard to plan it well.
HEARD_AHEAD = 2


class GenerationError(RuntimeError):
    """The engine gave motion that is not finite."""


@dataclass(frozen=True, eq=False)
class WindowPlan:
    """The input of an engine for a session's next window.

    Attributes:
        span: its frames.
        conditions: what is heard, one row.
        sampling: the denoising steps, with one row.
    """

    span: WindowSpan
    conditions: Conditions
    sampling: SamplingPlan


@dataclass(frozen=True)
class MotionWindow:
    """The motion of one window.

    Attributes:
        index: ordinal of the window within the utterance.
        start_frame: the first frame within the utterance that was not final before.
        motion: all frames from there on. The last ones are provisional: the next window replaces
            them.
        final_frames: number of its frames that no later window replaces.
        last: True if the utterance ends with it. Every utterance has exactly one such window;
            it is empty where no audio came.
    """

    index: int
    start_frame: int
    motion: Motion
    final_frames: int
    last: bool


class Session:
    """Generates the motion of one utterance with FOPPAS (arXiv 2401.04747, section 3.3).

    Push audio, call `step` while it gives windows, `end`, call `step` until it gives None. All
    methods belong to the thread that owns the engine. Memory stays flat however long the
    utterance is: features are dropped behind each window.

    A step is `plan`, the engine's work, and `complete`; `step_together` does that work for several
    sessions at once.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        options: SessionOptions = SessionOptions(),  # noqa: B008 (frozen)
        *,
        sample_rate: int,
    ) -> None:
        """Start an utterance.

        Args:
            bundle: the model.
            engine: the bundle's denoising network.
            options: seed, speaker and the like.
            sample_rate: of the audio to come, Hz.

        Raises:
            InputError: a value is out of its range.
        """
        config, live = bundle.config, options.live
        options.check(config)
        self._bundle = bundle
        self.engine = engine
        self._noise_of: Callable[[int], NoiseSource]  # of a window, by its first frame
        self._sampler = make_sampler(config.diffusion, config.foppas)
        self._options = options
        self.restyle(options.seed, options.speaker, options.guidance_scale)
        self._features = FeatureStream(
            config.features,
            config.format.fps,
            sample_rate,
            options.speech_encoder,
            ahead=live is not None,
        )
        self._planner = WindowPlanner(config.format.window_frames, config.foppas.overlap, live)
        self._index = 0  # of the next window
        # The window before it, its first frame and (T, C) its motion, normalised; None where there
        # is none, or it was left out.
        self._last: tuple[int, np.ndarray] | None = None
        self._last_heard: int | None = None  # frames that it was planned on; None: all its own
        self._closed = False

    @property
    def frames_ready(self) -> int:
        """Frames with all their audio, generated or not."""
        return self._features.frames_ready

    @property
    def total_frames(self) -> int | None:
        """Frames of the utterance; None before `end`."""
        return self._features.total_frames

    @property
    def final_frames(self) -> int:
        """Frames that no later window replaces."""
        return self._planner.final

    @property
    def frames_waiting(self) -> int:
        """Frames with all their audio that were not generated yet."""
        return self.frames_ready - self._planner.end

    @property
    def finished(self) -> bool:
        """True once the last window was given."""
        return self._closed

    def restyle(self, seed: int, speaker: int, guidance_scale: float | None) -> None:
        """Set the style of the windows to come, which go on from the motion of those before.

        Args:
            seed, speaker, guidance_scale: as in `SessionOptions`.

        Raises:
            InputError: a value is out of its range; nothing has changed.
        """
        config = self._bundle.config
        self._options = options = self._options.restyled(config, seed, speaker, guidance_scale)
        if options.live is not None:
            self._noise_of = FrameNoise(seed, options.utterance).of
        else:
            noise = seeded_noise(seed, options.utterance)
            self._noise_of = lambda start: noise
        self._speaker = np.eye(config.network.num_speakers, dtype=np.float32)[[speaker]]
        self._guidance_scale = options.foppas(config).guidance_scale

    def push(self, samples: np.ndarray, *, checked: bool = False) -> None:
        """Append the next samples.

        Args:
            samples: (n,) mono, -1..1.
            checked: True for samples that were checked when they came.

        Raises:
            InputError: samples that are not an audio signal; no sample is used.
        """
        self._features.push(samples, checked=checked)

    def end(self) -> None:
        """End the audio."""
        self._features.finish()

    def ready(self, patient: bool = False) -> bool:
        """Return True if `step` would give a window."""
        return not self._closed and (
            self._next(patient) is not None or self.total_frames is not None
        )

    def step(
        self, cancelled: Callable[[], bool] | None = None, patient: bool = False
    ) -> MotionWindow | None:
        """Generate the next window.

        If it raises, nothing has changed: the same window can be tried again, or left out with
        `skip`.

        Args:
            cancelled: asked before each call of the network; True gives the window up.
            patient: True to wait for the sound of a whole window, with `LiveOptions`.

        Returns:
            The window, or None where more audio is needed or the utterance is over. If `end` came
            after the final window, that window could not say that it is the last. Its provisional
            frames then come once more, unchanged, as far as the sound goes, in a window that does.

        Raises:
            Cancelled: `cancelled` returned True.
            GenerationError: the engine gave numbers that are not finite.
        """
        plan = self.plan(patient)
        if plan is None:
            return self.conclude()
        return self.complete(plan, self.engine.sample(plan.conditions, plan.sampling, cancelled)[0])

    def plan(self, patient: bool = False) -> WindowPlan | None:
        """Return the input for the next window, None if there is none now; change nothing."""
        span = self._next(patient)
        if span is None:
            return None
        if span.heard is None:
            features = self._features.features(span.start, span.end)
        else:
            features = self._features.features_ahead(span.start, span.end, span.heard)
        conditions = Conditions(
            features.mel[None],
            None if features.speech is None else features.speech[None],
            self._speaker,
            self._guidance_scale,
        )
        shape = (1, span.end - span.start, self._bundle.config.format.channels)
        known, keep = self._known(span)
        noise = self._noise_of(span.start)
        sampling = plan_window(self._sampler, noise, self._index, shape, known, keep)
        return WindowPlan(span, conditions, sampling)

    def complete(self, plan: WindowPlan, x: np.ndarray) -> MotionWindow:
        """Accept the motion of a planned window, and go on to the next one.

        Args:
            plan: from `plan`, with no other window in between.
            x: the engine's output, (T, C), normalised.

        Raises:
            GenerationError: numbers that are not finite; nothing has changed.
        """
        span = plan.span
        if span.final <= self._planner.final:
            raise ValueError(f'frames [{span.start}, {span.end}) were generated already')
        if not np.isfinite(x).all():
            raise GenerationError(
                f'engine {self.engine.name} gave {np.count_nonzero(~np.isfinite(x))} numbers '
                f'that are not finite in window {self._index}'
            )
        x = self._carried_over(span, x)
        first = self._planner.final
        last = span.final == self.total_frames
        end = span.final if last else span.end
        motion = self._bundle.denormalise(x[first - span.start : end - span.start], first)
        window = MotionWindow(self._index, first, motion, span.final - first, last)
        self._advance(span, (span.start, x))
        self._closed = last
        return window

    def conclude(self) -> MotionWindow | None:
        """Return the window that only ends the utterance, see `step`; None if it is not due.

        It is due once, after `end`, if nothing is left to `plan` and the window before it could
        not know that it was the last.
        """
        if self._closed or self.total_frames is None or self._next() is not None:
            return None
        self._closed = True
        first = self._planner.final
        start, last = first, np.zeros((0, self._bundle.config.format.channels), np.float32)
        if self._last is not None:
            start, last = self._last
        tail = last[first - start : max(first, self.total_frames) - start]
        final_frames = len(tail)
        if not final_frames and first and self._planner.end > first:
            # Frames were planned beyond the sound. The last frame once more says that it is.
            first -= 1
            tail = last[first - start : first - start + 1]
        motion = self._bundle.denormalise(tail, first)
        return MotionWindow(max(0, self._index - 1), first, motion, final_frames, True)

    def skip(self, patient: bool = False) -> None:
        """Leave the next window out, after a failure; the one after it starts afresh."""
        span = self._next(patient)
        if span is not None:
            self._advance(span, None)

    def _next(self, patient: bool = False) -> WindowSpan | None:
        if self._closed:
            return None
        features = self._features
        return self._planner.next(
            features.frames_heard, features.frames_ready, features.total_frames, patient
        )

    def _known(self, span: WindowSpan) -> tuple[np.ndarray | None, bool]:
        """Return (1, n, C) known first frames of a window, and True if they must stay as they are.

        Frames that are not final and were planned on less sound than there is now are free.
        """
        if self._last is None:
            return None, False
        keep = span.heard is not None or self._last_heard is not None
        start, motion = self._last
        known = motion[span.start - start : (self._planner.final if keep else span.end) - start]
        return (known[None] if len(known) else None), keep

    def _carried_over(self, span: WindowSpan, x: np.ndarray) -> np.ndarray:
        """Return the window, blended from the motion planned before to the motion planned now.

        Without it a body that is planned anew every hop would tremble. The face is blended only
        where its sound had been heard before; else it follows new sound at once.
        """
        x = x.copy()
        if self._last is None or (span.heard is None and self._last_heard is None):
            return x
        start, before = self._last
        first, planned = self._planner.final, start + len(before)
        heard = planned if self._last_heard is None else self._last_heard - HEARD_AHEAD
        gestures = self._bundle.config.format.gesture_dim
        for part, until in (
            (slice(gestures), planned),
            (slice(gestures, None), min(heard, planned)),
        ):
            end = max(first, min(span.end, until))
            share = np.linspace(1.0, 0.0, end - first + 1, dtype=np.float32)[1:, None]
            now = x[first - span.start : end - span.start, part]
            now += share * (before[first - start : end - start, part] - now)
        return x

    def _advance(self, span: WindowSpan, made: tuple[int, np.ndarray] | None) -> None:
        self._index += 1
        self._last = made
        self._last_heard = span.heard
        self._planner.advance(span)
        self._features.forget(self._planner.first_needed)
