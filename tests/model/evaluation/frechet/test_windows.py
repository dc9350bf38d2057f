"""Windows of motion for auto-encoders."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from diffsheg_model.evaluation.frechet.windows import cut_windows


def test_windows_are_cut_in_order():
    frames = np.arange(20, dtype=np.float32)[:, None].repeat(2, axis=1)
    windows = cut_windows(frames, 8, 5)
    assert windows.shape == (3, 8, 2)
    assert windows[1, :, 0].tolist() == list(range(5, 13))
    assert cut_windows(frames[:7], 8, 5).shape == (0, 8, 2)
