"""What is no speech is rejected with a reason; what is speech is taken as it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.inbox import Inbox
from diffsheg_ros.audio_in.piece_check import checked_piece
from tests.support.bundles import speech_like

T0 = 1_700_000_000 * NS
SPEECH = speech_like(1.0)
PIECE = AudioPiece('u', 0, 16000, SPEECH, T0, True)


def test_a_good_piece_is_given_back_with_a_copy_of_its_samples():
    checked = checked_piece(PIECE)
    assert checked._replace(samples=None) == PIECE._replace(samples=None)
    np.testing.assert_array_equal(checked.samples, SPEECH)
    assert checked.samples.dtype == np.float32
    assert not np.shares_memory(checked.samples, SPEECH)


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'sample_rate': 0}, 'sample_rate is 0'),
        ({'sample_rate': 1_000_000}, 'sample_rate is 1000000'),
        ({'samples': np.round(SPEECH * 32767)}, 'integers of 16 bits: divide them by 32768'),
        ({'samples': np.round(SPEECH * 2.0**30)}, 'integers of 32 bits'),
        ({'samples': np.round(SPEECH * 100 + 120)}, 'those of 8 bits by 128'),
        ({'samples': SPEECH * 1234.5}, 'samples reach'),
        ({'samples': SPEECH * np.nan}, 'NaN'),
        ({'utterance_id': 'x' * 1001}, 'has 1001 characters'),
    ],
)
def test_the_reason_of_a_rejection_is_told(change, words):
    piece = PIECE._replace(**change)
    with pytest.raises(InputError, match='chunks were rejected') as caught:
        checked_piece(piece)
    assert words in str(caught.value)
    inbox = Inbox()
    assert inbox.push(piece) == (False, None)
    assert inbox.remarks.texts == {'rejected_chunks': str(caught.value)}


@pytest.mark.parametrize(
    'first_sample, samples',
    [
        (-1, [0.1, 0.2]),
        (-(2**63), [0.1]),
        (0.5, [0.1]),
        (None, [0.1]),
        (0, [0.1, float('nan')]),
        (0, [float('inf'), 0.1]),
        (0, [-32768.0]),
        (0, [[0.1], [0.2]]),
        (0, 0.3),
        (0, 'speech'),
        (0, None),
        (0, [1e300]),
    ],
)
def test_what_is_no_audio_is_rejected(first_sample, samples):
    with pytest.raises(InputError, match='chunks were rejected'):
        checked_piece(PIECE._replace(first_sample=first_sample, samples=samples))


@settings(deadline=None)
@given(
    first=st.one_of(st.integers(-10, 20_000), st.integers(-(2**70), 2**70)),
    samples=st.lists(st.floats(width=32), max_size=30),
)
def test_all_that_passes_is_finite_and_in_range(first, samples):
    try:
        checked = checked_piece(PIECE._replace(first_sample=first, samples=samples))
    except InputError:
        assert first < 0 or not np.abs(np.array(samples)).max() <= 1.0
    else:
        assert checked.first_sample >= 0 and np.isfinite(checked.samples).all()
