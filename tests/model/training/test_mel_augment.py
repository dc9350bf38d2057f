"""Random level, tilt and noise on the mel."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from diffsheg_model.training.mel_augment import augment_mel
from diffsheg_model.training.settings import BatchSettings


def test_augmentation_changes_each_window_its_own_way():
    mel = np.full((2, 4, 128), 0.1, np.float32)
    settings = BatchSettings(gain_db=12, tilt_db=6)
    changed = augment_mel(mel, settings, np.random.default_rng(0))
    assert (mel == np.float32(0.1)).all(), 'the mapped file stays as it is'
    ratio = 10 * np.log10(changed / mel)
    assert np.abs(ratio).max() <= 15 + 1e-4
    np.testing.assert_allclose(ratio, ratio[:, :1].repeat(4, 1), atol=1e-4)
    assert np.abs(ratio[0] - ratio[1]).min() > 0.01
    noisy = augment_mel(mel * 0, BatchSettings(noise_floor=1e-3), np.random.default_rng(0))
    assert (noisy > 0).all() and noisy.max() < 0.05
