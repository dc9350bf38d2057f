"""Differences between a sender's clock and the listener's."""

import pytest

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.sender_clock import ClockWatch, Stamped, clock_text, offset_ns

T0 = 1_700_000_000 * NS
CHUNK_NS = NS // 10


@pytest.mark.parametrize(
    ('start_s', 'expected_s'),
    [(0.0, 0.0), (-0.5, 0.0), (-0.7, 0.7), (-3600.0, 3600.0), (59.0, 0.0), (61.0, -61.0)],
)
def test_an_utterance_far_from_its_arrival_is_moved_to_it(start_s, expected_s):
    start_ns = T0 + round(start_s * NS)
    assert offset_ns(Stamped(start_ns, T0, CHUNK_NS), T0) == round(expected_s * NS)


def test_speech_that_waits_allows_stamps_farther_ahead():
    ahead = Stamped(T0 + 90 * NS, T0, CHUNK_NS)
    assert offset_ns(ahead, T0 + 40 * NS) == 0
    assert offset_ns(ahead, T0) == -90 * NS


@pytest.mark.parametrize(
    ('late_s', 'behind_s'), [(0.1, 0.0), (0.5, 0.5), (-0.5, 0.0), (-2.0, -2.0)]
)
def test_a_live_senders_clock_is_known_after_a_second(late_s, behind_s):
    watch = ClockWatch()
    found = []
    for index in range(20):
        arrival_ns = T0 + (index + 1) * CHUNK_NS
        found.append(watch.see(Stamped(arrival_ns - round(late_s * NS), arrival_ns, CHUNK_NS)))
    assert found[:9] == [0] * 9
    assert found[-1] == round(behind_s * NS)


def test_the_difference_is_told_with_its_side():
    assert '1.5 s behind' in clock_text(3 * NS // 2, moved=False)
    assert '2.0 s ahead of' in clock_text(-2 * NS, moved=False)
    assert 'placed by its arrival' in clock_text(NS, moved=True)
    assert 'use_sim_time' in clock_text(100 * NS, moved=True)
