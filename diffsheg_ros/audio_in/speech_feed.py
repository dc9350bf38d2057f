"""Speech in its order and at its times, for listeners that pass it on to a page or a file."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece, spoken_ns
from diffsheg_ros.audio_in.heard_chunk import HeardChunk, Utterance
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.audio_in.inbox import Inbox
from diffsheg_ros.audio_in.utterance_audio import UtteranceAudio

#: Pieces that are given at once, at most.
_MOST_PIECES = 500


class Sound(NamedTuple):
    """Samples that follow on those before them.

    Attributes:
        utterance_id: the utterance that they belong to.
        first_sample: index of the first of them within it.
        start_ns: when the first of them is heard, by the clock of the stamps.
        samples: (n,) float32.
        sample_rate: Hz.
    """

    utterance_id: str
    first_sample: int
    start_ns: int
    samples: np.ndarray
    sample_rate: int


class SpeechFeed:
    """Takes pieces as they come and gives them when they are due, by the rules of `Inbox`.

    What waits is bounded in seconds and bytes. Belongs to one thread.

    Attributes:
        overdue: pieces left out because their time was over.
    """

    def __init__(
        self,
        options: HearingOptions = HearingOptions(),  # noqa: B008 (frozen)
    ) -> None:
        """Start without speech."""
        self.overdue = 0
        self._inbox = Inbox(options.max_queue_s, options.reorder_s)
        self._options = options
        self._stall_ns = round(options.stall_s * NS)
        self._audio: UtteranceAudio | None = None
        self._arrived_ns = 0

    @property
    def left_out(self) -> int:
        """Pieces that were not taken: no audio, too many, or overdue."""
        inbox = self._inbox
        counts = inbox.counters
        rejected = counts.rejected_chunks + counts.rate_changes
        return rejected + counts.dropped_chunks + self.overdue

    @property
    def queued_s(self) -> float:
        """Seconds of speech that wait."""
        return self._inbox.queued_s

    @property
    def end_ns(self) -> int:
        """Time at which the last sample that has come is heard; 0 where there is none."""
        return self._inbox.placement.end_ns or 0

    def hear(self, piece: AudioPiece, arrival_ns: int) -> bool:
        """Take a piece of speech; return whether it interrupted the utterance before.

        Args:
            piece: the speech.
            arrival_ns: when it came, by the clock of the stamps.
        """
        self._arrived_ns = arrival_ns + spoken_ns(piece)
        return self._inbox.push(piece._replace(arrival_ns=arrival_ns))[1] is not None

    def interrupt(self) -> None:
        """Forget what waits and what still comes of the utterance under way."""
        self._inbox.interrupt()

    def due(
        self, until_ns: int, *, now_ns: int, late_ns: int, over_ns: int | None = None
    ) -> Iterator[Sound]:
        """Give the speech that is heard up to a time and was not given yet.

        Args:
            until_ns: the time, by the clock of the stamps.
            now_ns: the time by the clock of the arrivals.
            late_ns: missing samples that are heard before this time are not waited for.
            over_ns: speech that is over before this time is left out and counted.
        """
        for _ in range(_MOST_PIECES):
            audio, front = self._audio, self._inbox.front()
            if audio is not None and self._inbox.is_stale(audio.utterance.epoch):
                self._audio = None
                continue
            if front is None:
                break
            if audio is not None and front.utterance is not audio.utterance:
                yield from self._given(self._finish(audio), over_ns)
                continue
            next_ns = front.start_ns
            if audio is not None:
                next_ns = audio.clock.time_ns(audio.buffer.next_sample)
            if next_ns > until_ns:
                break
            chunk = self._inbox.take()
            if chunk is not None:
                yield from self._given(self._take(chunk), over_ns)
        audio = self._audio
        if audio is None:
            return
        stalled = now_ns - self._arrived_ns > self._stall_ns and self._inbox.front() is None
        if stalled and self._inbox.current is audio.utterance:
            self._inbox.stall(audio.utterance)
            yield from self._given(self._finish(audio), over_ns)
        elif audio.buffer.waiting and (audio.clock.time_ns(audio.buffer.next_sample) < late_ns):
            yield from self._given(self._sound(audio, audio.buffer.flush()), over_ns)

    def _take(self, chunk: HeardChunk) -> Sound | None:
        audio = self._audio_of(chunk.utterance)
        samples = audio.take(chunk)
        if audio.buffer.resync_at is not None:
            moved = self._inbox.restart(chunk)
            if moved is not None:
                audio = self._audio_of(moved[0].utterance)
                samples = audio.take(moved[0])
        sound = None if samples is None else self._sound(audio, samples)
        if audio.complete:
            self._audio = None
            self._inbox.close(audio.utterance)
        return sound

    def _finish(self, audio: UtteranceAudio) -> Sound | None:
        """End an utterance; return what was held back of it."""
        self._audio = None
        self._inbox.close(audio.utterance)
        return self._sound(audio, audio.buffer.flush())

    def _audio_of(self, utterance: Utterance) -> UtteranceAudio:
        if self._audio is None or self._audio.utterance is not utterance:
            self._audio = UtteranceAudio(utterance, self._options)
        return self._audio

    def _sound(self, audio: UtteranceAudio, samples: np.ndarray) -> Sound | None:
        if not len(samples):
            return None
        utterance = audio.utterance
        first = audio.buffer.next_sample - len(samples)
        start_ns = audio.clock.time_ns(first)
        return Sound(utterance.id, first, start_ns, samples, utterance.sample_rate)

    def _given(self, sound: Sound | None, over_ns: int | None) -> Iterator[Sound]:
        if sound is None:
            return
        end_ns = sound.start_ns + len(sound.samples) * NS // sound.sample_rate
        if over_ns is not None and end_ns < over_ns:
            self.overdue += 1
            return
        yield sound
