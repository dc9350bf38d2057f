"""What is learnt from the avatar's reports."""

import pytest

from diffsheg_model.time_units import NS
from diffsheg_ros.diagnostics.avatar_timing import (
    AvatarTiming,
    Interrupts,
    read_timing,
    report_name,
)


def test_reports_are_read_and_others_are_not():
    values = {'playout_delay_s': '2.720', 'interrupts': '3', 'state': 'idle'}
    assert read_timing(values) == AvatarTiming(2_720_000_000, 3)
    for key, wrong in (('playout_delay_s', 'nan'), ('playout_delay_s', 'x'), ('interrupts', '1.5')):
        assert read_timing(values | {key: wrong}) is None
    refused = []
    for text in ('1e308', '1e300', 'inf', '-1', '3601', '9' * 5000, '1_0', ''):
        assert read_timing(values | {'playout_delay_s': text}, refused.append) is None
    assert len(refused) == 8
    assert read_timing({}, refused.append) is None and len(refused) == 8
    assert read_timing(values).delay_ns % NS


@pytest.mark.parametrize(
    ('space', 'name'),
    [('/', 'avatar: motion'), ('/a', 'a/avatar: motion'), ('/a/b', 'a/b/avatar: motion')],
)
def test_the_reports_name(space, name):
    assert report_name(space) == name


class TestInterrupts:
    def test_the_first_count_and_one_that_begins_anew_say_nothing(self):
        interrupts = Interrupts()
        assert [interrupts.update(count) for count in (7, 7, 0, 0, 1)] == [False] * 4 + [True]

    def test_what_was_cut_here_is_no_news(self):
        interrupts = Interrupts()
        interrupts.update(0)
        interrupts.cut()
        interrupts.cut()
        assert not interrupts.update(2)
        assert interrupts.update(3)

    def test_the_avatar_may_tell_before_it_has_heard_of_it(self):
        interrupts = Interrupts()
        interrupts.update(0)
        interrupts.cut()
        assert not interrupts.update(0)
        assert not interrupts.update(1)
        assert interrupts.update(2)

    def test_a_cut_that_the_avatar_never_made_is_forgotten(self):
        interrupts = Interrupts()
        interrupts.update(0)
        interrupts.cut()
        for _ in range(2):
            assert not interrupts.update(0)
        assert interrupts.update(1)
