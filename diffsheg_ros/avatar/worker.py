"""The one thread that owns the engine: audio chunks in, windows of motion out.

Callbacks of a node only call `push` and `interrupt`, which never wait for the network. Nothing
that arrives, and nothing that the engine does, ends the thread.
"""

import dataclasses
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffsheg_model.bundle import Bundle
from diffsheg_model.config import FoppasConfig
from diffsheg_model.engines import Engine
from diffsheg_model.errors import one_line
from diffsheg_model.features.speech_encoder import SpeechEncoder
from diffsheg_model.sampling.plan import Cancelled
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.session import MotionWindow, Session, check_style
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_buffer import AudioBuffer
from diffsheg_ros.audio_in.heard_chunk import Chunk, Utterance
from diffsheg_ros.audio_in.inbox import Inbox
from diffsheg_ros.audio_in.utterance_audio import HEARING_COUNTERS, Hearing
from diffsheg_ros.avatar.idle import IdleHooks, IdleMotion
from diffsheg_ros.avatar.worker_stats import WorkerStats

logger = logging.getLogger(__name__)

OnWindow = Callable[[int, str, int, MotionWindow], None]
"""``on_window(epoch, utterance_id, start_ns, window)``, start_ns being the time of frame 0."""

_REMEMBERED_WINDOWS = 256
#: How often it is looked whether idle motion is due.
_IDLE_POLL_S = 0.25
#: Waiting for less is not worth it.
_LEAST_WAIT_S = 0.01
#: After a failure idle motion is not tried for so long.
_IDLE_RETRY_S = 5.0
#: Idle motion has noise of its own: ordinals that no utterance reaches.
_IDLE_ORDINAL = 2**40
#: Speech that is heard so much later than a live window needs it has come ahead of time.
_AHEAD_S = 0.3


_OWN_COUNTERS = (
    'windows',
    'frames',
    'long_hops',
    'idle_windows',
    'failed_windows',
    'callback_errors',
    'stalls',
    'resyncs',
)


@dataclass
class _Live:
    """The utterance under way."""

    hearing: Hearing
    session: Session
    style: tuple[int, int, float]
    heard_s: float  # when its last chunk came, and its length later, of the worker's clock
    heard_ns: int  # the same of the chunks' clock
    windows: int = 0
    ended: bool = False

    @property
    def utterance(self) -> Utterance:
        return self.hearing.utterance


class MotionWorker:
    """Generates motion for the chunks that are pushed, one utterance after the other.

    Make it, optionally `warm_up`, `start`; `stop` and `start` again as often as you like. While
    it runs, the engine belongs to its thread.

    An utterance ends with its last chunk, when it is interrupted (`interrupt`, or a new utterance
    that cuts into it), or when no chunk has come for `stall_s`: last chunks can be lost too.

    Attributes:
        lead_s: how long before its first new frame is shown a live window is planned. Speech that
            comes earlier than that is waited for and planned in whole windows.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        on_window: OnWindow,
        *,
        on_interrupt: Callable[[int], None] | None = None,
        idle: IdleHooks | None = None,
        now_ns: Callable[[], int] = time.time_ns,
        live: LiveOptions | None = None,
        seed: int = 0,
        speaker: int = 0,
        foppas: FoppasConfig | None = None,
        speech_encoder: SpeechEncoder | None = None,
        reorder_s: float = 0.1,
        max_gap_s: float = 5.0,
        stall_s: float = 1.0,
        max_queue_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Checks everything; starts nothing.

        Args:
            bundle: the model.
            engine: the bundle's denoising network.
            on_window: called from the worker's thread with every window, in order.
            on_interrupt: called with the lowest epoch that is still wanted whenever an utterance
                was interrupted, at once, from the thread that caused it.
            idle: who takes idle motion; None generates none.
            now_ns: the clock of the chunks' times.
            live: how to plan on speech that is still being spoken; None for whole windows only.
            seed, speaker, foppas, speech_encoder: as `Session` takes them. Utterances are
                numbered from 0 at each start, so the first is what `generate` gives offline.
            reorder_s, max_gap_s: as `AudioBuffer` takes them.
            stall_s: an utterance without a chunk for so long is over.
            max_queue_s: audio that may wait, seconds; what comes beyond is dropped and counted.
            clock: seconds, to measure the generation with.

        Raises:
            InputError: a value is out of its range.
        """
        if not stall_s >= reorder_s:
            raise ValueError(f'stall_s = {stall_s}: must be at least reorder_s = {reorder_s}')
        AudioBuffer(16000, reorder_s=reorder_s, max_gap_s=max_gap_s)
        self._bundle = bundle
        self._engine = engine
        self._on_window = on_window
        self._on_interrupt = on_interrupt
        self._foppas = bundle.config.foppas if foppas is None else foppas
        # Replaced as one, so that no window takes half of a change.
        self._style = (seed, speaker, self._foppas.guidance_scale)
        self._now_ns = now_ns
        self._live_options = live
        self.lead_s = 0.0
        self._idle: IdleMotion | None = None
        if idle is not None:
            self._idle = IdleMotion(
                idle,
                lambda rate, ordinal: self._new_session(rate, _IDLE_ORDINAL + ordinal),
                bundle.config.format,
            )
        self._idle_style = self._style
        self._idle_after_s = 0.0  # of the clock: a failure keeps it off
        self._speech_encoder = speech_encoder
        self._reorder_s = reorder_s
        self._max_gap_s = max_gap_s
        self._stall_s = stall_s
        self._clock = clock
        # Two windows of features are made ahead; the rest waits as audio, which is bounded.
        self._max_waiting = 2 * bundle.config.format.window_frames
        self._inbox = Inbox(max_queue_s, reorder_s)
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._live: _Live | None = None
        self._spans: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED_WINDOWS)
        self._counts = Counter(dict.fromkeys(_OWN_COUNTERS + HEARING_COUNTERS, 0))
        self._last_error = ''
        self._new_session(16000, 0)

    @property
    def running(self) -> bool:
        """Whether its thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def warm_up(self) -> float:
        """Generates some windows of silence, so that the first utterance finds all loaded.

        Returns:
            Seconds that a window in the middle of an utterance took, the median of three.
        """
        if self.running:
            raise RuntimeError('warm_up while running')
        config = self._bundle.config
        session = self._new_session(16000, 0)
        # A window takes longest where it hears all of its context.
        window_s = config.format.window_frames / config.format.fps
        session.push(
            np.zeros(round((config.features.speech_context_s + window_s) * 16000), np.float32)
        )
        while session.step() is not None:
            pass
        spans_s: list[float] = []
        while len(spans_s) < 3:
            session.push(np.zeros(round(16000 / config.format.fps), np.float32))
            begin = self._clock()
            if session.step() is not None:
                spans_s.append(self._clock() - begin)
        return sorted(spans_s)[1]

    def start(self) -> None:
        """Starts the thread; what was pushed before is forgotten."""
        if self.running:
            raise RuntimeError('the worker runs already, or its engine still has to return')
        self._inbox.clear()
        # Each thread has a flag of its own: one that outlives its time limit must not come back.
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._stop,), name='motion_worker', daemon=True
        )
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Stops within a time limit.

        Returns:
            Whether the thread has ended. If not, a call of the engine is still under way; the
            thread ends after it and gives no window any more.
        """
        thread = self._thread
        if thread is None:
            return True
        self._stop.set()
        self._inbox.wake()
        thread.join(timeout_s)
        return not thread.is_alive()

    def push(
        self,
        utterance_id: str,
        first_sample: int,
        sample_rate: int,
        samples: Any,
        start_ns: int,
        end: bool = False,
        arrival_ns: int | None = None,
    ) -> bool:
        """Takes a chunk as it came, without waiting; see `Inbox.push`.

        Returns:
            Whether it was taken.
        """
        if self._stop.is_set() or not self.running:
            return False
        taken, interrupted = self._inbox.push(
            utterance_id, first_sample, sample_rate, samples, start_ns, end, arrival_ns
        )
        self._tell_interrupt(interrupted)
        return taken

    @property
    def newest_ns(self) -> int:
        """When the first sample of the chunk that was taken last is heard."""
        return self._inbox.placement.newest_ns

    def interrupt(self) -> int:
        """Drops the utterance and all that waits, even in the middle of a window.

        What the sender still sends of the utterance is ignored.

        Returns:
            The lowest epoch that is still wanted.
        """
        epoch = self._inbox.interrupt()
        self._tell_interrupt(epoch)
        return epoch

    def set_style(self, seed: int, speaker: int, guidance_scale: float | None = None) -> None:
        """Sets seed, speaker and guidance for the windows from now on; from any thread.

        Args:
            seed, speaker: as `Session` takes them.
            guidance_scale: left out, it is the sampler's.

        Raises:
            InputError: a value is out of its range.
        """
        if guidance_scale is None:
            guidance_scale = self._foppas.guidance_scale
        check_style(self._bundle.config, seed, speaker, guidance_scale)
        self._style = (seed, speaker, guidance_scale)

    def stats(self) -> WorkerStats:
        """A snapshot, from any thread."""
        live, inbox = self._live, self._inbox
        counts = self._counts.copy()
        if live is not None:
            counts.update(live.hearing.counts())
        counts.update(inbox.remarks.counts)
        spans = list(self._spans)
        seconds = np.array([span[0] for span in spans] or [0.0])
        busy_s, fps = float(seconds.sum()), self._bundle.config.format.fps
        waiting_s = 0.0 if live is None else max(0, live.session.frames_waiting) / fps
        running = self.running and not self._stop.is_set()
        return WorkerStats(
            state='stopped' if not running else 'idle' if live is None else 'speaking',
            utterance_id='' if live is None or not running else live.utterance.id,
            epoch=inbox.epoch,
            queue_chunks=len(inbox),
            queue_s=inbox.queued_s + waiting_s,
            latency_p50_s=float(np.percentile(seconds, 50)),
            latency_p95_s=float(np.percentile(seconds, 95)),
            generated_fps=sum(span[1] for span in spans) / busy_s if busy_s > 0 else 0.0,
            utterances=inbox.utterances,
            interrupts=inbox.interrupts,
            dropped_chunks=inbox.dropped_chunks,
            stale_chunks=inbox.stale_chunks,
            rate_changes=inbox.rate_changes,
            remarks=inbox.remarks.texts.copy(),
            last_error=self._last_error,
            **counts,
        )

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._turn(stop)
            except Exception as error:
                # Every expected failure is handled where it happens; this is for the others. The
                # utterance is given up, or the same fault could come back for ever.
                self._report('the worker failed', error)
                self._drop()
        self._drop()

    def _turn(self, stop: threading.Event) -> None:
        """Takes one chunk or generates one window, or waits."""
        live = self._live
        if live is not None and self._inbox.is_stale(live.utterance.epoch):
            self._drop()
            live = None
        if live is None:
            idle = self._idle_due()
            poll_s = None if self._idle is None else _IDLE_POLL_S
            chunk = self._inbox.take(0.0 if idle else poll_s)
            if chunk is not None:
                self._take(chunk)
            elif idle and not stop.is_set():
                self._generate_idle(idle, stop)
            return
        following = self._inbox.front()
        if following is not None and following.utterance is not live.utterance:
            self._end(live)
        patient = self._is_ahead(live)
        busy = live.session.ready(patient)
        if not live.ended and not (busy and live.session.frames_waiting >= self._max_waiting):
            # With nothing to generate, wait; after the last chunk only for one that it overtook.
            patience_s = self._reorder_s if live.hearing.end_seen else self._stall_s
            left_s = patience_s - (self._clock() - live.heard_s)
            if patient:
                left_s = min(left_s, self._until_needed_s(live) - _AHEAD_S)
            wait_s = 0.0 if busy else max(left_s, _LEAST_WAIT_S)
            chunk = self._inbox.take(wait_s, live.utterance.epoch)
            if chunk is not None:
                self._take(chunk)
                return
            if not busy:
                if self._is_silent(live, patience_s):
                    self._no_chunk(live, stop)
                return
        self._generate(live, stop, patient)

    def _is_silent(self, live: _Live, patience_s: float) -> bool:
        """Whether no chunk has come for so long, in real time and by the sender's clock.

        A simulation that stands still keeps its speech; one whose clock jumps back does not.
        """
        heard_ns = self._now_ns() - live.heard_ns
        waited = self._clock() - live.heard_s >= patience_s
        return waited and not 0 <= heard_ns < patience_s * NS

    def _no_chunk(self, live: _Live, stop: threading.Event) -> None:
        """The wait is over: by a wake-up, or because the sender has nothing more."""
        if stop.is_set() or self._inbox.is_stale(live.utterance.epoch):
            return
        if not live.hearing.end_seen:
            self._inbox.stall(live.utterance)
            self._counts['stalls'] += 1
            logger.warning(
                'utterance %r: no audio for %g s; ended', live.utterance.id, self._stall_s
            )
        self._end(live)

    def _take(self, chunk: Chunk) -> None:
        if self._inbox.is_stale(chunk.utterance.epoch):
            return
        live = self._live
        if live is None:
            live = self._live = self._open(chunk.utterance)
        # A chunk that is sent when it begins to be heard is followed by the next one at its end.
        spoken_s = 0.0 if chunk.end else chunk.duration_s
        live.heard_s, live.heard_ns = self._clock() + spoken_s, self._now_ns()
        samples = live.hearing.take(chunk)
        moved = None
        if live.hearing.buffer.resync_at is not None:
            moved = self._inbox.restart(chunk)
        if moved is not None:
            chunk, epoch = moved
            self._drop()
            self._counts['resyncs'] += 1
            self._tell_interrupt(epoch)
            logger.warning(
                'utterance %r: its sound jumped to sample %d; begun anew there',
                chunk.utterance.id,
                chunk.first_sample,
            )
            live = self._live = self._open(chunk.utterance)
            samples = live.hearing.take(chunk)
        if samples is not None:
            live.session.push(samples)
        if live.hearing.complete:
            self._end(live)

    def _end(self, live: _Live) -> None:
        """No more audio for this utterance; what is left of it is generated."""
        if not live.ended:
            live.ended = True
            self._inbox.close(live.utterance)
            live.session.push(live.hearing.buffer.flush())
            live.session.end()

    def _generate(self, live: _Live, stop: threading.Event, patient: bool) -> None:
        epoch = live.utterance.epoch
        if live.style is not self._style:
            live.style = self._style
            live.session.restyle(*live.style)
        options = self._live_options
        late = options is not None and not live.ended and self._until_needed_s(live) <= 0
        begin = self._clock()
        try:
            window = live.session.step(
                lambda: stop.is_set() or self._inbox.is_stale(epoch), patient
            )
        except Cancelled:
            return
        except Exception as error:
            self._counts['failed_windows'] += 1
            self._report('a window failed', error)
            live.session.skip(patient)
            live.windows += 1
            return
        if window is not None and not stop.is_set() and not self._inbox.is_stale(epoch):
            # The window that only repeats provisional frames as final took no generating.
            if len(window.motion) and window.index == live.windows:
                live.windows += 1
                self._counts['windows'] += 1
                self._spans.append((self._clock() - begin, window.final_frames))
                if late:
                    self._counts['long_hops'] += window.final_frames > options.hop
            self._counts['frames'] += window.final_frames
            self._deliver(live, window)
        if live.session.finished:
            self._drop()

    def _idle_due(self) -> IdleMotion | None:
        """Idle motion, if a window of it is due."""
        idle = self._idle
        if idle is None or self._clock() < self._idle_after_s or not idle.is_due():
            return None
        return idle

    def _generate_idle(self, idle: IdleMotion, stop: threading.Event) -> None:
        """The next window of idle motion; gives way to speech."""
        if self._idle_style is not self._style:
            self._idle_style = self._style
            idle.forget()
        try:
            idle.step(lambda: stop.is_set() or len(self._inbox) > 0)
            self._counts['idle_windows'] += 1
        except Cancelled:
            return
        except Exception as error:
            idle.forget()
            self._idle_after_s = self._clock() + _IDLE_RETRY_S
            self._counts['failed_windows'] += 1
            self._report('idle motion failed', error)

    def _is_ahead(self, live: _Live) -> bool:
        """Whether its speech comes so far ahead of time that whole windows can be waited for."""
        return self._live_options is not None and self._until_needed_s(live) > _AHEAD_S

    def _until_needed_s(self, live: _Live) -> float:
        """Time until a live window has to be planned."""
        shown_ns = self._frame_ns(live, live.session.final_frames)
        return (shown_ns - self._now_ns()) / NS - self.lead_s

    def _frame_ns(self, live: _Live, frame: int) -> int:
        """When a frame of the utterance is shown, by its sender's clock."""
        utterance = live.utterance
        samples = round(frame / self._bundle.config.format.fps * utterance.sample_rate)
        return live.hearing.clock.time_ns(utterance.origin_sample + samples)

    def _deliver(self, live: _Live, window: MotionWindow) -> None:
        utterance = live.utterance
        logger.debug(
            'utterance %.60r: frames %d to %d planned, the first %d for good',
            utterance.id,
            window.start_frame,
            window.start_frame + len(window.motion),
            window.final_frames,
        )
        try:
            # The sender's clock drifts; the window's own beginning is where it has to be.
            before_ns = round(window.start_frame * NS / self._bundle.config.format.fps)
            start_ns = self._frame_ns(live, window.start_frame) - before_ns
            self._on_window(utterance.epoch, utterance.id, start_ns, window)
        except Exception as error:
            self._counts['callback_errors'] += 1
            self._report('a receiver of motion failed', error)

    def _drop(self) -> None:
        """Lets go of the utterance under way; its counters stay."""
        live, self._live = self._live, None
        if live is not None:
            self._inbox.close(live.utterance)
            counts = live.hearing.counts()
            logger.debug(
                'utterance %.60r is over: %d windows; chunks: %s',
                live.utterance.id,
                live.windows,
                ', '.join(f'{name} {count}' for name, count in counts.items()) or 'all in order',
            )
            self._counts.update(counts)

    def _open(self, utterance: Utterance) -> _Live:
        logger.debug('utterance %.60r is heard, %d Hz', utterance.id, utterance.sample_rate)
        hearing = Hearing(utterance, self._reorder_s, self._max_gap_s)
        session = self._new_session(utterance.sample_rate, utterance.ordinal)
        return _Live(hearing, session, self._style, self._clock(), self._now_ns())

    def _new_session(self, sample_rate: int, utterance: int) -> Session:
        seed, speaker, guidance_scale = self._style
        return Session(
            self._bundle,
            self._engine,
            sample_rate=sample_rate,
            seed=seed,
            utterance=utterance,
            speaker=speaker,
            foppas=dataclasses.replace(self._foppas, guidance_scale=guidance_scale),
            speech_encoder=self._speech_encoder,
            live=self._live_options,
        )

    def _tell_interrupt(self, epoch: int | None) -> None:
        if epoch is not None and self._on_interrupt is not None:
            try:
                self._on_interrupt(epoch)
            except Exception as error:
                self._counts['callback_errors'] += 1
                self._report('a receiver of interrupts failed', error)

    def _report(self, what: str, error: Exception) -> None:
        self._last_error = f'{what}: {one_line(error)}'
        logger.error('%s', self._last_error, exc_info=error)
