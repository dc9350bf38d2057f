"""Figures of motion: channels and weighted means."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('librosa')
from diffsheg_model.evaluation.measures import channels_of, weighted_mean
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import from_channels


def test_channels_survive_the_way_through_a_motion():
    channels = np.random.default_rng(0).uniform(0, 1, (4, 192)).astype(np.float32)
    np.testing.assert_array_equal(channels_of(from_channels(channels, BEAT)), channels)


def test_means_are_over_the_takes_that_have_a_figure():
    means = weighted_mean([{'a': 1.0}, {'a': 4.0, 'b': 2.0}, {'b': float('nan')}], [1, 2, 9])
    assert means == {'a': pytest.approx(3.0), 'b': 2.0}
