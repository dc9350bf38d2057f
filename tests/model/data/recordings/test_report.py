"""The report of prepared takes."""

import json
from pathlib import Path

from diffsheg_model.data.recordings.report import PrepareReport, TakeOutcome

REPORT = PrepareReport(
    Path('source'),
    'beat',
    15.0,
    (
        TakeOutcome('a', 27000, ('first note', 'second note')),
        TakeOutcome('b', skipped='no b.wav beside its motion'),
        TakeOutcome('c', 27000),
    ),
)


def test_lines_name_notes_skipped_takes_and_totals():
    assert REPORT.lines() == [
        'a: first note',
        'a: second note',
        'b: skipped: no b.wav beside its motion',
        'source (beat): 2 takes prepared, 1.00 h; 1 skipped',
    ]
    assert REPORT.lines(most=1)[1] == '.. and 1 more, see report.json'


def test_the_file_holds_every_take(tmp_path):
    REPORT.write(tmp_path)
    content = json.loads((tmp_path / 'report.json').read_text())
    assert content['hours'] == 1.0
    assert [take['name'] for take in content['prepared']] == ['a', 'c']
    assert content['skipped'] == [{'name': 'b', 'reason': 'no b.wav beside its motion'}]
