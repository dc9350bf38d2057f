"""Phone times from the segments of synthesisers."""

import pytest

from diffsheg_model.data.corpus.voices.speech import phones_from_ends


def test_phone_times_are_scaled_to_the_waveform_and_unknown_ones_join_the_last() -> None:
    rows = [('sil', 0.2, 0), ('AA', 0.5, 1), (None, 0.6, 0), ('B', 1.0, 0)]
    phones = phones_from_ends(rows, 1.05)
    assert [phone.name for phone in phones] == ['sil', 'AA', 'B']
    assert phones[1].end_s == pytest.approx(0.63)
    assert phones[-1].end_s == pytest.approx(1.05)
