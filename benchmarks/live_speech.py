"""Speech in small chunks, sent as a microphone does: after the last sample was heard. No ROS."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece

#: Seconds of a chunk.
CHUNK_S = 0.02


@dataclass(frozen=True, eq=False)
class Spoken:
    """An utterance with the times at which its samples are heard.

    Attributes:
        id: its name.
        samples: (n,) mono, -1..1.
        rate: Hz, nominal.
        start_ns: time at which its first sample is heard.
        drift_ppm: parts per million by which the sender is faster than its nominal rate.
        chunk_s: seconds of a chunk.
    """

    id: str
    samples: np.ndarray
    rate: int
    start_ns: int
    drift_ppm: float = 0.0
    chunk_s: float = CHUNK_S

    @property
    def chunk(self) -> int:
        """Number of samples in a chunk."""
        return max(1, round(self.chunk_s * self.rate))

    @property
    def true_rate(self) -> float:
        """Samples that the sender really sends in a second."""
        return self.rate * (1 + self.drift_ppm * 1e-6)

    @property
    def end_ns(self) -> int:
        """Time at the end of the last sample."""
        return self.heard_ns(len(self.samples))

    def heard_ns(self, sample: int) -> int:
        """Return the time at which a sample is heard."""
        return self.start_ns + round(sample * NS / self.true_rate)

    def pieces(self) -> Iterator[AudioPiece]:
        """Yield its chunks, stamped with the time at which their first sample is heard."""
        for first in range(0, len(self.samples), self.chunk):
            samples = self.samples[first : first + self.chunk]
            end = first + self.chunk >= len(self.samples)
            stamp_ns = self.heard_ns(first)
            yield AudioPiece(self.id, first, self.rate, samples, stamp_ns, end)


@dataclass(frozen=True, eq=False)
class Faces:
    """Received `face` messages, in order.

    Attributes:
        ids: (F,) names of the utterances that they show; empty while idle.
        stamps_ns: (F,) stamps.
        received_ns: (F,) times of arrival.
    """

    ids: np.ndarray
    stamps_ns: np.ndarray
    received_ns: np.ndarray


def latencies_s(
    faces: Faces, spoken: Spoken, published_ns: np.ndarray, delay_ns: int
) -> np.ndarray:
    """Return the time from publishing a sample to receiving its face, for an utterance's faces.

    Args:
        faces: received messages.
        spoken: the utterance.
        published_ns: (chunks,) times at which its chunks were published.
        delay_ns: the avatar's playout delay: a face stamped s shows the sample of s - delay.

    Returns:
        (n,) seconds.
    """
    shown_ns = faces.stamps_ns - delay_ns - spoken.start_ns
    chunks = np.floor(shown_ns / NS * spoken.true_rate / spoken.chunk).astype(np.int64)
    mine = (faces.ids == spoken.id) & (chunks >= 0) & (chunks < len(published_ns))
    return (faces.received_ns[mine] - published_ns[chunks[mine]]) / NS


def planned_errors_s(first_ns: np.ndarray, spoken: Spoken, delay_ns: int, fps: float) -> np.ndarray:
    """Return the delay of planned frames after their sound.

    Args:
        first_ns: (n,) times of frames of an utterance's motion.
        spoken: the utterance; frame k belongs to its nominal time k / fps.
        delay_ns: the avatar's playout delay.
        fps: frames per second of the motion.

    Returns:
        (n,) seconds, less than half a frame either way.
    """
    nominal_s = (first_ns - delay_ns - spoken.start_ns) / NS * spoken.true_rate / spoken.rate
    return nominal_s - np.round(nominal_s * fps) / fps
