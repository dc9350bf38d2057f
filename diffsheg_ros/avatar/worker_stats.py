"""What the worker tells its operators."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkerStats:
    """What an operator wants to know. Counters count from the worker's making.

    Attributes:
        state: 'stopped', 'idle' (no utterance) or 'speaking'.
        utterance_id: of the utterance under way, or empty.
        epoch: the newest.
        queue_chunks: chunks that wait.
        queue_s: seconds of audio that wait, in chunks or as features.
        latency_p50_s, latency_p95_s: time that generating a window took, of the last 256; 0
            before the first.
        generated_fps: frames generated per second of that time.
        windows, frames: generated.
        long_hops: windows that brought more frames than a hop, because there was no time for more.
        idle_windows: windows of idle motion.
        utterances, interrupts: begun, interrupted.
        failed_windows: windows left out because the engine raised, hung or gave no finite numbers
            and no other took over.
        callback_errors: windows whose receiver raised.
        stalls: utterances ended because no audio came any more.
        resyncs: utterances begun anew because their sound jumped.
        clock_steps: times that the stamps of an utterance stepped, see `SampleClock`.
        dropped_chunks, stale_chunks, rate_changes: see `Inbox`.
        rejected_chunks, untimely_chunks, unstamped_chunks, early_chunks, sender_mistakes: see
            `Remarks`.
        lost_samples, repeated_samples, late_samples, reordered_chunks: see `AudioBuffer`.
        remarks: texts for these by name, see `Remarks`.
        last_error: the newest failure in one line, or empty.
    """

    state: str
    utterance_id: str
    epoch: int
    queue_chunks: int
    queue_s: float
    latency_p50_s: float
    latency_p95_s: float
    generated_fps: float
    windows: int
    frames: int
    long_hops: int
    idle_windows: int
    utterances: int
    interrupts: int
    failed_windows: int
    callback_errors: int
    stalls: int
    resyncs: int
    clock_steps: int
    dropped_chunks: int
    stale_chunks: int
    rejected_chunks: int
    rate_changes: int
    untimely_chunks: int
    unstamped_chunks: int
    early_chunks: int
    sender_mistakes: int
    remarks: dict[str, str]
    lost_samples: int
    repeated_samples: int
    late_samples: int
    reordered_chunks: int
    last_error: str
