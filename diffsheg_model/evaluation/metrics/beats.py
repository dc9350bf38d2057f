"""Synchrony of gestures with speech: audio onsets against beats of the motion.

The definition is that of the BEAT release (Liu et al., arXiv 2203.05297, section 5; its `alignment`
class with sigma 0.3 s and order 7), after AIST++ (Li et al., arXiv 2101.08779, section 5.2.2):

    alignment = 1/|A| sum_{a in A} exp(-min_{m in M} (a - m)^2 / (2 sigma^2))

with A the audio's onsets and M the motion's beats, both in seconds. AIST++ averages over M and
takes the minimum over A; for that, swap the arguments of `beat_alignment`.
"""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError

Array = NDArray[np.float64]

SIGMA_S = 0.3
"""Seconds, sigma of the alignment in BEAT and DiffSHEG."""

STROKE_SIGMA_S = 0.1
"""Seconds, sigma for strokes and strong onsets: about half a syllable."""

ORDER_S = 7 / 15
"""Seconds on either side in which a beat is the slowest: 7 frames at BEAT's 15 a second."""

_HOP = 512


def audio_onsets(samples: np.ndarray, rate: int) -> Array:
    """Return the times (A,) of audio onsets in seconds.

    Onsets are peaks of the spectral flux (librosa's onset detector, hop 512). Each is traced back
    to the minimum of loudness (RMS) before it, the start of the syllable, as in the BEAT release.

    Args:
        samples: (n,) mono.
        rate: sample rate, Hz.
    """
    import librosa

    samples = np.asarray(samples, np.float32)
    onsets = librosa.onset.onset_detect(y=samples, sr=rate, hop_length=_HOP, units='frames')
    if not len(onsets):
        return np.zeros(0)
    loudness = librosa.feature.rms(y=samples, hop_length=_HOP)[0]
    traced = librosa.onset.onset_backtrack(onsets, loudness)
    return np.asarray(np.unique(traced) * (_HOP / rate), np.float64)


def strong_onsets(samples: np.ndarray, rate: int) -> Array:
    """Return the times (A,) of the stronger half of a recording's onsets, in seconds.

    Speech has three or four onsets a second, more than a hand can beat. Gestures align with the
    prominent syllables. Onsets are peaks of librosa's spectral flux above the median of all peaks.

    Args:
        samples: (n,) mono.
        rate: sample rate, Hz.
    """
    import librosa

    samples = np.asarray(samples, np.float32)
    flux = librosa.onset.onset_strength(y=samples, sr=rate, hop_length=_HOP)
    peaks = librosa.onset.onset_detect(
        onset_envelope=flux, sr=rate, hop_length=_HOP, units='frames'
    )
    if not len(peaks):
        return np.zeros(0)
    strong = peaks[flux[peaks] > np.median(flux[peaks])]
    return np.asarray(strong * (_HOP / rate), np.float64)


def motion_beats(speed: np.ndarray, fps: float, order_s: float = ORDER_S) -> Array:
    """Return the times (M,) of local minima of a joint's speed, in seconds.

    Args:
        speed: (F - 1,) speed of one joint from `dynamics.speed`: entry i is at (i + 0.5) / fps.
        fps: frames a second.
        order_s: seconds on either side in which a minimum is the lowest value.
    """
    from scipy.signal import argrelmin

    order = max(1, round(order_s * fps))
    lowest = argrelmin(np.asarray(speed, np.float64), order=order)[0]
    return np.asarray((lowest + 0.5) / fps, np.float64)


def strokes(speed: np.ndarray, fps: float) -> Array:
    """Return the times (M,) of peaks of a joint's speed, in seconds: the middles of strokes.

    Peaks have a prominence of 15 % of the maximum and are at least 0.2 s apart. The velocity peak
    of a beat gesture is about as synchronous with the stressed syllable as the rest after it.
    Source: Leonard and Cummins, The temporal relation between beat gestures and speech, 2011.

    Args:
        speed: (F - 1,) speed of one joint from `dynamics.speed`: entry i is at (i + 0.5) / fps.
        fps: frames a second.
    """
    from scipy.signal import find_peaks

    speed = np.asarray(speed, np.float64)
    apart = max(1, round(0.2 * fps))
    peaks, _ = find_peaks(speed, prominence=0.15 * np.max(speed, initial=0.0), distance=apart)
    return np.asarray((peaks + 0.5) / fps)


def beat_alignment(onsets: np.ndarray, beats: np.ndarray, sigma_s: float = SIGMA_S) -> float:
    """Return the mean over onsets of exp(-d^2 / (2 sigma^2)), d the distance to a beat.

    Args:
        onsets: (A,) seconds.
        beats: (M,) seconds, in any order.
        sigma_s: seconds.

    Returns:
        0 .. 1; 0 without a beat.

    Raises:
        InputError: there is no onset.
    """
    if not len(onsets):
        raise InputError('beat alignment needs at least one onset: the recording has none')
    if not len(beats):
        return 0.0
    nearest = np.abs(np.subtract.outer(np.asarray(onsets), np.asarray(beats))).min(axis=1)
    return float(np.exp(-(nearest**2) / (2 * sigma_s**2)).mean())


def shifted(onsets: np.ndarray, duration_s: float, by_s: float) -> Array:
    """Shift onsets cyclically in time."""
    return np.sort((np.asarray(onsets, np.float64) + by_s) % duration_s)


def random_shifts(duration_s: float, count: int, seed: int, least_s: float = 2.0) -> Array:
    """Draw shifts (count,) of the audio, uniform in least_s .. duration - least_s seconds.

    Shifted audio keeps its rhythm but loses its relation to the motion, as the null hypothesis
    needs. Shuffled onsets would lose their rhythm too.
    """
    if not duration_s > 2 * least_s:
        raise InputError(f'{duration_s:.1f} s of audio cannot be shifted by {least_s:g} s or more')
    return np.random.default_rng(seed).uniform(least_s, duration_s - least_s, count)


def p_value(score: float, null_scores: np.ndarray) -> float:
    """Return the permutation p-value of a score: (1 + #{null >= score}) / (1 + draws).

    Source: Phipson and Smyth, Permutation p-values should never be zero, 2010.
    """
    null_scores = np.asarray(null_scores)
    return float((1 + np.count_nonzero(null_scores >= score)) / (1 + len(null_scores)))
