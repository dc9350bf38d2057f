"""The network's input features, computed frame by frame from a stream of audio."""

import math
from dataclasses import dataclass

import numpy as np

from diffsheg_model.audio.resampling import StreamResampler
from diffsheg_model.audio.sound_file import check_sample_rate, check_samples
from diffsheg_model.config import FeatureConfig
from diffsheg_model.errors import InputError
from diffsheg_model.features.extrapolation import extrapolate
from diffsheg_model.features.mel import FFT_SIZE, hop_length, mel_frame, transform_mel
from diffsheg_model.features.speech_encoder import SpeechEncoder, resample_features

#: Seconds from the end of a frame's sound until its features are final, at most: half an FFT and
#: the delays of resampling.
SETTLING_S = 0.24
#: Seconds of sound that resampling needs before the first correct sample.
_FILTER_S = 0.1


@dataclass(frozen=True)
class Features:
    """Features of consecutive frames.

    Attributes:
        mel: (T, mel_bins) float32, transformed as ``FeatureConfig.mel_transform`` says. The default
            'power' is the published power, 0 or more.
        speech: (T, S) float32, or None without a speech encoder.
    """

    mel: np.ndarray
    speech: np.ndarray | None


class FeatureStream:
    """Features of one utterance, computed while its audio arrives.

    The audio is resampled from its own rate to 16 kHz, and then to the mel rate, as published.
    Every bit of the features depends on the audio alone, and not on how it is cut into chunks.
    Speech features depend on the requested frames too.

    Frame k is ready when all audio that it needs has arrived. Its mel needs half an FFT (57 ms)
    beyond k / fps, and each stage of resampling adds up to 0.06 s.

    Attributes:
        config, fps, sample_rate: as given.
        frames_ready: number of frames with final features.
        total_frames: frames of the whole utterance, None before ``finish``. For n samples at the
            mel rate this is floor(n / hop), because the published last frame is dropped.
    """

    def __init__(
        self,
        config: FeatureConfig,
        fps: float,
        sample_rate: int,
        speech_encoder: SpeechEncoder | None = None,
        *,
        ahead: bool = False,
    ) -> None:
        """Start a stream.

        Args:
            config: kinds and rates of the features.
            fps: frames a second; divides ``config.mel_rate``.
            sample_rate: rate of the audio, 8000..192000 Hz.
            speech_encoder: the encoder that ``config.speech_encoder`` names; None for 'none'.
            ahead: True if `features_ahead` will be called, which needs more of the sound.

        Raises:
            InputError: the rate is unusable, or the config names another encoder.
        """
        check_sample_rate(sample_rate)
        if (speech_encoder is None) != (config.speech_encoder == 'none'):
            given = 'none' if speech_encoder is None else 'one'
            raise InputError(
                f'the model was made for speech encoder {config.speech_encoder!r}, but got {given}'
            )
        self.config = config
        self.fps = fps
        self.sample_rate = sample_rate
        self.frames_ready = 0
        self.total_frames: int | None = None
        self._encoder = speech_encoder
        self._to_speech_rate = StreamResampler(sample_rate, config.sample_rate)
        self._to_mel_rate = StreamResampler(config.sample_rate, config.mel_rate)
        self._hop = hop_length(config.mel_rate, fps)
        self._mel_frame = mel_frame(config.mel_rate, config.mel_bins)
        self._context_frames = round(config.speech_context_s * fps)
        self._speech_audio = _Tail()
        # The signal for mel frames begins with half an FFT of zeros, so that frame k starts at
        # sample k * hop.
        self._mel_audio = _Tail()
        self._mel_audio.append(np.zeros(FFT_SIZE // 2, np.float32))
        self._mel: list[np.ndarray] = []
        self._first_frame = 0
        self._samples_heard = 0
        self._heard = _Tail() if ahead else None  # at its own rate
        # Input samples between two that coincide with samples of all rates.
        self._grid = sample_rate // math.gcd(sample_rate, config.sample_rate, config.mel_rate)
        self._settling = math.ceil(SETTLING_S * fps)

    @property
    def frames_heard(self) -> int:
        """Number of frames with all of their own sound, ready or not."""
        return int(self._samples_heard * self.fps / self.sample_rate)

    def push(self, samples: np.ndarray, *, checked: bool = False) -> None:
        """Append the next samples.

        Args:
            samples: (n,) at ``sample_rate``, full scale 1.
            checked: True for samples that have passed `check_samples`, which is then skipped.

        Raises:
            InputError: samples are not finite or far beyond full scale; none is appended.
        """
        if self.total_frames is not None:
            raise RuntimeError('push after finish')
        samples = np.asarray(samples, np.float32)
        if samples.ndim != 1:
            raise ValueError(f'samples must be (n,), not {samples.shape}')
        if not checked:
            check_samples(samples)
        self._samples_heard += len(samples)
        if self._heard is not None:
            self._heard.append(samples)
        self._take(self._to_speech_rate.push(samples))

    def finish(self) -> None:
        """End the utterance, so that silence follows its last sample. Idempotent."""
        if self.total_frames is not None:
            return
        self._take(self._to_speech_rate.finish())
        self._mel_audio.append(self._to_mel_rate.finish())
        self.total_frames = (self._mel_audio.end - FFT_SIZE // 2) // self._hop
        self._mel_audio.append(np.zeros(FFT_SIZE // 2, np.float32))
        self._compute_mel(self.total_frames)

    def features(self, start: int, end: int) -> Features:
        """Return the features of frames [start, end), all ready and none forgotten.

        Silence precedes frame 0, and follows the end of a finished utterance. The audio for speech
        features begins ``speech_context_s`` before ``start``, or with the utterance, and ends at
        ``end``. It is encoded at once and resampled linearly to its frames.
        """
        last = end if self.total_frames is None else min(end, self.total_frames)
        if not self._first_frame <= max(0, start) < last <= self.frames_ready:
            raise IndexError(
                f'frames [{start}, {end}) are not all in [{self._first_frame}, {self.frames_ready})'
            )
        return self._assembled(start, end, self._mel_of(start, last), self._audio_of(start, last))

    def features_ahead(self, start: int, end: int, heard: int) -> Features:
        """Return the features of frames [start, end) from the sound before frame ``heard`` alone.

        `extrapolate` continues the sound from there on, and silence precedes the utterance. Sound
        that arrived later makes no difference.

        Args:
            start: first frame, may be negative; no frame from it on is forgotten.
            end: the frame after the last one, at least ``heard``.
            heard: 1..frames_heard.
        """
        if not (1 <= heard <= self.frames_heard and start < heard <= end):
            raise IndexError(
                f'frames [{start}, {end}) with {heard} heard: {self.frames_heard} have been'
            )
        settled = max(0, heard - self._settling, self._first_frame)
        audio_ahead, mel_ahead = self._ahead(settled, end, heard)
        mel = self._mel_of(start, settled) + mel_ahead[max(0, start - settled) :]
        audio = np.concatenate([self._audio_of(start, settled), audio_ahead])
        return self._assembled(start, end, mel, audio)

    def forget(self, before_frame: int) -> None:
        """Drop data that only frames before ``before_frame`` need, so that memory stays flat."""
        before_frame = min(before_frame, self.frames_ready)
        if before_frame > self._first_frame:
            del self._mel[: before_frame - self._first_frame]
            self._first_frame = before_frame
            self._speech_audio.forget(self._speech_sample(before_frame - self._context_frames))
            if self._heard is not None:
                self._heard.forget(self._first_sample_ahead(before_frame - self._settling))

    def _take(self, samples: np.ndarray) -> None:
        if self._encoder is not None:
            self._speech_audio.append(samples)
        self._mel_audio.append(self._to_mel_rate.push(samples))
        # A frame exists if a whole hop follows it, and is known if half an FFT follows it. The
        # zeros at the start of the signal do not count as a hop.
        exist = (self._mel_audio.end - FFT_SIZE // 2) // self._hop
        known = (self._mel_audio.end - FFT_SIZE) // self._hop + 1
        self._compute_mel(min(exist, known))

    def _compute_mel(self, frames: int) -> None:
        for frame in range(self.frames_ready, frames):
            start = frame * self._hop
            self._mel.append(self._mel_frame(self._mel_audio.cut(start, start + FFT_SIZE)))
        self.frames_ready = max(self.frames_ready, frames)
        self._mel_audio.forget(self.frames_ready * self._hop)

    def _mel_of(self, start: int, end: int) -> list[np.ndarray]:
        """Return the mel power of the utterance's frames in [start, end)."""
        return self._mel[max(0, start) - self._first_frame : end - self._first_frame]

    def _audio_of(self, start: int, end: int) -> np.ndarray:
        """Return the utterance's audio for the speech features of frames [start, end)."""
        first = self._speech_sample(start - self._context_frames)
        return self._speech_audio.cut(first, self._speech_sample(end))

    def _assembled(
        self, start: int, end: int, mel: list[np.ndarray], audio: np.ndarray
    ) -> Features:
        """Return the features of frames [start, end).

        Args:
            start, end: the frames.
            mel: mel power from frame max(0, start) on; silence follows it.
            audio: audio as from `_audio_of`; silence follows it.
        """
        power = np.zeros((end - start, self.config.mel_bins), np.float32)
        before = max(0, -start)
        power[before : before + len(mel)] = mel
        features = transform_mel(power, self.config.mel_transform)
        if self._encoder is None:
            return Features(features, None)
        first = min(start, max(0, start - self._context_frames))
        silence = np.zeros(self._speech_sample(-first), np.float32)
        length = self._speech_sample(end) - self._speech_sample(first)
        sound = np.concatenate([silence, audio, np.zeros(length - len(audio), np.float32)])
        speech = resample_features(self._encoder.encode(sound), end - first)[start - end :]
        return Features(features, speech)

    def _ahead(self, settled: int, end: int, heard: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return audio and mel power of frames [settled, end) for `features_ahead`."""
        config = self.config
        assert self._heard is not None
        first = self._first_sample_ahead(settled)
        last = math.ceil(heard * self.sample_rate / self.fps - 1e-6)
        beyond_s = (end - heard) / self.fps + FFT_SIZE / config.mel_rate + _FILTER_S
        sound = extrapolate(
            self._heard.cut(first, last), math.ceil(beyond_s * self.sample_rate), self.sample_rate
        )
        audio = _resampled(sound, self.sample_rate, config.sample_rate)
        mel_audio = _resampled(audio, config.sample_rate, config.mel_rate)
        # As in the stream, half an FFT of zeros precedes the utterance's first sample.
        before = settled * self._hop - FFT_SIZE // 2 - first * config.mel_rate // self.sample_rate
        mel_audio = np.concatenate([np.zeros(max(0, -before), np.float32), mel_audio])
        starts = [max(0, before) + index * self._hop for index in range(end - settled)]
        offset = first * config.sample_rate // self.sample_rate
        return (
            audio[self._speech_sample(settled) - offset : self._speech_sample(end) - offset],
            [self._mel_frame(mel_audio[start : start + FFT_SIZE]) for start in starts],
        )

    def _first_sample_ahead(self, settled: int) -> int:
        """Return the first input sample that `_ahead` needs."""
        before_s = FFT_SIZE / 2 / self.config.mel_rate + _FILTER_S
        sample = int((settled / self.fps - before_s) * self.sample_rate)
        return max(0, sample // self._grid * self._grid)

    def _speech_sample(self, frame: int) -> int:
        return max(0, int(frame * self.config.sample_rate / self.fps))


def extract_features(
    samples: np.ndarray,
    sample_rate: int,
    config: FeatureConfig,
    fps: float,
    speech_encoder: SpeechEncoder | None = None,
) -> Features:
    """Return the features of a whole recording.

    Args:
        samples: (n,) mono, full scale 1, at ``sample_rate`` Hz; at least one frame, 1 / fps.
        sample_rate: rate of the samples, Hz.
        config: kinds and rates of the features.
        fps: frames a second; divides ``config.mel_rate``.
        speech_encoder: the encoder that ``config.speech_encoder`` names; None for 'none'.

    Raises:
        InputError: as for ``FeatureStream``, or the audio is shorter than a frame.
    """
    stream = FeatureStream(config, fps, sample_rate, speech_encoder)
    stream.push(samples)
    stream.finish()
    check_length(stream)
    return stream.features(0, stream.frames_ready)


def check_length(stream: FeatureStream) -> None:
    """Raise InputError if a finished stream has no frame."""
    if stream.total_frames == 0:
        raise InputError(
            f'audio too short: less than one frame, {1 / stream.fps:.3f} s; give a longer recording'
        )


def _resampled(samples: np.ndarray, rate_in: int, rate_out: int) -> np.ndarray:
    stream = StreamResampler(rate_in, rate_out)
    return np.concatenate([stream.push(samples), stream.finish()])


class _Tail:
    """The last part of a growing signal, addressed by sample number from its beginning."""

    def __init__(self) -> None:
        self._start = 0
        self._samples = np.zeros(0, np.float32)

    @property
    def end(self) -> int:
        return self._start + len(self._samples)

    def append(self, samples: np.ndarray) -> None:
        if len(samples):
            self._samples = np.concatenate([self._samples, samples])

    def cut(self, start: int, end: int) -> np.ndarray:
        return self._samples[start - self._start : end - self._start]

    def forget(self, before: int) -> None:
        drop = min(before, self.end) - self._start
        if drop > 0:
            self._samples = self._samples[drop:].copy()
            self._start += drop
