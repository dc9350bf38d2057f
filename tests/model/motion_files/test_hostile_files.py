"""Motion files that are damaged or made to fill the memory: each reader refuses them."""

import os
import struct

import pytest

from diffsheg_model.data.recordings.kinds import recognise
from diffsheg_model.errors import InputError
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from diffsheg_model.motion_files import write_bvh
from diffsheg_model.motion_files import write_facial_json as export_facial_json
from diffsheg_model.motion_files.read import read_motion
from tests.support.made_recordings import write_body, write_facial_json
from tests.support.refused_files import moving, refusal

MCAP_MAGIC = b'\x89MCAP0\r\n'


# BVH


@pytest.mark.parametrize(
    ('before', 'after', 'told'),
    [
        ('Frame Time: 0.066666667', 'Frame Time: inf', 'a frame time of inf s'),
        ('Frame Time: 0.066666667', 'Frame Time: nan', 'a frame time of nan s'),
        ('Frame Time: 0.066666667', 'Frame Time: 5e-324', 'a frame time of'),
        ('Frame Time: 0.066666667', 'Frame Time: -0.1', 'a frame time of -0.1 s'),
        ('Frames: 3', 'Frames: ' + '9' * 400, 'frames'),
        ('Frames: 3', 'Frames: ' + '9' * 5000, 'does not begin with'),
        ('3 Xrotation Yrotation Zrotation', '3 Xrotation Yrotation Yrotation', 'channel twice'),
        ('3 Xrotation Yrotation', '4 Xrotation Yrotation Xrotation', 'channel twice'),
    ],
)
def test_a_bvh_with_impossible_numbers(tmp_path, before, after, told):
    write_bvh(tmp_path / 'x.bvh', moving(3), BEAT_SKELETON)
    text = (tmp_path / 'x.bvh').read_text()
    assert before in text
    (tmp_path / 'x.bvh').write_text(text.replace(before, after, 1))
    assert told in refusal(tmp_path / 'x.bvh')


# json


@pytest.mark.parametrize(
    'content',
    [
        '[' * 100_000,
        '{"names": ["jawOpen"], "frames": ' + '[' * 5000 + ']' * 5000 + '}',
        '{"names": ["jawOpen"], "frames": [{"weights": [' + '9' * 400 + '], "time": 0}]}',
        '{"names": ["jawOpen"], "frames": [{"weights": [0], "time": ' + '9' * 5000 + '}]}',
    ],
    ids=['open brackets', 'nested', 'a weight of 400 digits', 'a time of 5000 digits'],
)
def test_a_json_of_impossible_parts(tmp_path, content):
    (tmp_path / 'x.json').write_text(content)
    refusal(tmp_path / 'x.json')


def test_brackets_that_fill_the_memory(tmp_path):
    with (tmp_path / 'x.json').open('w') as file:
        file.write('{"names": ["jawOpen"], "frames": [' + '{},' * 2_000_000 + '{}]}')
    assert 'declares' in refusal(tmp_path / 'x.json')


# tables


@pytest.mark.parametrize(
    'rows',
    [
        f'0,1\n{"9" * 5000},1\n',
        '0,1\n5e-324,1\n',
        '0,1\ninf,1\n',
        '1e300,1\n1e301,1\n',
        '0,1\n0,1\n0,1\n',
    ],
    ids=['digits', 'too near', 'infinite', 'too far', 'all at once'],
)
def test_a_table_of_impossible_times(tmp_path, rows):
    (tmp_path / 'x.csv').write_text('time_s,jawOpen\n' + rows)
    refusal(tmp_path / 'x.csv')


@pytest.mark.parametrize('code', [f'00:00:00:{"9" * 309}', f'{"9" * 400}:00:00:01', '00:00', ''])
def test_a_table_of_impossible_timecodes(tmp_path, code):
    rows = ''.join(f'{cell},1\n' for cell in ('00:00:00:01', '00:00:00:02', code))
    (tmp_path / 'x.csv').write_text(f'Timecode,jawOpen\n{rows}')
    refusal(tmp_path / 'x.csv')


def test_cells_that_fill_the_memory(tmp_path):
    (tmp_path / 'x.csv').write_text('time_s,jawOpen\n' + '0,0\n' * 3_000_000)
    assert 'declares' in refusal(tmp_path / 'x.csv')


def test_a_pipe_among_the_tables_of_a_folder_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / 'x.csv')
    with pytest.raises(InputError, match='no recordings of a known kind'):
        recognise(tmp_path)


# MCAP


def record(opcode: int, content: bytes) -> bytes:
    return struct.pack('<BQ', opcode, len(content)) + content


def text(content: bytes) -> bytes:
    return struct.pack('<I', len(content)) + content


def chunked(compression: bytes, data: bytes, size: int) -> bytes:
    """An MCAP file of one chunk."""
    chunk = struct.pack('<QQQI', 0, 0, size, 0) + text(compression)
    chunk += struct.pack('<Q', len(data)) + data
    end = record(15, bytes(4)) + record(2, bytes(20))
    return MCAP_MAGIC + record(1, text(b'ros2') + text(b'')) + record(6, chunk) + end + MCAP_MAGIC


CONTENTS = {
    'zeros': bytes(9 * 1_200_000),
    'records of an unknown kind': record(0x7F, b'') * 1_000_000,
    'messages': record(5, struct.pack('<HIQQ', 1, 0, 0, 0)) * 400_000,
}


@pytest.mark.parametrize('content', CONTENTS)
@pytest.mark.parametrize('compression', ['zstd', 'lz4'])
@pytest.mark.parametrize('size', [None, 1000, 2**32, 2**50, 2**64 - 1])
def test_a_small_mcap_with_a_chunk_that_unpacks_to_very_much(tmp_path, content, compression, size):
    packer = pytest.importorskip({'zstd': 'zstandard', 'lz4': 'lz4.frame'}[compression])
    pytest.importorskip('mcap')
    data = packer.compress(CONTENTS[content])
    size = len(CONTENTS[content]) if size is None else size
    (tmp_path / 'x.mcap').write_bytes(chunked(compression.encode(), data, size))
    refusal(tmp_path / 'x.mcap')


def test_an_index_of_an_mcap_that_holds_a_chunk(tmp_path):
    zstandard = pytest.importorskip('zstandard')
    pytest.importorskip('mcap')
    whole = chunked(b'zstd', zstandard.compress(bytes(64 << 20)), 64 << 20)
    start = whole.index(record(1, b'')[:1], len(MCAP_MAGIC))
    footer = record(2, struct.pack('<QQI', start, 0, 0)) + MCAP_MAGIC
    (tmp_path / 'x.mcap').write_bytes(whole[: -len(footer)] + footer)
    refusal(tmp_path / 'x.mcap')


def test_good_files_of_each_kind_are_read(tmp_path):
    write_body(tmp_path / 'x.bvh', seconds=0.5, fps=15.0)
    write_facial_json(tmp_path / 'x.json', seconds=0.5)
    export_facial_json(tmp_path / 'y.json', moving(3))
    assert [len(read_motion(tmp_path / name)) for name in ('x.bvh', 'x.json', 'y.json')] == [
        8,
        30,
        3,
    ]
