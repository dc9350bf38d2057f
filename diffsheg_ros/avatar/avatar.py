"""One configured avatar: engine, worker and timeline put together. No ROS in it."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from diffsheg_model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from diffsheg_model.config import BundleConfig
from diffsheg_model.engines.create import create_serving_engine
from diffsheg_model.engines.fallback import FallbackEngine
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import create_speech_encoder
from diffsheg_model.features.stream import SETTLING_S
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.presets import PRESETS, live_options, with_preset
from diffsheg_model.session.session import MotionWindow
from diffsheg_model.session.session_options import SessionOptions
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.avatar.clocks import Clocks
from diffsheg_ros.avatar.emphasis_batch import EmphasisBatch
from diffsheg_ros.avatar.idle import IdleHooks
from diffsheg_ros.avatar.parameters import AvatarParameters
from diffsheg_ros.avatar.pose_guard import PoseGuard
from diffsheg_ros.avatar.worker import MotionWorker
from diffsheg_ros.avatar.worker_stats import WorkerStats
from diffsheg_ros.diagnostics.meters import Arrivals, Spans
from diffsheg_ros.timeline.playout import PlannedMotion, Playout, Shown
from diffsheg_ros.timeline.timeline import Timeline

#: Seconds. A live chunk comes when its last sample has been heard; short chunks are this long.
CHUNK_S = 0.02
#: Share of a hop by which a live window may take longer than in the warm-up and not be late.
LIVE_MARGIN = 0.2
#: Seconds of delay beyond the length of whole windows, at least. Features hear `SETTLING_S` ahead
#: of their frame and audio comes in chunks; the rest is for the engine.
LEAST_MARGIN_S = 0.45


class Avatar:
    """Speech in, poses out.

    `show` belongs to one thread; everything else may be called from any.

    Attributes:
        bundle: the model.
        engine: runs the model, with others that take over when it fails.
        timeline: planned motion.
        playout: the timeline in joint angles.
        guard: shows the playout, or the last pose where that fails.
        live: options for planning speech while it is heard; None for whole windows.
        playout_delay_s: seconds from hearing a sample to showing its motion.
        hop_s: seconds of new motion in a window.
        warm_up_s: seconds that a window took before the first utterance.
        latency: seconds from the arrival of the first sample that a planned motion shows to its
            publication.
        late_windows: windows that came after their first new frame was due.
    """

    def __init__(
        self,
        parameters: AvatarParameters,
        on_planned: Callable[[PlannedMotion], None],
        now_ns: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load the bundle and the engine and warm it up; start nothing.

        Args:
            parameters: of the node.
            on_planned: called with everything newly planned, from the worker's thread or the one
                that interrupts.
            now_ns: the clock of the audio's stamps.
            clock: seconds, to measure durations with.

        Raises:
            InputError: a parameter does not fit the model, or the bundle or engine is unusable.
        """
        self._on_planned = on_planned
        # Plans are sent in the order in which they were made, in whichever thread.
        self._planning = threading.Lock()
        self._now_ns = now_ns
        self._clock = clock
        preset = PRESETS[parameters.preset]
        self.bundle = with_preset(
            load_bundle(parameters.bundle or DEFAULT_BUNDLE), preset, parameters.sampler_options()
        )
        self.live = parameters.live_with_overrides(live_options(preset, self.bundle.config))
        self._emphases = EmphasisBatch(clock)
        self._arrivals = Arrivals()
        self.latency = Spans()
        self.late_windows = 0
        self.timeline = _timeline(parameters, self.bundle)
        fps = self.bundle.config.format.fps
        self.playout = Playout(self.timeline, fps, parameters.blend_s)
        self.guard = PoseGuard(self.playout)
        self.engine, self._worker = self._engine_and_worker(parameters)
        try:
            self.warm_up_s = self._worker.warm_up()
        except BaseException:
            self.engine.close()
            raise
        self.hop_s = _hop_s(self.bundle.config, self.live)
        lag_s, margin_s = self._lag_and_margin_s()
        self.playout_delay_s = parameters.playout_delay_s
        if self.playout_delay_s < 0:
            self.playout_delay_s = round(lag_s + margin_s, 3)
        self._worker.lead_s = self.playout_delay_s - lag_s
        self._delay_ns = round(self.playout_delay_s * NS)

    def _engine_and_worker(
        self, parameters: AvatarParameters
    ) -> tuple[FallbackEngine, MotionWorker]:
        hearing = parameters.hearing_options()
        session = SessionOptions(
            seed=parameters.seed,
            speaker=parameters.style,
            live=self.live,
            speech_encoder=create_speech_encoder(
                self.bundle, parameters.speech_encoder or None, parameters.engine_threads
            ),
        )
        session.check(self.bundle.config)
        engine = _serving_engine(parameters, self.bundle)
        worker = MotionWorker(
            self.bundle,
            engine,
            self._on_window,
            on_interrupt=self._on_interrupt,
            idle=IdleHooks(self._idle_from_ns, self._on_idle) if parameters.idle else None,
            session=session,
            hearing=hearing,
            clocks=Clocks(self._now_ns, self._clock),
        )
        return engine, worker

    def _lag_and_margin_s(self) -> tuple[float, float]:
        """Return the lag of windows behind the sound, and the time to leave for generating them."""
        format_, live = self.bundle.config.format, self.live
        if live is None:
            margin_s = max(LEAST_MARGIN_S, SETTLING_S + 1.5 * self.warm_up_s)
            return format_.window_frames / format_.fps, margin_s
        margin_s = CHUNK_S + self.warm_up_s + LIVE_MARGIN * self.hop_s
        return live.lag_frames / format_.fps, margin_s

    @property
    def running(self) -> bool:
        """True while the worker's thread is alive."""
        return self._worker.running

    def start(self) -> None:
        """Start the worker, at rest.

        Raises:
            InputError: a call of the engine from before the last `stop` has still not returned.
        """
        if self._worker.running:
            raise InputError('the engine is still busy with an earlier call; try again later')
        self._worker.start()

    def stop(self, timeout_s: float) -> bool:
        """Stop the worker; return True if its thread ended within the limit."""
        return self._worker.stop(timeout_s)

    def close(self) -> None:
        """Free the engine; if a call of it is still under way, as soon as that returns."""
        self.engine.close()

    def hear(self, piece: AudioPiece) -> bool:
        """Take a piece of speech; see `Inbox.push`. Return True if all of it was taken."""
        # A piece without a stamp stays without one.
        shown_ns = piece.start_ns + self._delay_ns if piece.start_ns > 0 else 0
        arrival_ns = None if piece.arrival_ns is None else piece.arrival_ns + self._delay_ns
        taken = self._worker.push(piece._replace(start_ns=shown_ns, arrival_ns=arrival_ns))
        if taken:
            shown_ns = self._worker.newest_ns
            until_ns = shown_ns + len(piece.samples) * NS // piece.sample_rate
            self._arrivals.add(shown_ns, until_ns, self._clock())
        return taken

    def show(self, time_ns: int) -> Shown:
        """Return face and body of now; ask in order of time."""
        return self.guard.show(time_ns)

    def interrupt(self) -> None:
        """Stop the speech under way and go to rest."""
        self._worker.interrupt()

    def emphasise(self, start_ns: int, duration_s: float, gain: float) -> None:
        """Scale the gesture while a span of audio is heard; see `Emphases`."""
        start_ns += self._delay_ns
        if not self.playout.emphasise(start_ns, duration_s, gain):
            return
        self._emphases.add(start_ns)
        self.tell_emphasised()

    def tell_emphasised(self) -> None:
        """Publish what new spans have changed, at most once in `EMPHASIS_PERIOD_S`.

        Call it with each pose.
        """
        for start_ns in self._emphases.due():
            planned = self.playout.emphasised(start_ns)
            if planned is not None:  # else from there on it is too much to send again
                self._on_planned(planned)
                return

    def set_style(self, seed: int, speaker: int, guidance_scale: float | None) -> None:
        """Set a style for the windows from now on; see `MotionWorker.set_style`."""
        self._worker.set_style(seed, speaker, guidance_scale)

    def stats(self) -> WorkerStats:
        return self._worker.stats()

    def _on_interrupt(self, epoch: int) -> None:
        with self._planning:
            self._on_planned(self.playout.interrupt(self._now_ns(), epoch))

    def _idle_from_ns(self) -> int:
        """Return the time from which on nothing is planned for the body."""
        now_ns, planned_ns = self._now_ns(), self.timeline.planned_until_ns
        # Speech that has not begun leaves something to do until then.
        if planned_ns is None or self.timeline.label(now_ns)[0] == 'idle':
            return now_ns
        return max(now_ns, planned_ns)

    def _on_idle(self, start_ns: int, window: MotionWindow) -> None:
        with self._planning:
            planned = self.playout.plan_idle(start_ns, window)
            if planned is not None:
                self._on_planned(planned)

    def _on_window(
        self, epoch: int, utterance_id: str, start_ns: int, window: MotionWindow
    ) -> None:
        with self._planning:
            planned = self.playout.plan(epoch, utterance_id, start_ns, window)
            if planned is None:
                return
            self._on_planned(planned)
        # The last one may only say again what was there before.
        if window.final_frames and not window.last:
            frame_ns = start_ns + round(window.start_frame * NS / self.bundle.config.format.fps)
            if frame_ns < self._now_ns():
                self.late_windows += 1
            arrived_s = self._arrivals.arrived_s(frame_ns)
            if arrived_s is not None:
                self.latency.add(self._clock() - arrived_s)


def _serving_engine(parameters: AvatarParameters, bundle: Bundle) -> FallbackEngine:
    return create_serving_engine(
        parameters.engine,
        bundle,
        parameters.engine_threads,
        precision=parameters.engine_precision,
        provider=parameters.engine_provider,
        cache=Path(parameters.engine_cache) if parameters.engine_cache else None,
        timeout_s=parameters.engine_timeout_s,
        fallback=parameters.engine_fallback,
    )


def _timeline(parameters: AvatarParameters, bundle: Bundle) -> Timeline:
    format_, skeleton = bundle.config.format, bundle.skeleton
    joints = skeleton.indices(format_.joint_names + format_.face_joint_names)
    return Timeline(
        format_,
        np.asarray(skeleton.rest)[joints],
        blend_s=parameters.blend_s,
        hold_s=parameters.hold_s,
    )


def _hop_s(config: BundleConfig, live: LiveOptions | None) -> float:
    """Return the seconds of new motion in a window."""
    format_ = config.format
    frames = format_.window_frames - config.foppas.overlap if live is None else live.hop
    return frames / format_.fps
