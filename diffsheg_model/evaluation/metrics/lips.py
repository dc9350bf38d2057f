"""Synchrony of the mouth with speech."""

import numpy as np

ENERGY_WINDOW_S = 0.1
"""Seconds, length of the window of short-time energy."""

ROUNDING = ('mouthFunnel', 'mouthPucker')
"""ARKit weights that round the lips. FACEGOOD's oh, oo, funnel and pucker columns map to them."""

SPEECH_LEVEL_DB = -30.0
"""dB relative to the loud parts of a recording, above which frames count as speech."""


def short_time_energy(samples: np.ndarray, rate: int, fps: float, frames: int) -> np.ndarray:
    """Return the root mean square of the audio around each motion frame.

    Args:
        samples: (n,) mono.
        rate: sample rate, Hz.
        fps: motion frames a second; frame i is centred on i / fps.
        frames: number of frames F.

    Returns:
        (F,) float64; 0 after the end of the recording.
    """
    half = round(ENERGY_WINDOW_S * rate / 2)
    sums = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    centres = np.round(np.arange(frames) * rate / fps).astype(int)
    begin = np.clip(centres - half, 0, len(samples))
    end = np.clip(centres + half, 0, len(samples))
    return np.sqrt((sums[end] - sums[begin]) / np.maximum(end - begin, 1))


def pearson(a: np.ndarray, b: np.ndarray) -> float:
    """Return Pearson's r = cov(a, b) / (std(a) std(b)) of two curves (F,); NaN if constant."""
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt(np.sum(a * a) * np.sum(b * b))
    return float(np.sum(a * b) / scale) if scale > 0 else float('nan')


def best_lag(curve: np.ndarray, energy: np.ndarray, most: int = 3) -> tuple[int, float]:
    """Return the lag in frames with the highest correlation to the energy, and its r.

    Args:
        curve: (F,).
        energy: (F,).
        most: lags -most .. most are tried; a positive lag is a curve behind the audio.
    """
    frames = len(curve)
    scores = {
        lag: pearson(
            curve[max(0, lag) : frames + min(0, lag)], energy[max(0, -lag) : frames - max(0, lag)]
        )
        for lag in range(-most, most + 1)
    }
    lag = max(scores, key=lambda key: scores[key])
    return lag, scores[lag]


def speech_frames(energy: np.ndarray) -> np.ndarray:
    """Return a mask (F,) of speech: within 30 dB of the 95th percentile of the energy."""
    return energy > np.percentile(energy, 95) * 10 ** (SPEECH_LEVEL_DB / 20)


def pause_frames(energy: np.ndarray, fps: float, settle_s: float = 0.2) -> np.ndarray:
    """Return a mask (F,) of pauses: no speech within ``settle_s`` seconds on either side.

    The margin leaves the mouth time to close, and to open in advance.
    """
    margin = round(settle_s * fps)
    speech = speech_frames(energy).astype(int)
    return np.convolve(speech, np.ones(2 * margin + 1, int), 'same') == 0


def opening_in_pauses(opening: np.ndarray, energy: np.ndarray, fps: float) -> float:
    """Return the mean mouth opening in pauses over that in speech; NaN without a pause."""
    pauses, speech = pause_frames(energy, fps), speech_frames(energy)
    if not pauses.any() or not speech.any():
        return float('nan')
    return float(opening[pauses].mean() / opening[speech].mean())


def rounding(weights: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Return the lip rounding (F,) of weights (F, W): the sum of those in `ROUNDING`."""
    columns = weights[:, [names.index(name) for name in ROUNDING]]
    return np.asarray(columns.sum(axis=1, dtype=np.float64))


def lip_closure(predicted: np.ndarray, captured: np.ndarray, speech: np.ndarray) -> float:
    """Return the share of captured lip closures in which the predicted mouth is closed too.

    A closure is a speech frame with the captured opening at or below its 10th percentile over the
    speech frames. It counts if the predicted opening is at or below its own 33.3rd percentile.
    Chance is 1/3. Each curve has its own percentiles, so that the scale of the opening does not
    matter. (A mouth that never moves scores 1: read it beside the correlation.)

    Args:
        predicted: (F,) mouth opening.
        captured: (F,) mouth opening of the same recording.
        speech: (F,) bool, from `speech_frames`.

    Returns:
        0 .. 1; NaN without speech.
    """
    if not speech.any():
        return float('nan')
    predicted, captured = predicted[speech], captured[speech]
    closed = captured <= np.percentile(captured, 10)
    return float((predicted[closed] <= np.percentile(predicted, 100 / 3)).mean())
