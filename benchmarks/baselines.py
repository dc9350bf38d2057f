"""What a bundle is compared with: simpler ways from speech to motion."""

import numpy as np
import scipy.linalg

from benchmarks.takes import Lips, Speech
from diffsheg_model.config import FeatureConfig
from diffsheg_model.corpus import events, teacher
from diffsheg_model.corpus.phones import Phone
from diffsheg_model.corpus.styles import STYLES
from diffsheg_model.evaluation.lips import best_lag, short_time_energy
from diffsheg_model.features import extract_features
from diffsheg_model.formats import BEAT
from diffsheg_model.motion import Motion, from_channels

CONTEXT = 8
ALPHAS = (1e2, 1e3, 1e4, 1e5)


def energy_at_best_lag(speech: Speech, captured: np.ndarray) -> np.ndarray:
    """The energy envelope (F,), moved by the lag at which the captured curve follows it best."""
    energy = short_time_energy(speech.samples, speech.rate, BEAT.fps, len(captured))
    lag, _ = best_lag(captured, energy)
    return np.interp(np.arange(len(energy)) - lag, np.arange(len(energy)), energy)


class Ridge:
    """Ridge regression from log-mel, 8 frames to either side, to opening and rounding.

    Inputs are standardised; the penalty is chosen by leaving out one take after the other.
    """

    def __init__(self, takes: list[Lips]) -> None:
        inputs = [_context(take.speech) for take in takes]
        targets = [np.stack([take.jaw, take.rounding], axis=1) for take in takes]
        for index, values in enumerate(targets):
            frames = min(len(values), len(inputs[index]))
            inputs[index], targets[index] = inputs[index][:frames], values[:frames]
        everything = np.concatenate(inputs)
        self._mean, self._std = everything.mean(axis=0), everything.std(axis=0) + 1e-6
        self._offset = np.concatenate(targets).mean(axis=0)
        scaled = [(values - self._mean) / self._std for values in inputs]
        centred = [values - self._offset for values in targets]
        squares = [values.T @ values for values in scaled]
        products = [a.T @ b for a, b in zip(scaled, centred, strict=True)]
        losses = dict.fromkeys(ALPHAS, 0.0)
        for left_out in range(len(takes) if len(takes) > 1 else 0):
            square = sum(squares) - squares[left_out]
            product = sum(products) - products[left_out]
            for alpha in ALPHAS:
                weights = _solve(square, product, alpha)
                error = scaled[left_out] @ weights - centred[left_out]
                losses[alpha] += float(np.square(error).sum())
        self.alpha = min(ALPHAS, key=lambda alpha: losses[alpha])
        self._weights = _solve(sum(squares), sum(products), self.alpha)

    def predict(self, speech: Speech) -> tuple[np.ndarray, np.ndarray]:
        """Opening (F,) and rounding (F,) of a recording."""
        scaled = (_context(speech) - self._mean) / self._std
        jaw, rounding = (scaled @ self._weights + self._offset).T
        return jaw, rounding


def _solve(square: np.ndarray, product: np.ndarray, alpha: float) -> np.ndarray:
    penalised = square + alpha * np.eye(len(square))
    return scipy.linalg.solve(penalised, product, assume_a='pos')


def _context(speech: Speech) -> np.ndarray:
    """(F, 17 * 128) log-mel of each frame and its neighbours."""
    config = FeatureConfig(mel_transform='log')
    mel = extract_features(speech.samples, speech.rate, config, BEAT.fps).mel.astype(np.float64)
    padded = np.pad(mel, ((CONTEXT, CONTEXT), (0, 0)), mode='edge')
    return np.concatenate(
        [padded[shift : shift + len(mel)] for shift in range(2 * CONTEXT + 1)], axis=1
    )


def teacher_motion(speech: Speech, frames: int, seed: int, style: int = 0) -> Motion:
    """What the rule-based teacher does to a recording, of which it has no transcript.

    It hears loudness, phrases and accents. In place of the phones, every phrase is one neutral
    vowel, opened by the loudness: all that the teacher can know of this mouth.
    """
    rng = np.random.default_rng(seed)
    heard = events.from_audio(speech.samples, speech.rate, BEAT.fps, frames)
    phones = tuple(Phone('AX', start, end) for start, end in heard.phrases)
    gesture = teacher.gesture(heard, STYLES[style], rng)
    face = teacher.face(phones, heard, STYLES[style], rng)
    return from_channels(teacher.combine(gesture, face), BEAT)
