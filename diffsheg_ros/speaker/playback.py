"""Playback of one utterance: its samples in order, each at its time."""

from collections import deque
from collections.abc import Iterator

import numpy as np

from diffsheg_model.audio.interpolation import half_width, read_at
from diffsheg_ros.audio_in.audio_buffer import EMPTY
from diffsheg_ros.audio_in.heard_chunk import HeardChunk, Utterance
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.audio_in.utterance_audio import UtteranceAudio
from diffsheg_ros.speaker.counters import PlaybackCounters

#: Largest relative change of the playback speed; 0.1 % is a sixtieth of a semitone.
MOST_STRETCH = 1e-3
#: Seconds off its time from which sound skips or waits even within a word; a frame of motion lasts
#: 0.067 s.
MOST_OFF_S = 0.06
#: Seconds off its time from which sound skips or waits in quiet places.
QUIET_OFF_S = 0.02
#: Amplitude below which sound is quiet; full scale is 1.
QUIET = 0.003
#: Seconds of a fade where sound is cut off, or begins in the middle.
FADE_S = 0.005

#: Seconds of sound kept before the playback position: more than a block and the interpolation
#: filter need.
_KEPT_S = 0.5
#: Stamps that may wait until their sample is heard.
_MOST_STAMPS = 1000


class UtterancePlayback:
    """Playback of an utterance: takes chunks and returns blocks of sound, in one thread.

    Times are those of the stamps, without the playout delay.

    Attributes:
        utterance: the utterance.
        audio: its chunks, in order.
        position: index of the next sample to be heard, with a fraction; None before the first.
        fade: length of a fade, samples of the loudspeaker.
    """

    def __init__(self, utterance: Utterance, device_rate: int, hearing: HearingOptions) -> None:
        """Start without sound.

        Args:
            utterance: the utterance.
            device_rate: sample rate of the loudspeaker, Hz.
            hearing: limits for putting chunks in order.
        """
        self.utterance = utterance
        self.audio = UtteranceAudio(utterance, hearing)
        self.position: float | None = None
        self._counts = PlaybackCounters()
        self._step = utterance.sample_rate / device_rate
        self.fade = round(FADE_S * device_rate)
        self._waiting = False  # True while silent until `position` is due
        self._starving = False
        self._samples = EMPTY  # the first one has index _first
        self._first = utterance.origin_sample
        self._stamps: deque[tuple[int, int]] = deque(maxlen=_MOST_STAMPS)

    @property
    def complete(self) -> bool:
        """True if no more samples will come."""
        return self.audio.complete

    @property
    def exhausted(self) -> bool:
        """True if all samples that have come were heard."""
        return self.position is not None and self.position >= self.audio.buffer.next_sample

    @property
    def begin_ns(self) -> int:
        """Time at which its first sample is heard."""
        return self.audio.clock.time_ns(self.utterance.origin_sample)

    @property
    def known_until_ns(self) -> int:
        """Time at which the first missing sample is heard."""
        return self.audio.clock.time_ns(self.audio.buffer.next_sample)

    def counters(self) -> PlaybackCounters:
        """Return what was counted so far."""
        counters = PlaybackCounters(**(self._counts.values() | self.audio.counters().values()))
        counters.late_samples = self._counts.late_samples
        return counters

    def take(self, chunk: HeardChunk) -> bool:
        """Take a chunk; return True if the sound has jumped to it (`AudioBuffer.resync_at`)."""
        samples = self.audio.take(chunk)
        if samples is not None:
            self._append(samples)
            if len(chunk.samples):
                self._stamps.append((chunk.first_sample, chunk.start_ns))
        return self.audio.buffer.resync_at is not None

    def play(self, begin_ns: int, end_ns: int, frames: int) -> np.ndarray:
        """Return the next block of sound; it follows the previous one.

        Args:
            begin_ns, end_ns: times of the block.
            frames: samples of the block at the loudspeaker's rate.

        Returns:
            (frames,) float32; silence before the utterance and for missing sound.
        """
        due, until = self.audio.clock.sample_at(begin_ns), self.audio.clock.sample_at(end_ns)
        nominal = frames * self._step
        if self.position is None:
            if until <= self.utterance.origin_sample:
                return np.zeros(frames, np.float32)
            self.position = due
        # After a forward step of the stamps there is time without sound.
        paused = until - due < nominal / 2
        if self._waiting:
            if paused or until <= self.position:
                return np.zeros(frames, np.float32)
            return self._resume(max(due, self.position), until, frames)
        stretch = MOST_STRETCH * nominal
        end = max(until, self.position + nominal - stretch)
        end = min(end, self.position + nominal + stretch)
        sound = self._read(self.position, end, frames)
        if end > self.audio.buffer.next_sample and not self._starving and not self.complete:
            self._counts.starvations += 1
            self._starving = True
        quiet = np.abs(sound).max(initial=0.0) < QUIET
        most = (QUIET_OFF_S if quiet else MOST_OFF_S) * self.utterance.sample_rate
        if due - self.position < -most or (paused and end > until):
            self._counts.waits += 1
            self._waiting = True
            self.fade_out(sound, self.fade)
        elif due - self.position > most:
            self._counts.skips += 1
            self.fade_out(sound, self.fade)
            sound += self._resume(due, until, frames)
        else:
            self.position = end
        return sound

    def fade_out(self, sound: np.ndarray, end: int) -> None:
        """Make a block silent from index `end` on, with a fade before it; in place."""
        begin = max(0, end - self.fade)
        faded = sound[begin:end]
        faded *= np.linspace(1, 0, end - begin, dtype=np.float32)[: len(faded)]
        sound[end:] = 0

    def heard(self) -> Iterator[tuple[int, int]]:
        """Yield the first sample of each chunk before `position`, with its stamp; each once."""
        while self.position is not None and self._stamps and self._stamps[0][0] < self.position:
            yield self._stamps.popleft()

    def _resume(self, first: float, until: float, frames: int) -> np.ndarray:
        """Return a block that ends in time, with the sound from sample `first` on."""
        begin = until - frames * self._step
        sound = self._read(begin, until, frames)
        silent = min(max(0, round((first - begin) / self._step)), frames)
        sound[:silent] = 0
        faded = sound[silent : silent + self.fade]
        faded *= np.linspace(0, 1, self.fade, dtype=np.float32)[: len(faded)]
        self._waiting = False
        self.position = until
        return sound

    def _read(self, begin: float, end: float, frames: int) -> np.ndarray:
        buffer = self.audio.buffer
        if buffer.waiting and end + half_width(self._step) > buffer.next_sample:
            # Missing samples have not come in time, so the later ones are played.
            self._append(buffer.flush())
        positions = np.linspace(begin, end, frames, endpoint=False) - self._first
        return read_at(self._samples, positions, self._step)

    def _append(self, samples: np.ndarray) -> None:
        if not len(samples):
            return
        self._starving = False
        end = self.audio.buffer.next_sample
        if self.position is not None:
            late = int(self.position) - end + len(samples)
            self._counts.late_samples += min(max(0, late), len(samples))
            kept = int(self.position - _KEPT_S * self.utterance.sample_rate)
            if (gone := kept - self._first) > 0:
                self._samples = self._samples[gone:]
                self._first = min(kept, end - len(samples))
        self._samples = np.concatenate([self._samples, samples]) if len(self._samples) else samples
