"""A comparison tells engines that agree from engines that do not."""

import numpy as np
import pytest

from diffsheg_model.engines.comparison import (
    TOLERANCES,
    compare,
    reference_windows,
    relative_error,
)
from diffsheg_model.engines.engine import Engine


class Scaled(Engine):
    """An engine with output that is too large by a factor."""

    name, precision = 'scaled', 'fp32'

    def __init__(self, engine, factor):
        self.engine, self.factor = engine, factor

    def denoiser(self, conditions, steps):
        denoise = self.engine.denoiser(conditions, steps)
        return lambda x, step: denoise(x, step) * np.float32(self.factor)

    def close(self):
        pass


def test_an_engine_agrees_with_itself_and_not_with_one_that_is_off(tiny_bundle, tiny_engine):
    same = compare(tiny_engine, tiny_engine, tiny_bundle)
    assert same.error < 1e-6 and same.call_ms > 0
    off = compare(Scaled(tiny_engine, 1.01), tiny_engine, tiny_bundle)
    assert off.call_error == pytest.approx(0.01, rel=1e-3)
    assert off.error >= off.window_error and off.error > TOLERANCES['fp32']


def test_the_inputs_follow_from_the_bundle(tiny_bundle):
    for one, two in zip(
        reference_windows(tiny_bundle), reference_windows(tiny_bundle), strict=True
    ):
        np.testing.assert_array_equal(one[0].mel, two[0].mel)
        np.testing.assert_array_equal(one[1].start, two[1].start)


def test_numbers_that_are_not_finite_are_infinitely_wrong():
    ones = np.ones(3, np.float32)
    assert relative_error(1.1 * ones, ones) == pytest.approx(0.1)
    for wrong in (np.nan, np.inf):
        assert relative_error(np.array([1, wrong, 1], np.float32), ones) == np.inf
