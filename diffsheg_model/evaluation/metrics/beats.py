"""Whether gestures keep time with speech: audio onsets against beats of the motion.

Definition of the BEAT release (Liu et al., arXiv 2203.05297, section 5, and its `alignment` class
with sigma 0.3 s and order 7), after AIST++ (Li et al., arXiv 2101.08779, section 5.2.2):

    alignment = 1/|A| sum_{a in A} exp(-min_{m in M} (a - m)^2 / (2 sigma^2))

with A the audio's onsets and M the motion's beats, both in seconds. AIST++ averages over M and
takes the minimum over A; `beat_alignment` does that with its arguments changed round.
"""

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.errors import InputError

Array = NDArray[np.float64]

SIGMA_S = 0.3
"""Distance at which a pair of beats counts exp(-1/2), seconds: BEAT's and DiffSHEG's."""

STROKE_SIGMA_S = 0.1
"""The same for a stroke and a strong onset: about half a syllable."""

ORDER_S = 7 / 15
"""A beat is slower than all that lies this near to it, seconds: 7 frames of BEAT's 15 a second."""

_HOP = 512


def audio_onsets(samples: np.ndarray, rate: int) -> Array:
    """Times (A,) in seconds at which sounds begin.

    Peaks of the spectral flux (librosa's onset detector, hop 512), each traced back to the minimum
    of loudness (RMS) before it: where the syllable starts. As the BEAT release does.

    Args:
        samples: (n,) mono.
        rate: its rate, Hz.
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
    """Times (A,) in seconds of the stronger half of a recording's onsets.

    Speech has three or four onsets a second, more than a hand can beat; gestures go with the
    syllables that stand out. Onsets are peaks of librosa's spectral flux; those whose flux is
    above the median of all count.

    Args:
        samples: (n,) mono.
        rate: its rate, Hz.
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
    """Times (M,) in seconds at which a joint's speed is lowest.

    Args:
        speed: (F - 1,) of one joint, from `dynamics.speed`: entry i is at (i + 0.5) / fps.
        fps: frames a second.
        order_s: a minimum is below everything within this many seconds on either side.
    """
    from scipy.signal import argrelmin

    order = max(1, round(order_s * fps))
    lowest = argrelmin(np.asarray(speed, np.float64), order=order)[0]
    return np.asarray((lowest + 0.5) / fps, np.float64)


def strokes(speed: np.ndarray, fps: float) -> Array:
    """Times (M,) in seconds at which a joint is fastest: the middle of a gesture's stroke.

    Peaks of the speed that stand out by 15 % of its maximum, 0.2 s apart or more. The velocity
    peak is a landmark of beat gestures that keeps time with the stressed syllable about as well
    as the point of rest after it (Leonard and Cummins, The temporal relation between beat gestures
    and speech, 2011).

    Args:
        speed: (F - 1,) of one joint, from `dynamics.speed`: entry i is at (i + 0.5) / fps.
        fps: frames a second.
    """
    from scipy.signal import find_peaks

    speed = np.asarray(speed, np.float64)
    apart = max(1, round(0.2 * fps))
    peaks, _ = find_peaks(speed, prominence=0.15 * np.max(speed, initial=0.0), distance=apart)
    return np.asarray((peaks + 0.5) / fps)


def beat_alignment(onsets: np.ndarray, beats: np.ndarray, sigma_s: float = SIGMA_S) -> float:
    """Mean over the onsets of exp(-d^2 / (2 sigma^2)), d the distance to the nearest beat.

    Args:
        onsets: (A,) seconds.
        beats: (M,) seconds, in any order.
        sigma_s: seconds.

    Returns:
        0 .. 1; 0 where there is no beat.

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
    """Onsets of the recording played from another place, its beginning after its end."""
    return np.sort((np.asarray(onsets, np.float64) + by_s) % duration_s)


def random_shifts(duration_s: float, count: int, seed: int, least_s: float = 2.0) -> Array:
    """(count,) seconds to shift the audio by, uniform in least_s .. duration - least_s.

    Shifted audio keeps its own rhythm and loses all relation to the motion: the fitting null
    hypothesis, where shuffled onsets would lose their rhythm too.
    """
    if not duration_s > 2 * least_s:
        raise InputError(f'{duration_s:.1f} s of audio cannot be shifted by {least_s:g} s or more')
    return np.random.default_rng(seed).uniform(least_s, duration_s - least_s, count)


def p_value(score: float, null_scores: np.ndarray) -> float:
    """Chance of a score this high without any relation: (1 + #{null >= score}) / (1 + draws).

    Source: Phipson and Smyth, Permutation p-values should never be zero, 2010.
    """
    null_scores = np.asarray(null_scores)
    return float((1 + np.count_nonzero(null_scores >= score)) / (1 + len(null_scores)))
