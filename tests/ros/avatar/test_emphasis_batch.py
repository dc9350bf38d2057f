"""Spans of emphasis are given out together, once in a while."""

from diffsheg_ros.avatar.emphasis_batch import EMPHASIS_PERIOD_S, EmphasisBatch


def test_the_first_comes_at_once_and_the_others_together_in_order():
    now_s = [10.0]
    batch = EmphasisBatch(lambda: now_s[0])
    assert batch.due() == []
    batch.add(7)
    assert batch.due() == [7]
    for start_ns in (5, 9, 6):
        batch.add(start_ns)
        assert batch.due() == []
    now_s[0] += 2 * EMPHASIS_PERIOD_S
    assert batch.due() == [5, 6, 9]
    now_s[0] += 2 * EMPHASIS_PERIOD_S
    assert batch.due() == []
