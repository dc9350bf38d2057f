"""Baselines: simpler methods from speech to motion, to compare a bundle with."""

import numpy as np
import scipy.linalg

from benchmarks.takes import Lips, Speech
from diffsheg_model.config import FeatureConfig
from diffsheg_model.data.corpus.teacher import events, teacher
from diffsheg_model.data.corpus.teacher.styles import STYLES
from diffsheg_model.data.corpus.voices.phones import Phone
from diffsheg_model.evaluation.metrics.lips import best_lag, short_time_energy
from diffsheg_model.features.stream import extract_features
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import Motion, from_channels

CONTEXT = 8


def energy_at_best_lag(speech: Speech, captured: np.ndarray) -> np.ndarray:
    """Return the energy envelope (F,), shifted by its best lag to the captured curve."""
    energy = short_time_energy(speech.samples, speech.rate, BEAT.fps, len(captured))
    lag, _ = best_lag(captured, energy)
    return np.interp(np.arange(len(energy)) - lag, np.arange(len(energy)), energy)


class Ridge:
    """Ridge regression from log-mel, 8 frames to either side, to jaw opening and lip rounding.

    Inputs are standardised. Of the penalties 1e2, 1e3, 1e4 and 1e5, the one below is best in
    leave-one-out cross-validation on takes 1114_2_01 to 04.
    """

    penalty = 1e3

    def __init__(self, takes: list[Lips]) -> None:
        inputs, targets = [], []
        for take in takes:
            heard = _context(take.speech)
            seen = np.stack([take.jaw, take.rounding], axis=1)
            frames = min(len(heard), len(seen))
            inputs.append(heard[:frames])
            targets.append(seen[:frames])
        everything, wanted = np.concatenate(inputs), np.concatenate(targets)
        self._mean, self._std = everything.mean(axis=0), everything.std(axis=0) + 1e-6
        self._offset = wanted.mean(axis=0)
        scaled = (everything - self._mean) / self._std
        penalised = scaled.T @ scaled + self.penalty * np.eye(scaled.shape[1])
        factor = scipy.linalg.cho_factor(penalised)
        self._weights = scipy.linalg.cho_solve(factor, scaled.T @ (wanted - self._offset))

    def predict(self, speech: Speech) -> tuple[np.ndarray, np.ndarray]:
        """Return jaw opening (F,) and lip rounding (F,) for a recording."""
        scaled = (_context(speech) - self._mean) / self._std
        jaw, rounding = (scaled @ self._weights + self._offset).T
        return jaw, rounding


def _context(speech: Speech) -> np.ndarray:
    """Return the log-mel of each frame and its neighbours, (F, 17 * 128)."""
    config = FeatureConfig(mel_transform='log')
    mel = extract_features(speech.samples, speech.rate, config, BEAT.fps).mel.astype(np.float64)
    padded = np.pad(mel, ((CONTEXT, CONTEXT), (0, 0)), mode='edge')
    return np.concatenate(
        [padded[shift : shift + len(mel)] for shift in range(2 * CONTEXT + 1)], axis=1
    )


def teacher_motion(speech: Speech, frames: int, seed: int, style: int = 0) -> Motion:
    """Return the motion of the rule-based teacher for a recording without a transcript.

    The teacher hears loudness, phrases and accents. Without a transcript there are no phones, so
    every phrase is one neutral vowel, which the loudness opens.
    """
    rng = np.random.default_rng(seed)
    heard = events.from_audio(speech.samples, speech.rate, BEAT.fps, frames)
    phones = tuple(Phone('AX', start, end) for start, end in heard.phrases)
    gesture = teacher.gesture(heard, STYLES[style], rng)
    face = teacher.face(phones, heard, STYLES[style], rng)
    return from_channels(teacher.combine(gesture, face), BEAT)
