"""Which reports are worth a line in the log."""

from diffsheg_ros.diagnostics.report import (
    ERROR,
    OK,
    WARN,
    Report,
)
from diffsheg_ros.diagnostics.report_log import CALM_S, ReportLog


def said(reports: list[tuple[int, str]], logged: str = '') -> list[tuple[int, int, str]]:
    """(second, level, text) of what is logged of one report a second."""
    log = ReportLog()
    lines = []
    for second, (level, message) in enumerate(reports):
        line = log.line(float(second), Report(level, message, {}), logged)
        if line is not None:
            lines.append((second, *line))
    return lines


FINE = (OK, 'speaking')


def test_what_is_wrong_is_said_once_and_that_it_is_over():
    counted = [(WARN, f'audio was lost; check the network [lost_samples +{n}]') for n in range(12)]
    lines = said([FINE, *counted, *[FINE] * 30])
    assert lines == [(1, *counted[0]), (13 + CALM_S, OK, 'recovered after 12 s')]


def test_the_next_trouble_is_told_anew():
    trouble = (WARN, 'publishing at 40.0 of 60 Hz')
    reports = [trouble, *[FINE] * 12, trouble, *[FINE] * 12]
    assert [level for _, level, _ in said(reports)] == [WARN, OK, WARN, OK]


def test_what_comes_and_goes_is_one_trouble():
    lines = said([(WARN, 'publishing at 52.9 of 60 Hz'), FINE] * 20 + [FINE] * 12)
    assert len(lines) == 2 and lines[1][1:] == (OK, 'recovered after 39 s')


def test_what_gets_worse_is_said_at_once_and_other_news_after_a_while():
    reports = [(WARN, 'a'), (WARN, 'a; b'), (ERROR, 'c; a'), *[(ERROR, 'c; a; b')] * 20]
    assert said(reports) == [
        (0, WARN, 'a'), (2, ERROR, 'c; a'), (2 + CALM_S, ERROR, 'c; a; b'),
    ]  # fmt: skip


def test_what_the_node_has_logged_itself_is_not_said_again():
    failure = 'cannot configure: parameter hop = 900: must be less'
    reports = [(ERROR, failure), (ERROR, f'{failure}; another node has this name'), *[FINE] * 12]
    assert [line[2] for line in said(reports, failure)] == [
        f'{failure}; another node has this name', 'recovered after 2 s',
    ]  # fmt: skip
