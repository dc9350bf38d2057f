"""Random draws: each is a function of its name, and a frame keeps its own."""

import numpy as np

from diffsheg_model.sampling.noise import FrameNoise, seeded_noise


def test_seeded_noise_is_named_not_ordered():
    first, second = seeded_noise(3), seeded_noise(3)
    second(0, 0, 'init', (5,))
    np.testing.assert_array_equal(first(2, 1, 'overlap', (4,)), second(2, 1, 'overlap', (4,)))
    others = [seeded_noise(4), seeded_noise(3, utterance=1)]
    draws = [source(2, 1, 'overlap', (4,)) for source in [first, *others]]
    draws += [first(2, 1, 'renoise', (4,)), first(1, 1, 'overlap', (4,))]
    assert len({values.tobytes() for values in draws}) == 5
    values = seeded_noise(0)(0, 0, 'init', (100_000,))
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.02
    assert abs(values.std() - 1) < 0.02


def test_noise_belongs_to_frames():
    noise = FrameNoise(seed=3, utterance=1)
    early = noise.of(-5)(0, 2, 'overlap', (1, 34, 7))
    late = noise.of(4)(9, 2, 'overlap', (1, 34, 7))
    np.testing.assert_array_equal(early[:, 9:], late[:, :25])
    assert abs(early.mean()) < 0.3 and 0.8 < early.std() < 1.2
    for other in (
        noise.of(-5)(0, 3, 'overlap', (1, 34, 7)),
        noise.of(-5)(0, 2, 'init', (1, 34, 7)),
        FrameNoise(4, 1).of(-5)(0, 2, 'overlap', (1, 34, 7)),
        FrameNoise(3, 2).of(-5)(0, 2, 'overlap', (1, 34, 7)),
    ):
        assert not np.isclose(other, early).any()
