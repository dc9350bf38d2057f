"""Blinks of every style."""

import numpy as np
import pytest

from diffsheg_model.data.corpus.teacher import teacher
from diffsheg_model.data.corpus.teacher.styles import STYLES
from diffsheg_model.data.corpus.teacher.upper_face import blink_times
from tests.support.teacher import weight


@pytest.mark.parametrize('style', STYLES, ids=lambda style: style.name)
def test_blinks_are_human(style, spoken) -> None:  # type: ignore[no-untyped-def]
    phones, _, events = spoken
    count = 0
    for seed in range(10):
        for _, duration in blink_times(
            events, style.blinks_per_minute, np.random.default_rng(seed)
        ):
            assert 0.1 <= duration <= 0.4
            count += 1
    assert 8 <= count / 10 <= 30
    face = teacher.face(phones, events, style, np.random.default_rng(2))
    left, right = weight(face, 'eyeBlinkLeft'), weight(face, 'eyeBlinkRight')
    assert np.array_equal(left, right)
    closed = np.diff(np.r_[0, (left > 0.5).astype(int), 0])
    runs = np.flatnonzero(closed == -1) - np.flatnonzero(closed == 1)
    assert 8 <= len(runs) <= 30
    assert runs.max() <= 6  # 400 ms
