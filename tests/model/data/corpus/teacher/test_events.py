"""Phrases and accents from audio alone."""

import numpy as np
import pytest

from diffsheg_model.data.corpus.teacher.events import from_audio, from_phones
from diffsheg_model.motion.formats import BEAT
from tests.support.teacher import RATE, talk


def test_events_from_audio_find_phrases_and_syllables() -> None:
    phones, samples = talk(30.0, seed=4)
    known = from_phones(phones, samples, RATE, BEAT.fps, 450)
    heard = from_audio(samples, RATE, BEAT.fps, 450)
    assert len(heard.phrases) == len(known.phrases)
    for ours, theirs in zip(heard.phrases, known.phrases, strict=True):
        assert ours == pytest.approx(theirs, abs=0.12)
    assert len(heard.accents) >= 2 * len(heard.phrases)
    assert np.mean(heard.speaking == known.speaking) > 0.95
