"""The moving average of the weights."""

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')

from diffsheg_model.training.ema import MovingAverage


def test_the_decay_rises_to_its_final_value():
    average = MovingAverage(0.5)
    assert not average.should_update(epoch_idx=0)
    decays = []
    for step in (0, 2, 8, 100):
        assert average.should_update(step)
        decays.append(average._decay_now)
    assert decays == [0.1, 0.25, 0.5, 0.5]


def test_parameters_are_averaged_with_the_decay_of_the_step():
    average = MovingAverage(0.9)
    average.should_update(2)
    averaged, current = [torch.zeros(2)], [torch.ones(2)]
    average._average(averaged, current, 1)
    torch.testing.assert_close(averaged[0], torch.full((2,), 0.75))
