"""Rhythm of speech that drives the body: loudness, phrases and accented syllables."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from diffsheg_model.data.corpus.teacher.curves import FloatArray
from diffsheg_model.data.corpus.voices.phones import SILENCE, Phone

RANGE_DB = 32.0
_PAUSE_S = 0.35


@dataclass(frozen=True)
class SpeechEvents:
    """The rhythm of a recording.

    Attributes:
        duration_s: duration of the recording, seconds.
        loudness: (F,) 0 in silence to 1 at the loudest, at the frame rate of the motion.
        speaking: (F,) True inside of phrases.
        phrases: (start, end) in seconds of speech without a longer pause.
        accents: (time of the vowel's middle in seconds, strength 0..1) of stressed syllables.
    """

    duration_s: float
    loudness: FloatArray
    speaking: NDArray[np.bool_]
    phrases: tuple[tuple[float, float], ...]
    accents: tuple[tuple[float, float], ...]


def measure_loudness(
    samples: NDArray[np.float32], rate: int, fps: float, frames: int
) -> FloatArray:
    """Return the loudness (frames,): 1 at the loud parts, 0 from RANGE_DB below them.

    It is relative to the recording, so that the gain does not matter.
    """
    block = max(1, rate // 200)
    usable = len(samples) // block * block
    if not usable:
        return np.zeros(frames)
    blocks = np.square(samples[:usable].astype(np.float64)).reshape(-1, block).mean(axis=1)
    power = gaussian_filter1d(blocks, 0.02 * rate / block, mode='constant')
    at = np.minimum((np.arange(frames) / fps * rate / block).astype(int), len(power) - 1)
    level = 10.0 * np.log10(power[at] + 1e-12)
    reference = np.percentile(level, 97)
    if reference < -90.0:
        return np.zeros(frames)
    return np.clip((level - reference + RANGE_DB) / RANGE_DB, 0.0, 1.0)


def _merge(spans: list[tuple[float, float]], gap_s: float) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in spans:
        if merged and start - merged[-1][1] < gap_s:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _during(spans: list[tuple[float, float]], fps: float, frames: int) -> NDArray[np.bool_]:
    times = np.arange(frames) / fps
    inside = np.zeros(frames, bool)
    for start, end in spans:
        inside |= (times >= start) & (times < end)
    return inside


def from_phones(
    phones: tuple[Phone, ...],
    samples: NDArray[np.float32],
    rate: int,
    fps: float,
    frames: int,
) -> SpeechEvents:
    """Return the events of synthetic speech, for which stresses are known.

    If a voice marks no stress (festival's Czech and Finnish), loud vowels count as stressed.
    """
    loudness = measure_loudness(samples, rate, fps, frames)
    voiced = [phone for phone in phones if phone.name != SILENCE]
    phrases = _merge([(phone.start_s, phone.end_s) for phone in voiced], _PAUSE_S)
    accents = []
    for start, end in phrases:
        inside = [p for p in voiced if p.is_vowel and start <= p.start_s < end]
        stressed = [p for p in inside if p.stress]
        if 4 * len(stressed) < len(inside):
            ranked = sorted(inside, key=lambda p: -loudness[_frame(p, fps, frames)])
            stressed = sorted(ranked[: max(1, len(inside) // 3)], key=lambda p: p.start_s)
        for phone in stressed:
            strength = 0.4 + 0.25 * phone.stress + 0.2 * loudness[_frame(phone, fps, frames)]
            accents.append((0.5 * (phone.start_s + phone.end_s), float(min(strength, 1.0))))
    speaking = _during(phrases, fps, frames)
    return SpeechEvents(
        len(samples) / rate, loudness * speaking, speaking, tuple(phrases), tuple(accents)
    )


def _frame(phone: Phone, fps: float, frames: int) -> int:
    return min(int(0.5 * (phone.start_s + phone.end_s) * fps), frames - 1)


def from_audio(samples: NDArray[np.float32], rate: int, fps: float, frames: int) -> SpeechEvents:
    """Return the events of a recording without transcript, from its level alone.

    Phrases are loud segments. Syllable nuclei are peaks of the smoothed level with a prominence
    of 4 dB; the higher half of each phrase counts as accented.
    """
    fine_rate = 100.0
    fine = int(len(samples) / rate * fine_rate)
    loud = gaussian_filter1d(measure_loudness(samples, rate, fine_rate, fine), 3.0)
    on = np.flatnonzero(np.diff(np.r_[0, (loud > 0.25).astype(int), 0]))
    spans = [(a / fine_rate, b / fine_rate) for a, b in on.reshape(-1, 2) if b - a > 4]
    phrases = [span for span in _merge(spans, _PAUSE_S) if span[1] - span[0] > 0.15]
    peaks, _ = find_peaks(loud, prominence=4.0 / RANGE_DB, distance=10)
    accents: list[tuple[float, float]] = []
    for start, end in phrases:
        inside = [p for p in peaks if start <= p / fine_rate < end]
        ranked = sorted(inside, key=lambda p: -loud[p])[: max(1, (len(inside) + 1) // 2)]
        accents += [(p / fine_rate, float(np.clip(loud[p], 0.4, 1.0))) for p in sorted(ranked)]
    speaking = _during(phrases, fps, frames)
    loudness = measure_loudness(samples, rate, fps, frames) * speaking
    return SpeechEvents(len(samples) / rate, loudness, speaking, tuple(phrases), tuple(accents))
