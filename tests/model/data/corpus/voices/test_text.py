"""Sentences of the grammar."""

import numpy as np

from diffsheg_model.data.corpus.voices.text import sentence
from diffsheg_model.data.corpus.voices.words import WORDS


def test_sentences_repeat_rarely_and_follow_the_seed() -> None:
    rng = np.random.default_rng(0)
    texts = [sentence('en', rng) for _ in range(2000)]
    assert len(set(texts)) > 1600
    assert texts[:5] == [sentence('en', r) for r in [np.random.default_rng(0)] for _ in range(5)]
    for language in WORDS:
        assert sentence(language, rng).strip()
