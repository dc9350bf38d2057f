"""Playback of speech in time with its motion, without ROS and without a sound device.

The device asks for samples by its own clock, and the sender stamps chunks by another. The speaker
follows both clocks (`SampleClock`) and plays slightly faster or slower, so that neither drifts from
the ROS clock. Only larger errors make it skip or wait (`UtterancePlayback`).
"""

import statistics
from collections import deque

import numpy as np

from diffsheg_model.audio.interpolation import prepare_filter
from diffsheg_model.audio.sample_clock import SampleClock
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece, spoken_ns
from diffsheg_ros.audio_in.heard_chunk import HeardChunk
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.audio_in.inbox import Inbox
from diffsheg_ros.diagnostics.avatar_timing import Interrupts
from diffsheg_ros.speaker.counters import SpeakerCounters
from diffsheg_ros.speaker.playback import UtterancePlayback

#: Nanoseconds before their time at which chunks are put in order; until then they wait in the
#: inbox.
_AHEAD_NS = NS
#: Chunks taken for one block at most, so that the block is not late.
_MOST_CHUNKS = 50
#: Seconds after a start or an underrun for which the device's times are used unchanged. Then a
#: clock follows them slowly. It begins at their median, since it must begin right.
_SETTLE_S = 1.0
_REMEMBERED_STARTS = 100
_REMEMBERED_ERRORS = 256


class Speaker:
    """Player of chunks. The device's thread calls `pull`, the node's thread all other methods.

    Utterances begin, end and interrupt each other by the rules of `Inbox`, as at the avatar. A new
    one that cuts into another silences it within a block.

    Attributes:
        delay_ns: time from a sample's stamp to hearing it; nothing is heard while it is None.
        muted: True to play silence; speech that is due meanwhile is left out.
        utterance_id: the utterance that is heard; empty for none.
    """

    def __init__(
        self,
        hearing: HearingOptions = HearingOptions(),  # noqa: B008 (frozen)
    ) -> None:
        """Start without a device.

        Args:
            hearing: limits for putting chunks in order, and for the queue.
        """
        self.delay_ns: int | None = None
        self.muted = False
        self.utterance_id = ''
        self._inbox = Inbox(hearing.max_queue_s, hearing.reorder_s)
        self._interrupts = Interrupts()
        self._hearing = hearing
        self._stall_ns = round(hearing.stall_s * NS)
        self._rate = 0  # of the device, Hz
        self._clock: SampleClock | None = None  # follows the device
        self._played = self._settling_from = 0  # samples of the device
        self._starts_ns: deque[int] = deque(maxlen=_REMEMBERED_STARTS)
        self._playbacks: list[UtterancePlayback] = []  # the current one, then the next
        self._arrived, self._arrived_ns = False, 0  # True if a chunk came since the last block
        self._spoken_ns = 0  # length of the newest chunk
        self._errors: deque[float] = deque(maxlen=_REMEMBERED_ERRORS)
        self._counts = SpeakerCounters()

    # Called by the node

    def connect(self, device_rate: int) -> None:
        """Use a device with this sample rate, Hz; call it while no device calls `pull`."""
        self._rate = device_rate
        self._unsettle()
        self._playbacks.clear()

    def hear(self, piece: AudioPiece, arrival_ns: int | None = None) -> None:
        """Take a piece of speech as it came; see `Inbox.push`."""
        self._arrived = True
        self._spoken_ns = spoken_ns(piece)
        taken, interrupted = self._inbox.push(piece._replace(arrival_ns=arrival_ns))
        if interrupted is not None:
            self._interrupts.cut()
        if not taken:
            return
        prepare_filter(piece.sample_rate / self._rate)

    def interrupt(self) -> None:
        """Silence all speech that has come, and the rest of its last utterance."""
        self._inbox.interrupt()

    def update_interrupts(self, count: int) -> None:
        """Use the avatar's count of interrupts: fall silent after one made elsewhere."""
        if self._interrupts.update(count):
            self.interrupt()

    @property
    def state(self) -> str:
        """'speaking', 'waiting' (for the time of what has come) or 'idle'."""
        if self.utterance_id:
            return 'speaking'
        return 'waiting' if self._playbacks or len(self._inbox) else 'idle'

    @property
    def remarks(self) -> dict[str, str]:
        """Mistakes of senders by counter; see `Remarks`."""
        return self._inbox.remarks.texts

    @property
    def queue_s(self) -> float:
        """Seconds of audio that wait in the queue."""
        return self._inbox.queued_s

    @property
    def device_drift_ppm(self) -> float:
        """Parts per million by which the device plays slower than its nominal rate."""
        return 0.0 if self._clock is None else self._clock.drift_ppm

    def sync_errors_s(self) -> np.ndarray:
        """Return the delays (n,) of the last chunks against their stamps, seconds."""
        return np.array(self._errors.copy())

    def counters(self) -> SpeakerCounters:
        """Return what was counted so far; the node's own counters are 0."""
        playing = [playback.counters() for playback in self._playbacks.copy()]
        return SpeakerCounters.total(self._counts, self._inbox.counters, *playing)

    # Called by the device

    def pull(self, frames: int, heard_ns: int, underrun: bool = False) -> np.ndarray:
        """Return the next samples.

        Args:
            frames: number of samples.
            heard_ns: time at which the first one is heard, from the device, by the stamps' clock.
            underrun: True if the device had no samples to play before these.

        Returns:
            (frames,) float32, -1..1.
        """
        block = np.zeros(frames, np.float32)
        delay_ns = self.delay_ns
        if delay_ns is None or self.muted:
            self._unsettle()
            self.utterance_id = ''
            return block
        begin_ns, end_ns = (
            time_ns - delay_ns for time_ns in self._device_time(frames, heard_ns, underrun)
        )
        self._end_stalled(heard_ns)
        self._take_soon(end_ns)
        for playback in self._playbacks.copy():
            block += self._played_by(playback, begin_ns, end_ns, frames, heard_ns - delay_ns)
        heard = self._playbacks[0] if self._playbacks else None
        speaking = heard is not None and heard.position is not None
        self.utterance_id = heard.utterance.id if speaking else ''
        return block.clip(-1, 1)

    def _device_time(self, frames: int, heard_ns: int, underrun: bool) -> tuple[int, int]:
        """Return begin and end of the block, ns, by the clock that follows the device."""
        first = self._played
        self._played += frames
        if underrun:
            self._counts.device_underruns += 1
            self._unsettle()
        if self._clock is None:
            # The time of sample 0 that follows from each block.
            self._starts_ns.append(heard_ns - first * NS // self._rate)
            if first - self._settling_from < _SETTLE_S * self._rate:
                return heard_ns, heard_ns + frames * NS // self._rate
            start_ns = round(statistics.median(self._starts_ns))
            self._clock = SampleClock(self._rate, first, start_ns + first * NS // self._rate)
        self._clock.hear(first, heard_ns)
        return self._clock.time_ns(first), self._clock.time_ns(self._played)

    def _unsettle(self) -> None:
        """Restart the device's clock, because its time may have jumped."""
        self._clock = None
        self._starts_ns.clear()
        self._settling_from = self._played

    def _take_soon(self, end_ns: int) -> None:
        """Take the chunks from the inbox that are heard soon."""
        for _ in range(_MOST_CHUNKS):
            front = self._inbox.front()
            newest = self._playbacks[-1] if self._playbacks else None
            if front is None:
                return
            if newest is not None and newest.utterance is front.utterance:
                if newest.known_until_ns > end_ns + _AHEAD_NS:
                    return
            elif len(self._playbacks) > 1:
                return
            chunk = self._inbox.take()
            if chunk is not None and not self._inbox.is_stale(chunk.utterance.epoch):
                self._take(chunk)

    def _take(self, chunk: HeardChunk) -> None:
        if not self._playback_of(chunk).take(chunk):
            return
        moved = self._inbox.restart(chunk)
        if moved is not None:
            self._counts.resyncs += 1
            self._playback_of(moved[0]).take(moved[0])

    def _playback_of(self, chunk: HeardChunk) -> UtterancePlayback:
        for playback in self._playbacks:
            if playback.utterance is chunk.utterance:
                return playback
        self._playbacks.append(UtterancePlayback(chunk.utterance, self._rate, self._hearing))
        return self._playbacks[-1]

    def _played_by(
        self, playback: UtterancePlayback, begin_ns: int, end_ns: int, frames: int, heard_ns: int
    ) -> np.ndarray:
        """Return a playback's share of a block, and remove the playback when it is over."""
        sound = playback.play(begin_ns, end_ns, frames)
        for first_sample, stamp_ns in playback.heard():
            assert playback.position is not None
            since_s = (playback.position - first_sample) / playback.utterance.sample_rate
            self._errors.append((heard_ns - stamp_ns) / NS + frames / self._rate - since_s)
        following = self._playback_after(playback)
        if self._inbox.is_stale(playback.utterance.epoch):
            playback.fade_out(sound, min(frames, playback.fade))
            self._drop(playback)
        elif following is not None and following.begin_ns < end_ns:
            until = round((following.begin_ns - begin_ns) * self._rate / NS)
            playback.fade_out(sound, max(until, min(frames, playback.fade)))
            self._drop(playback)
        elif playback.exhausted and (
            playback.complete or self._inbox.current is not playback.utterance
        ):
            self._drop(playback)
        return sound

    def _playback_after(self, playback: UtterancePlayback) -> UtterancePlayback | None:
        index = self._playbacks.index(playback)
        return self._playbacks[index + 1] if index + 1 < len(self._playbacks) else None

    def _drop(self, playback: UtterancePlayback) -> None:
        self._playbacks.remove(playback)
        self._inbox.close(playback.utterance)
        self._counts = SpeakerCounters.total(self._counts, playback.counters())

    def _end_stalled(self, now_ns: int) -> None:
        """End an utterance without new chunks, as the avatar does."""
        if self._arrived:
            self._arrived, self._arrived_ns = False, now_ns
        current = self._inbox.current
        if current is not None and now_ns - self._arrived_ns > self._stall_ns + self._spoken_ns:
            self._counts.stalls += self._inbox.stall(current)
