"""The guess of sound that has not arrived yet."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diffsheg_model.features.extrapolation import MIRRORED_S, extrapolate


@given(count=st.integers(0, 3000), length=st.integers(1, 2000), rate=st.sampled_from([8000, 44100]))
def test_extrapolated_sound_is_the_last_sound_mirrored(count, length, rate):
    samples = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    guess = extrapolate(samples, count, rate)
    assert len(guess) == length + count
    np.testing.assert_array_equal(guess[:length], samples)
    mirrored = min(length, round(MIRRORED_S * rate))
    near = guess[length : length + mirrored]
    np.testing.assert_array_equal(near, samples[::-1][: len(near)])
    assert np.abs(guess[length:]).max(initial=0) <= np.abs(samples).max()
