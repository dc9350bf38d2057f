"""The time that a piece of speech takes to be spoken."""

import numpy as np
import pytest

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece, spoken_ns

PIECE = AudioPiece('u', 0, 16000, np.zeros(1600, np.float32), NS, False)


@pytest.mark.parametrize(
    ('changes', 'expected_ns'),
    [
        ({}, NS // 10),
        ({'end': True}, 0),
        ({'sample_rate': 0}, 0),
        ({'samples': np.zeros(160_000, np.float32)}, NS),
    ],
)
def test_the_next_piece_may_come_that_much_later(changes, expected_ns):
    assert spoken_ns(PIECE._replace(**changes)) == expected_ns
