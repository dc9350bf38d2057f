"""Augmentation of audio: room, noise and level."""

import numpy as np

from diffsheg_model.data.corpus.augment import augment, speech_level


def test_augmented_speech_keeps_its_timing_and_varies_its_level() -> None:
    rng = np.random.default_rng(0)
    gate = np.repeat(np.arange(20) % 2, 4000)
    dry = (0.2 * rng.standard_normal(80000) * gate).astype(np.float32)
    levels = []
    for seed in range(12):
        heard = augment(dry, 16000, np.random.default_rng(seed))
        assert heard.dtype == np.float32
        assert heard.shape == dry.shape
        assert np.abs(heard).max() <= 1.0
        power = np.square(heard).reshape(20, 4000).mean(axis=1)
        assert power[1::2].mean() > 1.5 * power[0::2].mean()
        levels.append(20 * np.log10(speech_level(heard, 16000)))
    assert min(levels) > -45
    assert max(levels) < -9
    assert max(levels) - min(levels) > 12
    assert np.array_equal(augment(dry, 16000, np.random.default_rng(5)),
                          augment(dry, 16000, np.random.default_rng(5)))  # fmt: skip
