"""Options and a FACEGOOD folder for tests of the corpus."""

import numpy as np

from diffsheg_model.data.corpus.build import CorpusOptions
from diffsheg_model.data.recordings.facegood import COLUMNS

ONE_TAKE_H = 40 / 3600
QUICK = ('espeak:en-us+m3', 'espeak:de+f2')


def options(**changes: object) -> CorpusOptions:
    return CorpusOptions(**{'hours': ONE_TAKE_H, 'seed': 3, 'voices': QUICK, **changes})  # type: ignore[arg-type]


def facegood_weights(audio: np.ndarray, names: list[str]) -> np.ndarray:
    """Captured weights that follow the sound, 30 a second."""
    frames = len(audio) * 30 // 16000
    level = np.sqrt(np.square(audio[: frames * 533].reshape(-1, 533)).mean(axis=1))
    captured = np.zeros((frames, COLUMNS))
    captured[: len(level), names.index('mouth_stretch_c')] = np.clip(2 * level, 0, 1)[:frames]
    captured[:, names.index('mouth_oh_c')] = 0.25
    captured[:, names.index('mouth_funnel_ul')] = 0.4
    return captured
