"""Tables in every common layout and encoding, and names of weights in every spelling."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import ARKIT_WEIGHTS
from diffsheg_model.motion_files.arkit_csv import is_arkit, is_live_link, read_arkit_csv
from diffsheg_model.motion_files.arkit_names import arkit_columns, arkit_name
from diffsheg_model.motion_files.read import read_motion
from diffsheg_model.motion_files.track import ReadOptions

ROWS = 60
WEIGHTS = 0.5 + 0.4 * np.sin(np.arange(ROWS)[:, None] + np.arange(3))
NAMES = ('jawOpen', 'mouthClose', 'eyeBlinkLeft')


def lines(separator=',', point='.', quote='', header=('time', *NAMES)):
    yield separator.join(f'{quote}{name}{quote}' for name in header)
    for row, weights in enumerate(WEIGHTS):
        cells = [f'{value:.4f}'.replace('.', point) for value in (row / 30, *weights)]
        yield separator.join(f'{quote}{cell}{quote}' for cell in cells)


def check(path):
    motion = read_motion(path)
    assert (motion.fps, len(motion)) == (30, ROWS)
    for column, name in enumerate(NAMES):
        found = motion.weights[:, motion.weight_names.index(name)]
        np.testing.assert_allclose(found, WEIGHTS[:, column], atol=2e-3)
    assert is_arkit(path)


@pytest.mark.parametrize('line_end', ['\n', '\r\n', '\r'])
@pytest.mark.parametrize('quote', ['', '"'])
@pytest.mark.parametrize(
    ('separator', 'point'),
    [(',', '.'), (';', '.'), (';', ','), ('\t', '.'), ('\t', ','), ('|', ','), (', ', '.')],
)
def test_separators_and_decimals(tmp_path, separator, point, quote, line_end):
    path = tmp_path / 'a.csv'
    path.write_bytes((line_end.join(lines(separator, point, quote)) + line_end).encode())
    check(path)


def test_quoted_decimal_commas_between_commas(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_text('\n'.join(lines(',', ',', '"')))
    check(path)


@pytest.mark.parametrize(
    'encoding',
    ['utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'latin-1', 'cp1252'],
)
@pytest.mark.parametrize('note', ['', 'caf\xe9'])
def test_encodings(tmp_path, encoding, note):
    path = tmp_path / 'a.csv'
    header = ('time', *NAMES, f'remark {note}')
    path.write_bytes('\n'.join(lines(';', ',', header=header)).encode(encoding))
    check(path)


@pytest.mark.parametrize('before', ['sep=;\n', '# made by a tracker\n# in two lines\n', '\n\n'])
def test_lines_before_the_header(tmp_path, before):
    path = tmp_path / 'a.csv'
    path.write_text(before + '\n'.join(lines(';', ',')))
    check(path)


def test_live_link_tables_are_known_in_other_layouts(tmp_path):
    path = tmp_path / 'a.csv'
    for encoding, mark in (('utf-8', ';'), ('utf-16', ','), ('utf-8-sig', '\t')):
        path.write_bytes(f'Timecode{mark}BlendShapeCount{mark}JawOpen\n'.encode(encoding))
        assert is_live_link(path)


@pytest.mark.parametrize('row', [3, 12])
def test_bare_decimal_commas_between_commas_are_named(tmp_path, row):
    content = list(lines())
    content[row - 1] = content[row - 1].replace('.', ',')
    path = tmp_path / 'a.csv'
    path.write_text('\n'.join(content))
    with pytest.raises(InputError, match=f'decimal commas in line {row}, where commas separate'):
        read_motion(path)
    content[row - 1] = 'a,b,c,d,e,f,g'
    path.write_text('\n'.join(content))
    with pytest.raises(InputError, match=f'line {row} has 7 cells under 4 names'):
        read_motion(path)


def test_bytes_that_are_no_text_are_named(tmp_path):
    path = tmp_path / 'a.csv'
    for content in (bytes(range(256)) * 4, b'\xff\xfe\x00', b'PK\x03\x04' + bytes(50)):
        path.write_bytes(content)
        with pytest.raises(InputError, match='is not text'):
            read_motion(path)
        assert not is_arkit(path)


@pytest.mark.parametrize('kept', [1, 9, 17, 20])
def test_a_row_that_was_cut_is_left_out(tmp_path, kept):
    content = list(lines())
    path = tmp_path / 'a.csv'
    path.write_text('\n'.join([*content, content[-1][:kept].rsplit(',', 1)[0]]))
    track, notes = read_arkit_csv(path, None, ReadOptions())
    assert len(track.times_s) == ROWS
    assert notes[0] == 'a.csv: its last row is cut: left out'


SPELLINGS = {
    'plain': lambda name: name,
    'capital': lambda name: name[0].upper() + name[1:],
    'lower': str.lower,
    'upper': str.upper,
    'snake': lambda name: ''.join('_' + c.lower() if c.isupper() else c for c in name),
    'spaces': lambda name: ''.join(' ' + c if c.isupper() else c for c in name),
    'sides': lambda name: (
        name.replace('Left', '_L').replace('Right', '_R')
        if name.endswith(('Left', 'Right')) and name not in ('jawLeft', 'jawRight')
        else name
    ),
}
BEFORE = (
    '',
    'ARKit_',
    'arkit.',
    'blendShapes.',
    'face/',
    'Head|',
    'blendshape_',
    'CTRL_expressions_',
)


@pytest.mark.parametrize('before', BEFORE)
@pytest.mark.parametrize('how', SPELLINGS)
def test_every_weight_is_known_in_every_spelling(how, before):
    for name in ARKIT_WEIGHTS:
        assert arkit_name(before + SPELLINGS[how](name)) == name


@pytest.mark.parametrize('name', ['TongueOut', 'HeadYaw', 'blendShapes.', 'time', 'jaw', 'openjaw'])
def test_other_names_are_none(name):
    assert arkit_name(name) is None


def test_a_plain_name_is_meant_before_a_longer_one():
    assert arkit_columns(['raw_jawOpen', 'jawOpen', 'a.jawLeft'], 'x') == {
        'jawOpen': 1,
        'jawLeft': 2,
    }
    with pytest.raises(InputError, match='two columns of jawOpen'):
        arkit_columns(['raw_jawOpen', 'smooth_jawOpen'], 'x')


def test_the_table_of_audio2face_is_read(tmp_path):
    path = tmp_path / 'animation_frames.csv'
    header = ('timeCode', *(f'blendShapes.{name[0].upper()}{name[1:]}' for name in NAMES))
    path.write_text('\n'.join(lines(header=header)))
    check(path)
