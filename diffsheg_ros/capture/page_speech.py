"""Speech from pages: a microphone's without delay, a recording in real time. Independent of ROS.

One page speaks at a time. A page that begins to speak interrupts the one before, as a new utterance
does at the avatar.
"""

import re
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from diffsheg_model.audio.sound_file import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.capture.outgoing_utterance import OutgoingUtterance

KINDS = ('microphone', 'file')
#: Seconds of a recording that may wait to be sent.
LONGEST_S = 620.0
#: The same limit in samples, for rates above 48 kHz.
MOST_SAMPLES = 620 * 48000
#: Nanoseconds that pieces of a recording are sent before they are heard.
AHEAD_NS = NS // 5
#: Seconds of sound in a piece.
PIECE_S = 0.04
#: Nanoseconds of difference from the clock above which the clock or the page has jumped. The speech
#: then continues from the present time.
JUMP_NS = NS


@dataclass
class _Speech:
    """An utterance of a page."""

    utterance: OutgoingUtterance
    speaker: int
    kind: str
    start_ns: int | None = None  # time of its first sample; None before the first
    complete: bool = False

    def heard_ns(self) -> int:
        """Return the time at which the next sample is heard, nanoseconds."""
        assert self.start_ns is not None
        return self.start_ns + self.utterance.sent * NS // self.utterance.sample_rate

    def piece(self, most: int, end: bool = False) -> AudioPiece:
        """Take the next samples, at most `most`."""
        return self.utterance.piece(most, self.heard_ns(), end)


class PageSpeech:
    """The speech of pages; all methods may be called from any thread.

    A `speaker` is the number of the page that speaks.

    Attributes:
        dropped: messages of samples from pages that were interrupted.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._lock = threading.Lock()
        self._live: _Speech | None = None
        self._ended: deque[_Speech] = deque(
            maxlen=4
        )  # interrupted; their last piece is not sent yet
        self._count = 0
        self._microphones: dict[str, int] = {}
        self._interrupted: set[int] = set()  # interrupted pages, which may not know it yet

    def begin(
        self, speaker: int, kind: object, name: object, rate: object, now_ns: int
    ) -> int | None:
        """Begin the speech of a page.

        Args:
            speaker: the page.
            kind: one of `KINDS`.
            name: becomes part of the utterance's name.
            rate: sample rate, Hz.
            now_ns: the present time.

        Returns:
            The page that is interrupted; None if no page spoke.

        Raises:
            InputError: kind, name or rate is invalid.
        """
        if kind not in KINDS or not isinstance(name, str):
            raise InputError(f'speech must be of kind {" or ".join(KINDS)} and have a name')
        if not isinstance(rate, int | float) or not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
            raise InputError(
                f'speech must have {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} samples a second'
            )
        plain = re.sub(r'[^\w.-]+', '_', name)[:60] or kind
        with self._lock:
            interrupted = self._interrupt()
            self._interrupted.discard(speaker)
            self._count += 1
            utterance_id = f'{plain}-{now_ns}-{self._count}'
            self._live = _Speech(OutgoingUtterance(utterance_id, int(rate)), speaker, str(kind))
            if kind == 'microphone':
                # The page must not play its own microphone. Only the newest are remembered.
                self._microphones[utterance_id] = speaker
                for old in list(self._microphones)[:-32]:
                    del self._microphones[old]
        return interrupted

    def add(self, speaker: int, data: bytes) -> None:
        """Add samples of a page, float32.

        Raises:
            InputError: the page does not speak, has sent too much, or the bytes are not samples.
        """
        if not data or len(data) % 4:
            raise InputError(f'{len(data)} bytes are not float32 samples')
        samples = np.frombuffer(data, dtype='<f4')
        with self._lock:
            live = self._live
            if speaker in self._interrupted:
                self.dropped += 1
                return
            if live is None or live.speaker != speaker or live.complete:
                raise InputError('begin to speak before sending samples')
            utterance = live.utterance
            most = min(round(LONGEST_S * utterance.sample_rate), MOST_SAMPLES)
            if utterance.waiting + len(samples) > most:
                self._interrupt()
                longest_s = most / utterance.sample_rate
                raise InputError(f'the recording is longer than {longest_s:g} s: cut off there')
            utterance.push(samples)

    def end(self, speaker: int) -> None:
        """Mark the speech of a page as complete; what waits is still sent."""
        with self._lock:
            if self._live is None or self._live.speaker != speaker:
                return
            self._live.complete = True

    def leave(self, speaker: int) -> None:
        """Remove a page, and drop its speech that was not sent yet."""
        with self._lock:
            if self._live is not None and self._live.speaker == speaker:
                self._interrupt()
            self._interrupted.discard(speaker)

    def stop(self) -> int | None:
        """Stop the present speech; return the page that spoke, or None."""
        with self._lock:
            return self._interrupt()

    def listener_of(self, utterance_id: str) -> int | None:
        """Return the page of the microphone that an utterance comes from, or None."""
        return self._microphones.get(utterance_id)

    def due(self, now_ns: int) -> list[AudioPiece]:
        """Return the pieces to publish now."""
        with self._lock:
            pieces = [old.piece(0, end=True) for old in self._ended if old.start_ns is not None]
            self._ended.clear()
            live = self._live
            if live is None:
                return pieces
            if live.start_ns is None and (live.utterance.waiting or live.complete):
                live.start_ns = now_ns
            if live.start_ns is not None and abs(live.heard_ns() - now_ns) > JUMP_NS:
                live.start_ns += now_ns - live.heard_ns()
            most = max(1, round(PIECE_S * live.utterance.sample_rate))
            until_ns = now_ns + AHEAD_NS
            while live.utterance.waiting and (
                live.kind == 'microphone' or live.heard_ns() <= until_ns
            ):
                pieces.append(live.piece(most))
            if live.complete and not live.utterance.waiting:
                pieces.append(live.piece(0, end=True))
                self._live = None
            return pieces

    def _interrupt(self) -> int | None:
        live, self._live = self._live, None
        if live is None:
            return None
        live.utterance.drop_waiting()
        self._ended.append(live)
        self._interrupted.add(live.speaker)
        return live.speaker
