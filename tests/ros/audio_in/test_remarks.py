"""Unusual chunks are counted, and described by the newest case."""

import pytest

from diffsheg_ros.audio_in.counters import RemarkCounters
from diffsheg_ros.audio_in.remarks import Remarks


@pytest.mark.parametrize('counter', RemarkCounters.declarations())
def test_the_newest_text_stays(counter):
    remarks = Remarks()
    assert not any(remarks.counts.values().values()) and remarks.texts == {}
    for text in ('one', 'two', ''):
        remarks.note(counter, text)
    counts = remarks.counts.values()
    assert counts[counter] == sum(counts.values()) == 3
    assert remarks.texts == {counter: 'two'}
