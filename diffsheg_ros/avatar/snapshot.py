"""A snapshot of the avatar's node: what its diagnostics and its status line are made from."""

import dataclasses
from dataclasses import dataclass, field
from typing import Protocol

from diffsheg_ros.avatar.avatar import Avatar
from diffsheg_ros.avatar.counters import AvatarCounters, AvatarNodeCounters, MotionCounters
from diffsheg_ros.avatar.parameters import AvatarParameters
from diffsheg_ros.avatar.worker_stats import WorkerStats
from diffsheg_ros.diagnostics.counters import Counters


@dataclass(frozen=True)
class AvatarSnapshot:
    """State, settings and counters of the node at one moment.

    Attributes:
        lifecycle: 'unconfigured', 'inactive' or 'active'.
        failure: reason of the last failed transition; empty if the last one succeeded.
        state: what the avatar does, see `Pose`; the lifecycle state if the node is not active.
        utterance_id: of what is shown.
        namesakes: other nodes of the same full name.
        worker_alive: True while the worker's thread runs.
        publish_rate_hz: poses a second that the parameters ask for.
        fps: measured poses a second; 0 before the first measurement.
        latency_p50_s, latency_p95_s: seconds from the arrival of the first sample that a planned
            motion shows to its publication.
        preset: name of the preset.
        hop, lookahead, provisional: how speech is planned while it is heard, frames; all 0 for
            whole windows.
        hop_s: new motion of a window.
        engine, precision, bundle: names of the engine, its arithmetic and the model.
        engine_why: reason for the choice of the first engine.
        last_fallback: the newest `Fallback` as text; empty before the first.
        playout_delay_s: seconds from hearing a sample to showing its motion.
        counters: all counters; before the node is configured, those of the node alone.
        gap: cause that no pose is published; empty while poses are published.
        paused: reason for which no pose is published, if that is no fault.
        last_gap: cause of the newest gap; empty before the first.
        last_pose_error: the newest error in computing a pose.
        layer_error: name and error of the layer of motion that failed last.
        last_refusal: topic and reason of the newest refused message; empty before the first.
        worker: state and counters of the worker; None if there is none.
    """

    lifecycle: str
    failure: str = ''
    state: str = ''
    utterance_id: str = ''
    namesakes: int = 0
    worker_alive: bool = False
    publish_rate_hz: float = 0.0
    fps: float = 0.0
    latency_p50_s: float = 0.0
    latency_p95_s: float = 0.0
    preset: str = ''
    hop: int = 0
    lookahead: int = 0
    provisional: int = 0
    hop_s: float = 0.0
    engine: str = ''
    precision: str = ''
    engine_why: str = ''
    last_fallback: str = ''
    bundle: str = ''
    playout_delay_s: float = 0.0
    counters: Counters = field(default_factory=AvatarNodeCounters)
    gap: str = ''
    paused: str = ''
    last_gap: str = ''
    last_pose_error: str = ''
    layer_error: str = ''
    last_refusal: str = ''
    worker: WorkerStats | None = None


class PoseState(Protocol):
    """Publishing of poses; see `PoseTimer`."""

    gaps: int
    gap: str
    last_gap: str
    paused: str


def with_avatar(
    snapshot: AvatarSnapshot, avatar: Avatar, parameters: AvatarParameters, poses: PoseState
) -> AvatarSnapshot:
    """Return a node's snapshot completed with the avatar's state and counters.

    Args:
        snapshot: the node's own state and counters.
        avatar: the configured avatar.
        parameters: of the node.
        poses: publishing of poses.
    """
    live, emphases, fallbacks = avatar.live, avatar.timeline.emphases, avatar.engine.fallbacks
    motion = MotionCounters(
        fallbacks=len(fallbacks),
        underruns=avatar.playout.underruns,
        late_windows=avatar.late_windows,
        rejected_emphases=emphases.rejected,
        dropped_emphases=emphases.dropped,
        late_emphases=emphases.late,
        pose_errors=avatar.guard.errors,
        layer_failures=avatar.timeline.optional.failures,
    )
    gaps = AvatarNodeCounters(pose_gaps=poses.gaps)
    worker = avatar.stats()
    return dataclasses.replace(
        snapshot,
        gap=poses.gap,
        last_gap=poses.last_gap,
        paused=poses.paused,
        worker_alive=avatar.running,
        publish_rate_hz=parameters.publish_rate_hz,
        latency_p50_s=avatar.latency.percentile(50),
        latency_p95_s=avatar.latency.percentile(95),
        preset=parameters.preset,
        hop=live.hop if live else 0,
        lookahead=live.lookahead if live else 0,
        provisional=live.provisional if live else 0,
        hop_s=avatar.hop_s,
        engine=avatar.engine.name,
        precision=avatar.engine.precision,
        engine_why=avatar.engine.why,
        last_fallback=str(fallbacks[-1]) if fallbacks else '',
        bundle=avatar.bundle.config.name,
        playout_delay_s=avatar.playout_delay_s,
        last_pose_error=avatar.guard.last_error,
        layer_error=avatar.timeline.optional.last_errors,
        counters=AvatarCounters.total(snapshot.counters, motion, gaps, worker.counters),
        worker=worker,
    )
