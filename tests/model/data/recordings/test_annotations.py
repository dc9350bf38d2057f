"""Semantic scores and TextGrids in their encodings."""

import pytest

from diffsheg_model.data.recordings.annotations import read_semantic, read_textgrid
from diffsheg_model.data.recordings.beat import find, read
from diffsheg_model.motion_files.track import ReadOptions
from tests.support.made_recordings import (
    TEXTGRID,
    only,
    write_beat_take,
)

NAME = '2_scott_0_1_1'


SHORT_TEXTGRID = (
    'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n4\n<exists>\n2\n"IntervalTier"\n'
    '"words"\n0\n4\n3\n0\n0.5\n""\n0.5\n1.25\n"say"\n1.25\n4\n"the ""word"" "\n'
    '"IntervalTier"\n"phones"\n0\n4\n1\n0\n4\n"x"\n'
)
ENCODINGS = ('utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'latin-1')


@pytest.mark.parametrize('encoding', [*ENCODINGS, 'utf-16 with its mark, big end first'])
@pytest.mark.parametrize('line_end', ['\n', '\r\n', '\r'])
@pytest.mark.parametrize('text', [TEXTGRID, SHORT_TEXTGRID], ids=['long', 'short'])
def test_textgrids_are_read_in_all_that_praat_writes(tmp_path, text, encoding, line_end):
    path = tmp_path / 'a.TextGrid'
    text = text.replace('say', 'caf\xe9').replace('\n', line_end)
    if encoding in ENCODINGS:
        path.write_bytes(text.encode(encoding))
    else:
        path.write_bytes(b'\xfe\xff' + text.encode('utf-16-be'))
    assert read_textgrid(path) == ((0.5, 1.25, 'caf\xe9'), (1.25, 4.0, 'the "word"'))


def test_semantic_scores_in_other_encodings_are_read(tmp_path):
    line = '05_iconic_h\t0.9\t2.0\t1.1\t0.9\tbig caf\xe9\n'
    for encoding in ENCODINGS:
        (tmp_path / 'a.txt').write_bytes(line.encode(encoding))
        assert read_semantic(tmp_path / 'a.txt') == ((0.9, 2.0, 0.9),)


def test_a_bad_textgrid_leaves_the_scores(tmp_path):
    write_beat_take(tmp_path)
    (tmp_path / f'{NAME}.TextGrid').write_text(TEXTGRID[:400])
    recording = read(only(find(tmp_path)), ReadOptions())
    assert recording.semantic and not recording.words
    assert (
        f'left out: {tmp_path}/{NAME}.TextGrid: interval 2 of the first tier is cut'
        in (recording.notes[0])
    )
