"""The updates of a sampling plan, calculated by hand."""

import dataclasses

import numpy as np
import pytest

from diffsheg_model.sampling.plan import (
    Cancelled,
    SamplingPlan,
    concatenate,
    run_plan,
)


def make_plan(batch=1, **changes):
    """Two calls on two frames, the second frame of which the second update leaves alone."""
    values = {
        'steps': np.array([7, 3]),
        'start': np.full((batch, 2, 1), 8.0, np.float32),
        'clean': np.array([[0.5, 1.0], [1.0, 1.0]], np.float32),
        'x_gain': np.array([[[1.0], [1.0]], [[2.0], [1.0]]], np.float32),
        'eps_gain': np.array([[[1.0], [1.0]], [[1.0], [0.0]]], np.float32),
        'memory_gain': np.array([[[0.0], [0.0]], [[10.0], [0.0]]], np.float32),
        'offset': np.arange(4 * batch, dtype=np.float32).reshape(2, batch, 2, 1),
    }
    return SamplingPlan(**{**values, **changes})


def test_by_hand():
    asked = []

    def denoise(x, step):
        asked.append((x[0, :, 0].tolist(), step))
        return np.full_like(x, -step)

    motion = run_plan(make_plan(), denoise)
    # x: 8 - 7 + (0, 1) = (1, 2); x0: 4 - 7 = -3.
    assert asked == [([8.0, 8.0], 7), ([1.0, 2.0], 3)]
    # x: 2 * 1 - 3 + 10 * -3 + 2 = -29, and 2 + 3 = 5.
    assert motion[0, :, 0].tolist() == [-29.0, 5.0]
    assert motion.dtype == np.float32


def test_the_start_is_not_written_to():
    plan = make_plan()
    first = run_plan(plan, lambda x, step: -x)
    np.testing.assert_array_equal(run_plan(plan, lambda x, step: -x), first)


def test_it_can_be_given_up_before_each_call():
    asked, calls = [], []

    def cancelled():
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(Cancelled):
        run_plan(make_plan(), lambda x, step: calls.append(step) or x, cancelled)
    assert calls == [7]


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('steps', np.array([7, 3, 1])),
        ('start', np.zeros((1, 2, 1))),
        ('clean', np.zeros((2, 3), np.float32)),
        ('x_gain', np.zeros((2, 1, 1), np.float32)),
        ('offset', np.zeros((2, 3, 2, 1), np.float32)),
    ],
)
def test_what_does_not_fit_is_refused(field, value):
    with pytest.raises(ValueError, match=r'^SamplingPlan\.\w+ is'):
        make_plan(**{field: value})


def test_the_first_call_has_nothing_to_remember():
    with pytest.raises(ValueError, match='no call precedes'):
        make_plan(memory_gain=np.ones((2, 2, 1), np.float32))
    forgetful = dataclasses.replace(make_plan(), memory_gain=np.zeros((2, 2, 1), np.float32))
    assert make_plan().uses_memory and not forgetful.uses_memory


def test_rows_run_together_as_each_alone():
    random = np.random.default_rng(0)

    def row():
        return make_plan(
            start=random.standard_normal((1, 2, 1)).astype(np.float32),
            offset=random.standard_normal((2, 1, 2, 1)).astype(np.float32),
        )

    rows = [row(), row(), row()]
    together = run_plan(concatenate(rows), lambda x, step: np.sin(x + step))
    for plan, motion in zip(rows, together, strict=True):
        np.testing.assert_array_equal(run_plan(plan, lambda x, step: np.sin(x + step))[0], motion)
    with pytest.raises(ValueError, match='cannot be one batch'):
        concatenate([make_plan(), make_plan(steps=np.array([7, 2]))])
