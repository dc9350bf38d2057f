"""The audio received of one utterance: its samples in order, and the time of each."""

import numpy as np

from diffsheg_model.audio.sample_clock import SampleClock
from diffsheg_ros.audio_in.audio_buffer import AudioBuffer
from diffsheg_ros.audio_in.counters import HearingCounters
from diffsheg_ros.audio_in.heard_chunk import HeardChunk, Utterance
from diffsheg_ros.audio_in.hearing_options import HearingOptions


class UtteranceAudio:
    """Takes the chunks of an utterance; belongs to one thread.

    The avatar and the speaker hear by the same rules, so that motion and sound agree.

    Attributes:
        utterance: the utterance.
        buffer: puts its chunks in order.
        clock: gives the times of samples, by their stamps.
        end_seen: True once the last chunk has come.
    """

    def __init__(self, utterance: Utterance, options: HearingOptions) -> None:
        """Begin without a chunk; the options limit waiting and gaps, see `AudioBuffer`."""
        self.utterance = utterance
        self.buffer = AudioBuffer(
            utterance.sample_rate,
            reorder_s=options.reorder_s,
            max_gap_s=options.max_gap_s,
            start_sample=utterance.origin_sample,
        )
        self.clock = SampleClock(utterance.sample_rate, utterance.origin_sample, utterance.start_ns)
        self.end_seen = False

    @property
    def complete(self) -> bool:
        """True if nothing more will come."""
        return self.end_seen and not self.buffer.waiting

    def take(self, chunk: HeardChunk) -> np.ndarray | None:
        """Take a chunk.

        Returns:
            (n,) float32: what is now contiguous, see `AudioBuffer.push`. None where the chunk does
            not belong here; `buffer.resync_at` then says whether the sound has jumped to it.
        """
        self.end_seen = self.end_seen or chunk.end
        rejected = self.buffer.rejected_chunks
        samples = self.buffer.push(chunk.first_sample, chunk.samples)
        if self.buffer.rejected_chunks > rejected:
            return None
        if len(chunk.samples):
            self.clock.hear(chunk.first_sample, chunk.start_ns)
        return samples

    def counters(self) -> HearingCounters:
        """Return what was counted so far."""
        buffer = self.buffer
        return HearingCounters(
            lost_samples=buffer.lost_samples,
            repeated_samples=buffer.repeated_samples,
            late_samples=buffer.late_samples,
            reordered_chunks=buffer.reordered_chunks,
            rejected_chunks=buffer.rejected_chunks,
            clock_steps=self.clock.steps,
        )
