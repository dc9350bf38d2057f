"""Limits of time that do not go together are refused by name."""

import pytest

from diffsheg_model.errors import InputError
from diffsheg_ros.audio_in.hearing_options import HearingOptions
from diffsheg_ros.audio_in.parameters import HearingParameters


@pytest.mark.parametrize(
    'values, message',
    [
        ({'stall_s': 0.01}, 'stall_s = 0.01: must be at least reorder_s = 0.1'),
        ({'max_queue_s': 0.0}, 'max_queue_s = 0.0: must be above 0'),
        ({'reorder_s': 0.5, 'max_gap_s': 0.1}, 'must be 0 to max_gap_s = 0.1'),
        ({'reorder_s': -0.1}, 'reorder_s = -0.1'),
    ],
)
def test_values_out_of_range_are_named(values, message):
    with pytest.raises(InputError, match=message):
        HearingOptions(**values)


def test_the_parameters_of_a_node_are_the_defaults():
    assert HearingParameters().hearing_options() == HearingOptions()
