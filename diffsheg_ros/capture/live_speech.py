"""Cutting of an endless sound stream, such as a microphone's, into utterances and chunks.

Samples are counted, and their times follow the times of the blocks slowly. So a late block or an
inexact clock of the sound card causes no gap. Lost sound is replaced by silence, so that later
sound keeps its time.
"""

import math

import numpy as np

from diffsheg_model.audio.sample_clock import STEP_AFTER_S, STEP_NS, SampleClock
from diffsheg_model.audio.sound_file import check_sample_rate, check_samples
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.capture.counters import StreamCounters
from diffsheg_ros.capture.outgoing_utterance import OutgoingUtterance
from diffsheg_ros.capture.parameters import SpeechParameters
from diffsheg_ros.capture.speech_gate import (
    Gate,
    OpenGate,
    SileroDetector,
    SpeechGate,
    SpeechSegment,
)

#: Nanoseconds of lost sound up to which it is replaced by silence; more ends the utterance.
BRIDGED_NS = NS
#: Level of digital silence, dBFS.
SILENCE_DB = -120.0


class LiveSpeech:
    """A cutter of one stream into utterances; for use in one thread.

    Attributes:
        sample_rate: Hz, of the newest block; 0 before the first.
        utterance_id: the present utterance; empty between utterances.
        counters: utterances begun, samples lost, breaks.
    """

    def __init__(self, name: str, parameters: SpeechParameters) -> None:
        """Load the detector of speech.

        Args:
            name: beginning of the utterances' names.
            parameters: parameters of the cutting.

        Raises:
            InputError: the detector is not installed.
        """
        self._name = name
        self._parameters = parameters
        self._detector = SileroDetector() if parameters.gate == 'vad' else None
        self.sample_rate = 0
        self.counters = StreamCounters()
        self._clock: SampleClock | None = None  # None between streams
        self._back_since: int | None = None  # sample since which times lie in the past
        self._gate: Gate = OpenGate()
        self._received = 0  # samples of the stream so far
        self._utterance: OutgoingUtterance | None = None
        self._begun_at = 0  # index in the stream of the utterance's first sample
        self._power = 0.0  # sum of squares since the last call of level_db
        self._power_samples = 0  # number of samples in that sum

    @property
    def utterance_id(self) -> str:
        return self._utterance.utterance_id if self._utterance else ''

    def push(
        self, samples: np.ndarray, sample_rate: int, captured_ns: int, after_loss: bool = False
    ) -> list[AudioPiece]:
        """Append the next block.

        Args:
            samples: (n,) float32 mono, -1..1.
            sample_rate: Hz.
            captured_ns: approximate time of the first sample, nanoseconds.
            after_loss: True if sound is known to be missing before the block.

        Returns:
            The pieces to send now.

        Raises:
            InputError: the rate or the samples are invalid; the block is left out.
        """
        check_sample_rate(sample_rate)
        check_samples(samples)
        pieces: list[AudioPiece] = []
        if sample_rate != self.sample_rate:
            self.counters.breaks += self._clock is not None
            pieces += self.end()
            self.sample_rate = sample_rate
        if self._clock is None:
            self._begin(captured_ns)
        pieces += self._follow_clock(captured_ns, after_loss)
        return pieces + self._pass_gate(np.array(samples, np.float32))

    def end(self) -> list[AudioPiece]:
        """End the stream; return the rest of the present utterance, if there is one."""
        if self._clock is None:
            return []
        pieces = self._cut(self._gate.finish())
        self._clock = None
        return pieces

    def level_db(self) -> float:
        """Return the mean level since the last call, dBFS (0: a full-scale square wave)."""
        power = self._power / self._power_samples if self._power_samples else 0.0
        self._power, self._power_samples = 0.0, 0
        return 10 * math.log10(power) if power > 10 ** (SILENCE_DB / 10) else SILENCE_DB

    def _begin(self, captured_ns: int) -> None:
        self._clock = SampleClock(self.sample_rate, 0, captured_ns)
        self._received = 0
        self._back_since = None
        parameters = self._parameters
        if self._detector is None:
            self._gate = OpenGate()
        else:
            self._gate = SpeechGate(
                self._detector,
                self.sample_rate,
                probability=parameters.speech_probability,
                pre_roll_s=parameters.pre_roll_s,
                hangover_s=parameters.hangover_s,
            )

    def _follow_clock(self, captured_ns: int, after_loss: bool) -> list[AudioPiece]:
        """Adjust the clock to the next block, and replace lost sound before it by silence."""
        assert self._clock is not None
        steps = self._clock.steps
        late_ns = captured_ns - self._clock.time_ns(self._received)
        self._clock.hear(self._received, captured_ns)
        stepped = self._clock.steps != steps or self._stepped_back(late_ns)
        if not (after_loss and late_ns > 0) and not stepped:
            return []
        if not 0 < late_ns <= BRIDGED_NS:
            self.counters.breaks += 1
            pieces = self.end()
            self._begin(captured_ns)
            return pieces
        missing = late_ns * self.sample_rate // NS
        self.counters.lost_samples += missing
        pieces = self._pass_gate(np.zeros(missing, np.float32))
        self._clock = SampleClock(self.sample_rate, self._received, captured_ns)
        return pieces

    def _stepped_back(self, late_ns: int) -> bool:
        """Return True if blocks had times before the end of the sound for `STEP_AFTER_S`.

        A `SampleClock` never goes back, since a sender may send sound ahead of time. A device
        captures in real time, so in its case the clock itself was set back.
        """
        if late_ns >= -STEP_NS:
            self._back_since = None
            return False
        if self._back_since is None:
            self._back_since = self._received
        return self._received - self._back_since >= STEP_AFTER_S * self.sample_rate

    def _pass_gate(self, samples: np.ndarray) -> list[AudioPiece]:
        self._power += float(np.square(samples, dtype=np.float64).sum())
        self._power_samples += len(samples)
        self._received += len(samples)
        return self._cut(self._gate.push(samples))

    def _cut(self, segments: list[SpeechSegment]) -> list[AudioPiece]:
        """Cut sound that passed the gate into chunks; the remainder ends the utterance."""
        pieces: list[AudioPiece] = []
        chunk = max(1, round(self._parameters.chunk_ms * self.sample_rate / 1000))
        for segment in segments:
            if segment.begins:
                self.counters.utterances += 1
                begin_ns, number = self._time_ns(segment.first_sample), self.counters.utterances
                name = f'{self._name}-{begin_ns}-{number}'
                self._utterance = OutgoingUtterance(name, self.sample_rate)
                self._begun_at = segment.first_sample
            utterance = self._utterance
            assert utterance is not None
            utterance.push(segment.samples)
            while utterance.waiting >= chunk:
                pieces.append(self._piece(utterance, chunk))
            if segment.ends:
                pieces.append(self._piece(utterance, chunk, end=True))
                self._utterance = None
        return pieces

    def _piece(self, utterance: OutgoingUtterance, most: int, end: bool = False) -> AudioPiece:
        return utterance.piece(most, self._time_ns(self._begun_at + utterance.sent), end)

    def _time_ns(self, sample: int) -> int:
        assert self._clock is not None
        return self._clock.time_ns(sample)
