"""The one thread that owns the engine: audio chunks in, windows of motion out.

Callbacks of a node only call `push` and `interrupt`, which never wait for the network. Neither a
chunk nor a failure of the engine ends the thread.
"""

import dataclasses
import logging
import threading
from collections.abc import Callable

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines import Engine
from diffsheg_model.errors import one_line
from diffsheg_model.sampling.plan import Cancelled
from diffsheg_model.session.session import MotionWindow, Session
from diffsheg_model.session.session_options import SessionOptions
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.heard_chunk import HeardChunk, Utterance
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.audio_in.inbox import Inbox
from diffsheg_ros.avatar.clocks import Clocks
from diffsheg_ros.avatar.counters import WorkerCounters
from diffsheg_ros.avatar.current_utterance import CurrentUtterance, NextStep
from diffsheg_ros.avatar.idle import IdleHooks, IdleMotion
from diffsheg_ros.avatar.warm_up import WARM_UP_RATE, warm_up
from diffsheg_ros.avatar.worker_stats import WindowTimes, WorkerStats
from diffsheg_ros.diagnostics.counters import Counters

logger = logging.getLogger(__name__)

OnWindow = Callable[[int, str, int, MotionWindow], None]
"""``on_window(epoch, utterance_id, start_ns, window)``, start_ns being the time of frame 0."""

#: Seconds between checks for idle motion.
_IDLE_POLL_S = 0.25
#: First ordinal of idle motion, which no utterance reaches: its noise is its own.
_IDLE_ORDINAL = 2**40


class MotionWorker:
    """Generates motion for the chunks that are pushed, one utterance after the other.

    Make it, optionally `warm_up`, `start`; `stop` and `start` again as often as you like. While
    it runs, the engine belongs to its thread.

    An utterance ends with its last chunk, when `interrupt` or a new utterance cuts into it, or when
    no chunk has come for `stall_s`: last chunks can be lost too.

    Attributes:
        lead_s: seconds before its first new frame is shown at which a live window is planned.
            Speech that comes earlier than that is waited for and planned in whole windows.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        on_window: OnWindow,
        *,
        on_interrupt: Callable[[int], None] | None = None,
        idle: IdleHooks | None = None,
        session: SessionOptions = SessionOptions(),  # noqa: B008 (frozen)
        hearing: HearingOptions = HearingOptions(),  # noqa: B008 (frozen)
        clocks: Clocks = Clocks(),  # noqa: B008 (frozen)
    ) -> None:
        """Check everything; start nothing.

        Args:
            bundle: the model.
            engine: the bundle's denoising network.
            on_window: called from the worker's thread with every window, in order.
            on_interrupt: called with the lowest epoch that is still wanted whenever an utterance
                was interrupted, at once, from the thread that caused it.
            idle: takes idle motion; None generates none.
            session: options of the sessions. Utterances are numbered from 0 at each start, so the
                first one moves as `generate` lets it move offline.
            hearing: how chunks are put in order, and how much of them may wait.
            clocks: of the chunks' times and of durations.

        Raises:
            InputError: a value is out of its range.
        """
        session.check(bundle.config)
        self._bundle = bundle
        self._engine = engine
        self._on_window = on_window
        self._on_interrupt = on_interrupt
        # Replaced as one, so that no window takes half of a change.
        self._options = session
        self._hearing = hearing
        self._clocks = clocks
        self.lead_s = 0.0
        self._idle: IdleMotion | None = None
        if idle is not None:
            self._idle = IdleMotion(
                idle,
                lambda rate, ordinal: self._new_session(rate, _IDLE_ORDINAL + ordinal),
                bundle.config.format,
                clocks.seconds,
            )
        self._inbox = Inbox(hearing.max_queue_s, hearing.reorder_s)
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._current: CurrentUtterance | None = None
        self._window_times = WindowTimes()
        self._counts = WorkerCounters()
        self._last_error = ''

    @property
    def running(self) -> bool:
        """True while its thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def newest_ns(self) -> int:
        """Time at which the first sample of the newest chunk is heard."""
        return self._inbox.placement.newest_ns

    def warm_up(self) -> float:
        """Generate some windows of silence; return the seconds that one took (see `warm_up`)."""
        if self.running:
            raise RuntimeError('warm_up while running')
        session = self._new_session(WARM_UP_RATE, 0)
        return warm_up(session, self._bundle.config, self._clocks.seconds)

    def start(self) -> None:
        """Start the thread; what was pushed before is forgotten."""
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
        """Stop within a time limit.

        Returns:
            True if the thread has ended. If not, a call of the engine is still under way; the
            thread ends after it and gives no more windows.
        """
        thread = self._thread
        if thread is None:
            return True
        self._stop.set()
        self._inbox.wake()
        thread.join(timeout_s)
        return not thread.is_alive()

    def push(self, piece: AudioPiece) -> bool:
        """Take a piece of speech as it came, without waiting; see `Inbox.push`.

        Returns:
            True if it was taken.
        """
        if self._stop.is_set() or not self.running:
            return False
        taken, interrupted = self._inbox.push(piece)
        self._tell_interrupt(interrupted)
        return taken

    def interrupt(self) -> int:
        """Drop the utterance and all that waits, even in the middle of a window.

        What the sender still sends of the utterance is ignored.

        Returns:
            The lowest epoch that is still wanted.
        """
        epoch = self._inbox.interrupt()
        self._tell_interrupt(epoch)
        return epoch

    def set_style(self, seed: int, speaker: int, guidance_scale: float | None = None) -> None:
        """Set a style (see `SessionOptions`) for the windows from now on; from any thread.

        Raises:
            InputError: a value is out of its range.
        """
        config = self._bundle.config
        self._options = self._options.restyled(config, seed, speaker, guidance_scale)

    def stats(self) -> WorkerStats:
        """Return a snapshot, from any thread."""
        current, inbox, times = self._current, self._inbox, self._window_times
        parts: list[Counters] = [self._counts, inbox.counters]
        if current is not None:
            parts.append(current.audio.counters())
        running = self.running and not self._stop.is_set()
        return WorkerStats(
            state='stopped' if not running else 'idle' if current is None else 'speaking',
            utterance_id='' if current is None or not running else current.utterance.id,
            epoch=inbox.epoch,
            queue_chunks=len(inbox),
            queue_s=inbox.queued_s + (0.0 if current is None else current.waiting_s),
            latency_p50_s=times.percentile_s(50),
            latency_p95_s=times.percentile_s(95),
            generated_fps=times.frames_per_s,
            counters=WorkerCounters.total(*parts),
            remarks=inbox.remarks.texts.copy(),
            last_error=self._last_error,
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
        """Do one step for the utterance under way; without one, begin the next or idle."""
        current = self._current
        if current is not None and self._inbox.is_stale(current.utterance.epoch):
            self._drop()
            current = None
        if current is None:
            self._begin_or_idle(stop)
            return
        step = current.next_step(self._inbox.front())
        if step in (NextStep.TAKE, NextStep.WAIT):
            wait_s = current.wait_s if step is NextStep.WAIT else 0.0
            chunk = self._inbox.take(wait_s, current.utterance.epoch)
            if chunk is not None:
                self._hear(chunk)
        elif step is NextStep.GENERATE:
            self._generate(current, stop)
        else:
            if step is NextStep.STALL:
                self._inbox.stall(current.utterance)
                self._counts.stalls += 1
                message = 'utterance %r: no audio for %g s; ended'
                logger.warning(message, current.utterance.id, self._hearing.stall_s)
            self._end(current)

    def _begin_or_idle(self, stop: threading.Event) -> None:
        """Take the first chunk of an utterance, or generate idle motion if that is due."""
        idle = self._idle
        due = idle is not None and idle.is_due()
        poll_s = None if idle is None else _IDLE_POLL_S
        chunk = self._inbox.take(0.0 if due else poll_s)
        if chunk is not None:
            self._hear(chunk)
        elif idle is not None and due and not stop.is_set():
            self._generate_idle(idle, stop)

    def _hear(self, chunk: HeardChunk) -> None:
        if self._inbox.is_stale(chunk.utterance.epoch):
            return
        current = self._current
        if current is None:
            current = self._begin(chunk.utterance)
        if current.hear(chunk):
            current = self._restart(chunk) or current
        if current.audio.complete:
            self._end(current)

    def _begin(self, utterance: Utterance) -> CurrentUtterance:
        logger.debug('utterance %.60r is heard, %d Hz', utterance.id, utterance.sample_rate)
        style = self._options
        self._current = CurrentUtterance(
            utterance,
            self._new_session(utterance.sample_rate, utterance.ordinal),
            style,
            hearing=self._hearing,
            clocks=self._clocks,
            format_=self._bundle.config.format,
            lead_s=self.lead_s,
        )
        return self._current

    def _restart(self, chunk: HeardChunk) -> CurrentUtterance | None:
        """Begin an utterance anew at a chunk that its sound has jumped to; None if it is over."""
        moved = self._inbox.restart(chunk)
        if moved is None:
            return None
        chunk, epoch = moved
        self._drop()
        self._counts.resyncs += 1
        self._tell_interrupt(epoch)
        logger.warning(
            'utterance %r: its sound jumped to sample %d; its motion starts anew there',
            chunk.utterance.id,
            chunk.first_sample,
        )
        current = self._begin(chunk.utterance)
        current.hear(chunk)
        return current

    def _end(self, current: CurrentUtterance) -> None:
        """Take no more audio for an utterance; what is left of it is generated."""
        self._inbox.close(current.utterance)
        current.end()

    def _generate(self, current: CurrentUtterance, stop: threading.Event) -> None:
        epoch = current.utterance.epoch

        def cancelled() -> bool:
            return stop.is_set() or self._inbox.is_stale(epoch)

        current.restyle(self._options)
        late = current.is_late
        begin_s = self._clocks.seconds()
        try:
            window = current.generate(cancelled)
        except Cancelled:
            return
        except Exception as error:
            self._counts.failed_windows += 1
            self._report('a window failed', error)
            current.skip()
            return
        if window is not None and not cancelled():
            # The window that only repeats provisional frames as final took no generating.
            if len(window.motion) and window.index == current.windows:
                self._count_window(current, window, self._clocks.seconds() - begin_s, late)
            self._counts.frames += window.final_frames
            self._deliver(current, window)
        if current.session.finished:
            self._drop()

    def _count_window(
        self, current: CurrentUtterance, window: MotionWindow, span_s: float, late: bool
    ) -> None:
        current.windows += 1
        self._counts.windows += 1
        self._window_times.add(span_s, window.final_frames)
        live = self._options.live
        if late and live is not None:
            self._counts.long_hops += window.final_frames > live.hop

    def _deliver(self, current: CurrentUtterance, window: MotionWindow) -> None:
        utterance = current.utterance
        logger.debug(
            'utterance %.60r: frames %d to %d planned, the first %d for good',
            utterance.id,
            window.start_frame,
            window.start_frame + len(window.motion),
            window.final_frames,
        )
        start_ns = current.start_ns(window)
        self._call(
            lambda: self._on_window(utterance.epoch, utterance.id, start_ns, window), 'motion'
        )

    def _drop(self) -> None:
        """Let go of the utterance under way; its counters stay."""
        current, self._current = self._current, None
        if current is not None:
            self._inbox.close(current.utterance)
            counters = current.audio.counters()
            counted = {name: count for name, count in counters.values().items() if count}
            logger.debug(
                'utterance %.60r is over: %d windows; chunks: %s',
                current.utterance.id,
                current.windows,
                ', '.join(f'{name} {count}' for name, count in counted.items()) or 'all in order',
            )
            self._counts = WorkerCounters.total(self._counts, counters)

    def _generate_idle(self, idle: IdleMotion, stop: threading.Event) -> None:
        """Generate the next window of idle motion; give way to speech."""
        try:
            idle.step(lambda: stop.is_set() or len(self._inbox) > 0, self._options)
            self._counts.idle_windows += 1
        except Cancelled:
            return
        except Exception as error:
            idle.put_off()
            self._counts.failed_windows += 1
            self._report('idle motion failed', error)

    def _new_session(self, sample_rate: int, utterance: int) -> Session:
        options = dataclasses.replace(self._options, utterance=utterance)
        return Session(self._bundle, self._engine, options, sample_rate=sample_rate)

    def _tell_interrupt(self, epoch: int | None) -> None:
        receiver = self._on_interrupt
        if epoch is not None and receiver is not None:
            self._call(lambda: receiver(epoch), 'interrupts')

    def _call(self, receiver: Callable[[], None], what: str) -> None:
        try:
            receiver()
        except Exception as error:
            self._counts.callback_errors += 1
            self._report(f'a receiver of {what} failed', error)

    def _report(self, what: str, error: Exception) -> None:
        self._last_error = f'{what}: {one_line(error)}'
        logger.error('%s', self._last_error, exc_info=error)
