"""One configured avatar: engine, worker and timeline put together. No ROS in it."""

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from diffsheg_model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from diffsheg_model.engines.create import create_serving_engine
from diffsheg_model.engines.fallback import FallbackEngine
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import create_speech_encoder
from diffsheg_model.features.stream import SETTLING_S
from diffsheg_model.session.presets import PRESETS, live_options, with_preset
from diffsheg_model.session.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.avatar.idle import IdleHooks
from diffsheg_ros.avatar.parameters import AvatarParameters
from diffsheg_ros.avatar.pose_guard import PoseGuard
from diffsheg_ros.avatar.worker import MotionWorker
from diffsheg_ros.avatar.worker_stats import WorkerStats
from diffsheg_ros.diagnostics.meters import Arrivals, Spans
from diffsheg_ros.timeline.playout import PlannedMotion, Playout, Shown
from diffsheg_ros.timeline.timeline import Timeline

#: A live chunk comes when its last sample has been heard; so long are short ones.
CHUNK_S = 0.02
#: What a live window may take longer than in the warm-up without being late, as a share of a hop.
LIVE_MARGIN = 0.2
#: Whole windows: at least this beyond their length. Features hear `SETTLING_S` ahead of their
#: frame and audio comes in chunks; the rest is for the engine.
LEAST_MARGIN_S = 0.45
#: Plans that spans have changed are sent at most so often.
EMPHASIS_PERIOD_S = 0.2


class Avatar:
    """Hears audio and shows poses.

    `show` belongs to one thread; everything else may be called from any.

    Attributes:
        bundle: the model.
        engine: what runs it, and what takes over when that fails.
        timeline: what is planned.
        playout: the timeline in joint angles.
        guard: shows the playout, or the last pose where that fails.
        live: how speech is planned while it is heard; None for whole windows.
        playout_delay_s: from hearing a sample to showing its motion.
        hop_s: new motion of a window.
        warm_up_s: how long a window took before the first utterance.
        latency: seconds from the arrival of the first sample that a planned motion shows to its
            publication.
        late_windows: windows whose first new frame was due before it was there.
    """

    def __init__(
        self,
        parameters: AvatarParameters,
        on_planned: Callable[[PlannedMotion], None],
        now_ns: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Loads the bundle and the engine and warms it up; starts nothing.

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
        # What is planned is sent in the order of planning, whichever thread it comes from.
        self._planning = threading.Lock()
        self._now_ns = now_ns
        self._clock = clock
        preset = PRESETS[parameters.preset]
        self.bundle = with_preset(
            load_bundle(parameters.bundle or DEFAULT_BUNDLE), preset, parameters.sampler_options()
        )
        self.live = live = parameters.live_with_overrides(live_options(preset, self.bundle.config))
        format_ = self.bundle.config.format
        if live is not None:
            live.check(format_.window_frames, self.bundle.config.foppas)
        self._emphasising = threading.Lock()
        self._emphasised_ns: list[int] = []  # when spans begin that are not told yet
        self._emphasised_s = -math.inf
        self._arrivals = Arrivals()
        self.latency = Spans()
        self.late_windows = 0
        self.timeline = Timeline(
            format_,
            _rest_rotvecs(self.bundle),
            blend_s=parameters.blend_s,
            hold_s=parameters.hold_s,
        )
        self.playout = Playout(self.timeline, format_.fps, parameters.blend_s)
        self.guard = PoseGuard(self.playout)
        if parameters.stall_s < parameters.reorder_s:
            raise InputError(
                f'parameter stall_s = {parameters.stall_s}: must be at least reorder_s = '
                f'{parameters.reorder_s}'
            )
        encoder = create_speech_encoder(
            self.bundle, parameters.speech_encoder or None, parameters.engine_threads
        )
        self.engine = _serving_engine(parameters, self.bundle)
        try:
            self._worker = MotionWorker(
                self.bundle,
                self.engine,
                self._on_window,
                on_interrupt=self._on_interrupt,
                idle=IdleHooks(self._idle_from_ns, self._on_idle) if parameters.idle else None,
                now_ns=now_ns,
                live=live,
                seed=parameters.seed,
                speaker=parameters.style,
                speech_encoder=encoder,
                reorder_s=parameters.reorder_s,
                max_gap_s=parameters.max_gap_s,
                stall_s=parameters.stall_s,
                max_queue_s=parameters.max_queue_s,
                clock=clock,
            )
            self.warm_up_s = self._worker.warm_up()
        except BaseException:
            self.engine.close()
            raise
        overlap = self.bundle.config.foppas.overlap
        hop = format_.window_frames - overlap if live is None else live.hop
        self.hop_s = hop / format_.fps
        if live is None:
            lag_s = format_.window_frames / format_.fps
            margin_s = max(LEAST_MARGIN_S, SETTLING_S + 1.5 * self.warm_up_s)
        else:
            lag_s = live.lag_frames / format_.fps
            margin_s = CHUNK_S + self.warm_up_s + LIVE_MARGIN * self.hop_s
        self.playout_delay_s = parameters.playout_delay_s
        if self.playout_delay_s < 0:
            self.playout_delay_s = round(lag_s + margin_s, 3)
        self._worker.lead_s = self.playout_delay_s - lag_s
        self._delay_ns = round(self.playout_delay_s * NS)

    @property
    def running(self) -> bool:
        """Whether the worker's thread is alive."""
        return self._worker.running

    def start(self) -> None:
        """Starts the worker, at rest.

        Raises:
            InputError: a call of the engine from before the last `stop` has still not returned.
        """
        if self._worker.running:
            raise InputError('the engine is still busy with an earlier call; try again later')
        self._worker.start()

    def stop(self, timeout_s: float) -> bool:
        """Stops the worker; whether its thread ended within the limit."""
        return self._worker.stop(timeout_s)

    def close(self) -> None:
        """Frees the engine; one whose call has not returned, as soon as it does."""
        self.engine.close()

    def hear(self, piece: AudioPiece, arrival_ns: int | None = None) -> bool:
        """Take a piece of speech; see `Inbox.push`. Return whether all of it was taken.

        Args:
            piece: the speech.
            arrival_ns: when it came, by the clock of the stamps; None: stamps are not compared.
        """
        # What is not stamped stays so.
        shown_ns = piece.start_ns + self._delay_ns if piece.start_ns > 0 else 0
        taken = self._worker.push(
            *piece._replace(start_ns=shown_ns),
            arrival_ns=None if arrival_ns is None else arrival_ns + self._delay_ns,
        )
        if taken:
            shown_ns = self._worker.newest_ns
            until_ns = shown_ns + len(piece.samples) * NS // piece.sample_rate
            self._arrivals.add(shown_ns, until_ns, self._clock())
        return taken

    def show(self, time_ns: int) -> Shown:
        """Return face and body of now; ask in order of time."""
        return self.guard.show(time_ns)

    def interrupt(self) -> None:
        """Stops what is said and goes to rest."""
        self._worker.interrupt()

    def emphasise(self, start_ns: int, duration_s: float, gain: float) -> None:
        """Scales the size of the gesture while a span of audio is heard; see `Emphases`."""
        start_ns += self._delay_ns
        if not self.playout.take_emphasis(start_ns, duration_s, gain):
            return
        with self._emphasising:
            self._emphasised_ns.append(start_ns)
        self.tell_emphasised()

    def tell_emphasised(self) -> None:
        """Send what spans have changed since the last time, at most once in `EMPHASIS_PERIOD_S`.

        A plan of seconds takes as long to compute as a pose may, and spans come in crowds: many of
        them are told together. Call it with each pose.
        """
        with self._emphasising:
            starts_ns, now_s = sorted(self._emphasised_ns), self._clock()
            if not starts_ns or now_s - self._emphasised_s < EMPHASIS_PERIOD_S:
                return
            self._emphasised_ns, self._emphasised_s = [], now_s
        for start_ns in starts_ns:
            planned = self.playout.emphasised(start_ns)
            if planned is not None:  # else from there on it is too much to send again
                self._on_planned(planned)
                return

    def set_style(self, seed: int, speaker: int, guidance_scale: float | None) -> None:
        """Sets them for the windows from now on; see `MotionWorker.set_style`."""
        self._worker.set_style(seed, speaker, guidance_scale)

    def stats(self) -> WorkerStats:
        return self._worker.stats()

    def _on_interrupt(self, epoch: int) -> None:
        with self._planning:
            self._on_planned(self.playout.interrupt(self._now_ns(), epoch))

    def _idle_from_ns(self) -> int:
        """When the body has nothing to do that is planned."""
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


def _rest_rotvecs(bundle: Bundle) -> np.ndarray:
    format_ = bundle.config.format
    joints = bundle.skeleton.indices(format_.joint_names + format_.face_joint_names)
    return np.asarray(bundle.skeleton.rest)[joints]
