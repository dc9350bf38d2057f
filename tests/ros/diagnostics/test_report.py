"""Reports and recent rises of counters."""

from diffsheg_ros.diagnostics.report import ERROR, OK, RECENT_S, WARN, Report, Rises, report


def test_a_report_names_the_worst_first():
    words = [(WARN, 'slow'), (ERROR, 'broken'), (WARN, 'late')]
    assert report(words, 'idle', {'a': '1'}) == Report(ERROR, 'broken; slow; late', {'a': '1'})
    assert report([], 'idle', {}) == Report(OK, 'idle', {})


def test_a_rise_is_recent_for_ten_seconds():
    rises = Rises()
    assert rises.since(0.0, {'drops': 3}) == {'drops': 3}
    assert rises.since(1.0, {'drops': 5}) == {'drops': 2}
    assert rises.since(RECENT_S, {'drops': 5}) == {'drops': 2}
    assert rises.since(RECENT_S + 1.5, {'drops': 5}) == {'drops': 0}


def test_a_counter_that_starts_again_does_not_rise():
    rises = Rises()
    rises.since(0.0, {'drops': 9})
    assert rises.since(1.0, {'drops': 0})['drops'] < 0
