"""One utterance: audio in, in pieces of any size; windows of motion out.

The same object generates from a file and from a live stream. Which windows there are, what they
hear and which noise they start from depends on the audio and the seed alone, so both give the
same motion, bit for bit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from diffsheg_model.bundle import Bundle
from diffsheg_model.config import FoppasConfig
from diffsheg_model.engines import Conditions, Engine
from diffsheg_model.errors import InputError
from diffsheg_model.features import FeatureStream
from diffsheg_model.foppas import make_sampler, next_window, plan_window
from diffsheg_model.motion import Motion
from diffsheg_model.noise import seeded_noise
from diffsheg_model.speech import SpeechEncoder
from diffsheg_model.walk import Walk


class GenerationError(RuntimeError):
    """The engine gave motion that is not finite."""


@dataclass(frozen=True, eq=False)
class WindowPlan:
    """What an engine needs to generate a session's next window.

    Attributes:
        frames: [start, end) within the utterance.
        conditions: what is heard, one row.
        walk: the way through the chain, one row.
    """

    frames: tuple[int, int]
    conditions: Conditions
    walk: Walk


@dataclass(frozen=True)
class MotionWindow:
    """A window of motion.

    Attributes:
        index: ordinal of the window within the utterance.
        start_frame: its first frame within the utterance.
        motion: all its frames. The last ones (the overlap) are provisional: the next window
            brings better ones in their place.
        final_frames: how many of its frames no later window replaces.
        last: whether the utterance ends with it. Every utterance has exactly one such window;
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

    A step is `plan`, the engine's work, and `complete`; `session_group` does that work for several
    sessions at once.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        *,
        sample_rate: int,
        seed: int = 0,
        utterance: int = 0,
        speaker: int = 0,
        foppas: FoppasConfig | None = None,
        speech_encoder: SpeechEncoder | None = None,
    ) -> None:
        """Starts an utterance.

        Args:
            bundle: the model.
            engine: the bundle's denoising network.
            sample_rate: of the audio to come, Hz.
            seed: 0 or more; the same seed and audio give the same motion.
            utterance: ordinal, 0 or more, so that equal sentences are not spoken alike.
            speaker: whose style, 0 .. num_speakers - 1.
            foppas: sampling options; the bundle's where left out.
            speech_encoder: what the bundle's features ask for.

        Raises:
            InputError: a value is out of its range.
        """
        config = bundle.config
        foppas = config.foppas if foppas is None else foppas
        for name, value in (('seed', seed), ('utterance', utterance)):
            if value < 0:
                raise InputError(f'{name} = {value}: must be 0 or more')
        config.check_speaker(speaker)
        if foppas.overlap >= config.format.window_frames:
            raise InputError(
                f'FoppasConfig.overlap = {foppas.overlap}: must be less than the window of '
                f'{config.format.window_frames} frames'
            )
        self._bundle = bundle
        self.engine = engine
        self._foppas = foppas
        self._sampler = make_sampler(config.diffusion, foppas)
        self._noise = seeded_noise(seed, utterance)
        self._speaker = np.eye(config.network.num_speakers, dtype=np.float32)[[speaker]]
        self._features = FeatureStream(
            config.features, config.format.fps, sample_rate, speech_encoder
        )
        self._index = 0  # of the next window
        self._previous: tuple[int, int] | None = None  # frames of the window before it
        self._tail: np.ndarray | None = None  # (overlap, C) its last frames, normalised
        self._closed = False

    @property
    def frames_ready(self) -> int:
        """Frames whose audio has come, whether or not their motion was generated."""
        return self._features.frames_ready

    @property
    def total_frames(self) -> int | None:
        """Frames of the utterance; None before `end`."""
        return self._features.total_frames

    @property
    def frames_waiting(self) -> int:
        """Frames whose audio has come and whose motion was not generated yet."""
        return self.frames_ready - (0 if self._previous is None else self._previous[1])

    @property
    def finished(self) -> bool:
        """Whether the last window was given."""
        return self._closed

    def push(self, samples: np.ndarray) -> None:
        """Takes the next samples, (n,) mono, -1..1.

        Raises:
            InputError: samples that are no audio signal; none is taken.
        """
        self._features.push(samples)

    def end(self) -> None:
        """Says that no more audio follows."""
        self._features.finish()

    def ready(self) -> bool:
        """Whether `step` would give a window."""
        return not self._closed and (self._next() is not None or self.total_frames is not None)

    def step(self, cancelled: Callable[[], bool] | None = None) -> MotionWindow | None:
        """Generates the next window.

        If it raises, nothing has changed: the same window can be tried again, or left out with
        `skip`.

        Args:
            cancelled: asked before each call of the network; True gives the window up.

        Returns:
            The window, or None where more audio is needed or the utterance is over. Where `end`
            came too late for the final window to know that it is the last, its overlap is given
            once more, unchanged, in a window that says so.

        Raises:
            Cancelled: `cancelled` returned True.
            GenerationError: the engine gave numbers that are not finite.
        """
        plan = self.plan()
        if plan is None:
            return self.conclude()
        return self.complete(plan, self.engine.sample(plan.conditions, plan.walk, cancelled)[0])

    def plan(self) -> WindowPlan | None:
        """What the next window needs; None where none can be generated now. Changes nothing."""
        frames = None if self._closed else self._next()
        if frames is None:
            return None
        features = self._features.features(*frames)
        conditions = Conditions(
            features.mel[None],
            None if features.speech is None else features.speech[None],
            self._speaker,
            self._foppas.guidance_scale,
        )
        shape = (1, frames[1] - frames[0], self._bundle.config.format.channels)
        known = None if self._tail is None or not len(self._tail) else self._tail[None]
        walk = plan_window(self._sampler, self._noise, self._index, shape, known)
        return WindowPlan(frames, conditions, walk)

    def complete(self, plan: WindowPlan, x: np.ndarray) -> MotionWindow:
        """Takes the motion of a planned window, and goes on to the next.

        Args:
            plan: from `plan`, with no other window in between.
            x: what the engine made of it, (T, C), normalised.

        Raises:
            GenerationError: numbers that are not finite; nothing has changed.
        """
        if plan.frames != self._next():
            raise ValueError(f'frames {plan.frames} are not those of the next window')
        if not np.isfinite(x).all():
            raise GenerationError(
                f'engine {self.engine.name} gave {np.count_nonzero(~np.isfinite(x))} numbers '
                f'that are not finite in window {self._index}'
            )
        start, end = plan.frames
        last = end == self.total_frames
        overlap = 0 if last else self._foppas.overlap
        window = MotionWindow(
            self._index, start, self._bundle.denormalise(x, start), end - start - overlap, last
        )
        self._advance(plan.frames, x[len(x) - self._foppas.overlap :].copy())
        self._closed = last
        return window

    def conclude(self) -> MotionWindow | None:
        """The window that only says that the utterance is over, see `step`; None if it is not.

        It is due once, after `end`, where the window before it could not know that it was the
        last, and there is nothing left to `plan`.
        """
        if self._closed or self.total_frames is None or self._next() is not None:
            return None
        self._closed = True
        end = 0 if self._previous is None else self._previous[1]
        channels = self._bundle.config.format.channels
        tail = np.zeros((0, channels), np.float32) if self._tail is None else self._tail
        count = len(tail)
        start = end - count
        motion = self._bundle.denormalise(tail, start)
        return MotionWindow(max(0, self._index - 1), start, motion, count, True)

    def skip(self) -> None:
        """Leaves the next window out, after a failure; the one after it starts afresh."""
        frames = self._next()
        if frames is not None:
            self._advance(frames, None)

    def _next(self) -> tuple[int, int] | None:
        window = self._bundle.config.format.window_frames
        frames = next_window(self._previous, window, self._foppas.overlap, self.frames_ready)
        if frames is None:
            return None
        # Only the end of the utterance makes a window short.
        full = frames[1] - frames[0] == window
        return frames if full or self.total_frames is not None else None

    def _advance(self, frames: tuple[int, int], tail: np.ndarray | None) -> None:
        self._index += 1
        self._previous = frames
        self._tail = tail
        self._features.forget(frames[1] - self._foppas.overlap)
