"""What is known of a configured avatar, for its diagnostics."""

import dataclasses
from typing import Protocol

from diffsheg_ros.avatar.avatar import Avatar
from diffsheg_ros.avatar.health import Facts
from diffsheg_ros.avatar.parameters import AvatarParameters


class PoseState(Protocol):
    """Publishing of poses; see `PoseTimer`."""

    gaps: int
    gap: str
    last_gap: str
    paused: str


def with_avatar(
    facts: Facts, avatar: Avatar, parameters: AvatarParameters, poses: PoseState
) -> Facts:
    """Return facts of a node with those of its avatar.

    Args:
        facts: what the node knows and counts itself.
        avatar: the configured avatar.
        parameters: of the node.
        poses: publishing of poses.
    """
    live, emphases, fallbacks = avatar.live, avatar.timeline.emphases, avatar.engine.fallbacks
    counters = {
        **facts.counters,
        'fallbacks': len(fallbacks),
        'underruns': avatar.playout.underruns,
        'late_windows': avatar.late_windows,
        'rejected_emphases': emphases.rejected,
        'dropped_emphases': emphases.dropped,
        'late_emphases': emphases.late,
        'pose_errors': avatar.guard.errors,
        'layer_failures': avatar.timeline.optional.failures,
    }
    counters['pose_gaps'] += poses.gaps
    return dataclasses.replace(
        facts,
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
        counters=counters,
        worker=avatar.stats(),
    )
