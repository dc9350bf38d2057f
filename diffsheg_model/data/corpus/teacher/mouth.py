"""Mouth and jaw from timed phones: viseme targets blended by dominance functions.

Coarticulation follows Cohen and Massaro, Modeling coarticulation in synthetic visual speech, 1993
(on Loefqvist's gestural theory). A phone has a target T and a dominance D for every articulator:

    D(t) = a exp(-k |t - c|)    around its centre c, with different rates k before and after
    articulator = sum(D T) / sum(D)

A bilabial dominates the lips for a short time. A vowel dominates the jaw broadly. A consonant of
the tongue alone leaves the lips to its neighbours, so that rounding spreads over 'two' and 'stew'.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from diffsheg_model.data.corpus.teacher.curves import FloatArray, wander
from diffsheg_model.data.corpus.voices.phones import SILENCE, VOWELS, Phone
from diffsheg_model.motion.formats import ARKIT_WEIGHTS

ARTICULATORS = ('jaw', 'close', 'pucker', 'funnel', 'spread', 'lower', 'upper', 'tuck')
"""Jaw drop, lips together, tight rounding, open rounding, corners wide, lower lip down, upper lip
up, lower lip under the teeth; each 0..1."""

_RATE_HZ = 60.0

# Targets by articulator, in the order above. Jaw drop follows the openness of the vowel, rounding
# follows the IPA chart; the others were observed in a mirror.
_TARGETS: dict[str, tuple[float, ...]] = {
    SILENCE: (0.00, 0.25, 0.01, 0.00, 0.06, 0.00, 0.00, 0.0),
    'AA': (0.62, 0.0, 0.00, 0.04, 0.10, 0.42, 0.18, 0.0),
    'AE': (0.52, 0.0, 0.00, 0.02, 0.38, 0.45, 0.25, 0.0),
    'AH': (0.42, 0.0, 0.00, 0.03, 0.12, 0.35, 0.15, 0.0),
    'AX': (0.26, 0.0, 0.00, 0.03, 0.12, 0.28, 0.10, 0.0),
    'AO': (0.50, 0.0, 0.16, 0.58, 0.00, 0.25, 0.08, 0.0),
    'EH': (0.40, 0.0, 0.00, 0.02, 0.34, 0.40, 0.18, 0.0),
    'ER': (0.27, 0.0, 0.24, 0.34, 0.00, 0.22, 0.10, 0.0),
    'IH': (0.24, 0.0, 0.00, 0.03, 0.38, 0.34, 0.14, 0.0),
    'IY': (0.16, 0.0, 0.00, 0.00, 0.62, 0.36, 0.18, 0.0),
    'OE': (0.26, 0.0, 0.48, 0.42, 0.00, 0.16, 0.06, 0.0),
    'UH': (0.24, 0.0, 0.40, 0.34, 0.00, 0.16, 0.05, 0.0),
    'UW': (0.14, 0.0, 0.80, 0.38, 0.00, 0.08, 0.02, 0.0),
    'YY': (0.13, 0.0, 0.70, 0.32, 0.00, 0.10, 0.04, 0.0),
    'B': (0.06, 1.0, 0.06, 0.00, 0.06, 0.00, 0.00, 0.0),
    'P': (0.06, 1.0, 0.06, 0.00, 0.06, 0.00, 0.00, 0.0),
    'M': (0.06, 1.0, 0.04, 0.00, 0.08, 0.00, 0.00, 0.0),
    'F': (0.10, 0.15, 0.00, 0.04, 0.10, 0.00, 0.32, 1.0),
    'V': (0.11, 0.15, 0.00, 0.04, 0.10, 0.00, 0.30, 1.0),
    'W': (0.12, 0.10, 0.92, 0.36, 0.00, 0.04, 0.00, 0.0),
    'R': (0.18, 0.0, 0.22, 0.30, 0.00, 0.20, 0.08, 0.0),
    'L': (0.26, 0.0, 0.00, 0.02, 0.18, 0.28, 0.10, 0.0),
    'Y': (0.14, 0.0, 0.02, 0.00, 0.50, 0.30, 0.14, 0.0),
    'TH': (0.20, 0.0, 0.00, 0.02, 0.16, 0.28, 0.12, 0.05),
    'DH': (0.20, 0.0, 0.00, 0.02, 0.16, 0.28, 0.12, 0.05),
    'T': (0.14, 0.0, 0.00, 0.03, 0.22, 0.30, 0.12, 0.0),
    'S': (0.08, 0.0, 0.00, 0.05, 0.36, 0.36, 0.16, 0.0),
    'SH': (0.12, 0.0, 0.40, 0.62, 0.00, 0.32, 0.18, 0.0),
    'K': (0.20, 0.0, 0.00, 0.03, 0.16, 0.24, 0.10, 0.0),
    'HH': (0.26, 0.0, 0.00, 0.04, 0.14, 0.22, 0.08, 0.0),
}
_SAME = {
    'D': 'T', 'N': 'T', 'Z': 'S', 'ZH': 'SH', 'CH': 'SH', 'JH': 'SH', 'G': 'K', 'NG': 'K',
}  # fmt: skip
_GLIDES = {'AW': ('AA', 'UH'), 'AY': ('AA', 'IH'), 'OY': ('AO', 'IH'), 'EY': ('EH', 'IY'),
           'OW': ('AO', 'UW')}  # fmt: skip

# Peak dominance of each kind of phone over the articulators (jaw, close, pucker, funnel, spread,
# lower, upper, tuck). 0 leaves an articulator to the neighbours.
_GRIP = {
    'vowel': (1.0, 2.0, 1.4, 1.4, 1.0, 1.0, 1.0, 0.8),
    'bilabial': (3.0, 9.0, 0.3, 0.3, 0.3, 5.0, 5.0, 1.0),
    'labiodental': (1.2, 1.5, 0.3, 0.3, 0.3, 3.0, 2.0, 9.0),
    'sibilant': (1.8, 0.8, 0.5, 0.5, 0.6, 0.8, 0.8, 0.8),
    'rounded': (0.7, 0.8, 1.8, 1.8, 1.5, 0.8, 0.8, 0.8),
    'tongue': (0.6, 0.6, 0.16, 0.16, 0.25, 0.5, 0.5, 0.8),
    'silence': (1.4, 0.7, 0.7, 0.7, 0.7, 1.4, 1.4, 1.0),
}
# Decay rates of dominance in 1/s, before and after a phone.
_DECAY = {'vowel': (11.0, 13.0), 'bilabial': (34.0, 40.0), 'labiodental': (22.0, 26.0),
          'sibilant': (16.0, 20.0), 'rounded': (12.0, 18.0), 'tongue': (16.0, 18.0),
          'silence': (14.0, 12.0)}  # fmt: skip


def _kind(name: str) -> str:
    if name == SILENCE:
        return 'silence'
    if name in VOWELS:
        return 'vowel'
    if name in ('B', 'P', 'M'):
        return 'bilabial'
    if name in ('F', 'V'):
        return 'labiodental'
    if name in ('W', 'R', 'SH', 'ZH', 'CH', 'JH'):
        return 'rounded'
    return 'sibilant' if name in ('S', 'Z') else 'tongue'


def fill_silence(phones: tuple[Phone, ...], duration_s: float) -> list[Phone]:
    """Insert silence into gaps of more than 20 ms between phones."""
    filled: list[Phone] = []
    end = 0.0
    for phone in phones:
        if phone.start_s - end > 0.02:
            filled.append(Phone(SILENCE, end, phone.start_s))
        filled.append(phone)
        end = phone.end_s
    if duration_s - end > 0.02:
        filled.append(Phone(SILENCE, end, duration_s))
    return filled


def _segments(phones: list[Phone]) -> list[tuple[str, float, float, int]]:
    """Return (name, start, end, stress) of phones, with diphthongs split into two vowels."""
    segments: list[tuple[str, float, float, int]] = []
    for phone in phones:
        if phone.name in _GLIDES:
            first, second = _GLIDES[phone.name]
            middle = 0.45 * phone.start_s + 0.55 * phone.end_s
            segments.append((first, phone.start_s, middle, phone.stress))
            segments.append((second, middle, phone.end_s, phone.stress))
        else:
            name = _SAME.get(phone.name, phone.name)
            segments.append((name, phone.start_s, phone.end_s, phone.stress))
    return segments


def articulate(
    phones: tuple[Phone, ...],
    duration_s: float,
    loudness: FloatArray,
    fps: float,
    frames: int,
    precision: float = 1.0,
) -> FloatArray:
    """Return the articulator positions over time.

    Args:
        phones: the phones of the recording.
        duration_s: duration of the recording, seconds.
        loudness: (frames,) 0..1 at the frame rate of the motion; opens the jaw wider.
        fps: frames a second of the motion.
        frames: number of frames; frame i is at i / fps.
        precision: factor on the vowels' targets; 0.7 mumbles, 1.2 articulates clearly.

    Returns:
        (frames, len(ARTICULATORS)) in 0..1.
    """
    segments = _segments(fill_silence(phones, duration_s))
    fine = int(np.ceil(frames / fps * _RATE_HZ)) + 1
    times = np.arange(fine) / _RATE_HZ
    total = np.full((fine, len(ARTICULATORS)), 1e-6)
    blend = np.zeros_like(total)
    blend += 1e-6 * np.asarray(_TARGETS[SILENCE])
    for name, start, end, stress in segments:
        kind = _kind(name)
        ahead, after = _DECAY[kind]
        length = end - start
        core = min(0.25 * length, 0.06) if kind != 'silence' else min(0.12, 0.45 * length)
        first = max(0, int((start - 0.45) * _RATE_HZ))
        last = min(fine, int((end + 0.45) * _RATE_HZ) + 2)
        if first >= last:
            continue
        near = times[first:last]
        # Distance from the phone's core, which is short in short phones.
        before = np.maximum(start + core - near, 0.0)
        behind = np.maximum(near - (end - core), 0.0)
        dominance = np.exp(-ahead * before - after * behind)
        grip = np.asarray(_GRIP[kind])
        # A short vowel cannot dominate all its neighbours (undershoot).
        strength = np.clip(length / 0.07, 0.4, 1.3) if kind == 'vowel' else 1.0
        target = np.asarray(_TARGETS[name])
        if kind == 'vowel':
            emphasis = (0.82, 1.0, 1.15)[stress]
            target = np.clip(target * (0.7 + 0.3 * precision) * emphasis, 0.0, 1.0)
        weight = dominance[:, None] * (grip * strength)
        total[first:last] += weight
        blend[first:last] += weight * target
    shape = gaussian_filter1d(blend / total, 0.016 * _RATE_HZ, axis=0, mode='nearest')
    at = np.minimum(np.arange(frames) / fps * _RATE_HZ, fine - 1.001)
    low = at.astype(int)
    part = (at - low)[:, None]
    out = shape[low] * (1 - part) + shape[low + 1] * part
    out[:, 0] *= 0.4 + 0.72 * np.clip(loudness[:frames], 0.0, 1.0)
    return np.clip(out, 0.0, 1.0)


def mouth_weights(
    articulators: FloatArray, fps: float, smile: float, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Return the ARKit weights of mouth, jaw, cheeks and nose.

    Args:
        articulators: (F, 8) from `articulate`.
        fps: frames a second.
        smile: constant smile of the style, 0..1.
        rng: random generator, for small asymmetries between the sides.

    Returns:
        (F,) curves in 0..1 by ARKit name. mouthClose closes the lips of an open jaw, as ARKit
        defines it, and so never exceeds jawOpen.
    """
    jaw, close, pucker, funnel, spread, lower, upper, tuck = articulators.T
    frames = len(jaw)
    slow = wander(rng, frames, fps, 4.0, 6)
    parted = 1.0 - 0.95 * close
    left = 1.0 + 0.08 * rng.standard_normal()
    mood = np.clip(smile + 0.05 * slow[:, 0], 0.0, 1.0)
    smiling = np.clip(mood * (1.0 - 0.7 * pucker) + 0.22 * spread, 0.0, 1.0)
    one_sided = {
        'mouthSmile': smiling,
        'mouthStretch': 0.10 + 0.42 * spread - 0.08 * pucker,
        'mouthDimple': 0.05 + 0.14 * spread + 0.10 * close,
        'mouthLowerDown': (0.85 * lower + 0.12 * jaw) * parted,
        'mouthUpperUp': (0.75 * upper + 0.06 * jaw) * parted + 0.10 * tuck,
        'mouthPress': 0.30 * close + 0.02,
        'mouthFrown': 0.02 + 0.06 * np.clip(slow[:, 1], 0.0, 2.0) * (1.0 - smile),
        'cheekSquint': 0.05 + 0.35 * smiling,
        'noseSneer': 0.05 + 0.20 * upper,
    }
    curves = {
        'jawOpen': jaw,
        'jawForward': 0.05 + 0.18 * funnel + 0.05 * pucker,
        'jawLeft': 0.015 * np.clip(slow[:, 2], 0.0, 3.0),
        'jawRight': 0.015 * np.clip(-slow[:, 2], 0.0, 3.0),
        'mouthClose': np.minimum(0.9 * close, 1.0) * jaw,
        'mouthFunnel': funnel * parted,
        'mouthPucker': pucker,
        'mouthRollLower': 0.22 * close + 0.45 * tuck,
        'mouthRollUpper': 0.16 * close,
        'mouthShrugLower': 0.04 + 0.18 * close + 0.08 * pucker,
        'mouthShrugUpper': 0.06 + 0.10 * close + 0.10 * tuck,
        'mouthLeft': 0.02 * np.clip(slow[:, 3], 0.0, 3.0),
        'mouthRight': 0.02 * np.clip(-slow[:, 3], 0.0, 3.0),
        'cheekPuff': 0.01 + 0.10 * close * (1.0 - 4.0 * np.minimum(jaw, 0.25)),
    }
    for name, curve in one_sided.items():
        curves[f'{name}Left'] = curve * left
        curves[f'{name}Right'] = curve * (2.0 - left)
    return {name: np.clip(curve, 0.0, 1.0) for name, curve in curves.items()}


def weight_matrix(curves: dict[str, FloatArray], frames: int) -> NDArray[np.float32]:
    """Return the curves as columns (frames, 51) in the order of ARKIT_WEIGHTS, 0 where missing."""
    matrix = np.zeros((frames, len(ARKIT_WEIGHTS)), np.float32)
    for name, curve in curves.items():
        matrix[:, ARKIT_WEIGHTS.index(name)] = np.clip(curve, 0.0, 1.0)
    return matrix
