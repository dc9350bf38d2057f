"""Speech from a page: a microphone as it comes, a recording at the pace of hearing. No ROS in it.

One speaks at a time; who begins takes the word, as a new utterance does at the avatar.
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
#: What may wait, of a recording that is sent at once.
LONGEST_S = 620.0
#: The same in samples, for rates above 48 kHz.
MOST_SAMPLES = 620 * 48000
#: Pieces of a recording go out so long before they are heard, and are so long.
AHEAD_NS = NS // 5
PIECE_S = 0.04
#: Who is farther off the clock than this has jumped, or stood still: it goes on from now.
JUMP_NS = NS


@dataclass
class _Speech:
    """An utterance of a page."""

    utterance: OutgoingUtterance
    speaker: int
    kind: str
    start_ns: int | None = None  # when its first sample is heard; None before the first came
    complete: bool = False

    def heard_ns(self) -> int:
        """When the next sample is heard."""
        assert self.start_ns is not None
        return self.start_ns + self.utterance.sent * NS // self.utterance.sample_rate

    def piece(self, most: int, end: bool = False) -> AudioPiece:
        """The next samples that wait, at most so many."""
        return self.utterance.piece(most, self.heard_ns(), end)


class PageSpeech:
    """What pages say; all methods may be called from any thread. A speaker is a page's number.

    Attributes:
        dropped: messages of samples from pages that had lost the word.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._lock = threading.Lock()
        self._live: _Speech | None = None
        self._ended: deque[_Speech] = deque(maxlen=4)  # that still owe their last chunk
        self._count = 0
        self._microphones: dict[str, int] = {}
        self._wordless: set[int] = set()  # who was cut off, and may not know yet

    def begin(
        self, speaker: int, kind: object, name: object, rate: object, now_ns: int
    ) -> int | None:
        """A page begins to speak.

        Returns:
            Who is cut off by that; None where nobody spoke.

        Raises:
            InputError: a kind, name or rate that is none.
        """
        if kind not in KINDS or not isinstance(name, str):
            raise InputError(f'speech must be of kind {" or ".join(KINDS)} and have a name')
        if not isinstance(rate, int | float) or not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
            raise InputError(
                f'speech must have {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} samples a second'
            )
        plain = re.sub(r'[^\w.-]+', '_', name)[:60] or kind
        with self._lock:
            cut = self._cut_off()
            self._wordless.discard(speaker)
            self._count += 1
            utterance_id = f'{plain}-{now_ns}-{self._count}'
            self._live = _Speech(OutgoingUtterance(utterance_id, int(rate)), speaker, str(kind))
            if kind == 'microphone':
                # Its own page must not play it again; the oldest are forgotten.
                self._microphones[utterance_id] = speaker
                for old in list(self._microphones)[:-32]:
                    del self._microphones[old]
        return cut

    def add(self, speaker: int, data: bytes) -> None:
        """Samples, float32.

        Raises:
            InputError: the page does not speak, has sent too much, or these are no samples.
        """
        if not data or len(data) % 4:
            raise InputError(f'{len(data)} bytes are no float32 samples')
        samples = np.frombuffer(data, dtype='<f4')
        with self._lock:
            live = self._live
            if speaker in self._wordless:
                self.dropped += 1
                return
            if live is None or live.speaker != speaker or live.complete:
                raise InputError('begin to speak before sending samples')
            utterance = live.utterance
            most = min(round(LONGEST_S * utterance.sample_rate), MOST_SAMPLES)
            if utterance.waiting + len(samples) > most:
                self._cut_off()
                longest_s = most / utterance.sample_rate
                raise InputError(f'the recording is longer than {longest_s:g} s: cut off there')
            utterance.add(samples)

    def end(self, speaker: int) -> None:
        """The page has said all; also when it is gone in the middle."""
        with self._lock:
            if self._live is None or self._live.speaker != speaker:
                return
            self._live.complete = True

    def leave(self, speaker: int) -> None:
        """The page is gone: what of its recording was not said yet is not said any more."""
        with self._lock:
            if self._live is not None and self._live.speaker == speaker:
                self._cut_off()
            self._wordless.discard(speaker)

    def stop(self) -> int | None:
        """Nothing more of what is being said; returns who is cut off, None where nobody spoke."""
        with self._lock:
            return self._cut_off()

    def listener_of(self, utterance_id: str) -> int | None:
        """The page whose microphone an utterance is; None where it is another one."""
        return self._microphones.get(utterance_id)

    def due(self, now_ns: int) -> list[AudioPiece]:
        """What is to be published now."""
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

    def _cut_off(self) -> int | None:
        live, self._live = self._live, None
        if live is None:
            return None
        live.utterance.drop_waiting()
        self._ended.append(live)
        self._wordless.add(live.speaker)
        return live.speaker
