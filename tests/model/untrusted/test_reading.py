"""The border of all readers, and what files of the common kinds are refused with."""

import io
import os
import socket
import struct
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.cli.main import main
from diffsheg_model.data.recordings.kinds import recognise
from diffsheg_model.errors import InputError, printable
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import MOST_NAMES, Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from diffsheg_model.motion_files import write_bvh
from diffsheg_model.motion_files import write_facial_json as export_facial_json
from diffsheg_model.motion_files.npz import write_npz
from diffsheg_model.motion_files.read import read_motion
from diffsheg_model.untrusted.array_files import read_npy
from diffsheg_model.untrusted.reading import READERS, reader, reading
from tests.support.made_recordings import write_body, write_facial_json, write_wav

MCAP_MAGIC = b'\x89MCAP0\r\n'


def refusal(path, read=read_motion) -> str:
    """The line that a file is refused with; it costs little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            read(path)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = path.stat().st_size if path.is_file() else 0
    assert taken < (96 << 20) + 10 * size, f'{taken / 1e6:.0f} MB'
    line = str(caught.value)
    assert line.isprintable() and printable(path.name) in line
    return line


# the border


@pytest.mark.parametrize(
    ('error', 'told'),
    [
        (MemoryError(), 'more memory than there is'),
        (RecursionError('maximum recursion depth exceeded'), 'nested too deeply'),
        (KeyError('x'), "KeyError 'x'"),
        (struct.error('unpack requires 4 bytes'), 'unpack requires 4 bytes'),
        (FileNotFoundError(2, 'No such file or directory'), 'No such file'),
        (UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'invalid start byte'), 'invalid start byte'),
        (InputError('line 3 is bad'), 'line 3 is bad'),
        (ValueError('two\nlines'), 'two lines'),
    ],
)
def test_any_exception_becomes_one_line_that_names_the_file(tmp_path, error, told):
    with pytest.raises(InputError, match=r'a\\nb\.x') as caught, reading(tmp_path / 'a\nb.x', 'x'):
        raise error
    assert told in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('error', [KeyboardInterrupt, SystemExit])
def test_who_wants_to_end_the_program_does(tmp_path, error):
    with pytest.raises(error), reading(tmp_path, 'x'):
        raise error


def test_a_name_is_told_once(tmp_path):
    with pytest.raises(InputError, match=r'^.*x\.bvh is bad$'), reading(tmp_path / 'x.bvh', 'x'):
        raise InputError(f'{tmp_path / "x.bvh"} is bad')


def test_generators_are_guarded_while_they_run(tmp_path):
    def numbers(path):
        yield 1
        raise IndexError('list index out of range')

    guarded = reader('numbers')(numbers)
    try:
        found = guarded(tmp_path / 'x')
        assert next(found) == 1
        with pytest.raises(InputError, match=r'x: cannot be read as numbers \(list index'):
            next(found)
    finally:
        del READERS[f'{numbers.__module__}.{numbers.__qualname__}']


def test_messages_are_short_and_printable():
    line = str(InputError('a\x1b[2J\u202e\udcff' + 'b' * 10_000 + 'end'))
    assert line.startswith(r'a\x1b[2J\u202e\udcff') and line.endswith('end')
    assert len(line) < 1010 and line.encode()


# names and kinds of files


@pytest.mark.parametrize('name', [os.fsdecode(b'sp\xffeech.wav'), 'two\nlines.wav', ' -.wav'])
def test_sound_of_any_name_is_read(tmp_path, name):
    write_wav(tmp_path / 'plain.wav', 0.1)
    (tmp_path / 'plain.wav').rename(tmp_path / name)
    assert len(read_audio(tmp_path / name)[0]) == 1600


@pytest.mark.parametrize('suffix', ['npz', 'bvh', 'json', 'csv', 'mcap', 'glb'])
def test_motion_is_written_under_any_name(tmp_path, suffix, capsys):
    write_npz(tmp_path / 'motion.npz', moving(3))
    path = tmp_path / os.fsdecode(b'mo\xfftion.' + suffix.encode())
    assert main(['export', str(tmp_path / 'motion.npz'), str(path)]) == 0
    assert path.stat().st_size
    if suffix != 'glb':
        assert len(read_motion(path)) == 3


def test_a_command_prints_names_that_are_not_utf8(tmp_path):
    path = os.fsencode(tmp_path) + b'/a\xffb.npz'
    program = f'import sys; from diffsheg_model.cli.main import main; main(["plot", {path!r}'
    ran = subprocess.run(
        [sys.executable, '-c', program + '.decode("utf-8", "surrogateescape")])'],
        capture_output=True, env={**os.environ, 'PYTHONIOENCODING': 'utf-8:strict'}, timeout=120,
    )  # fmt: skip
    assert b'a\\udcffb.npz: no such file' in ran.stderr and b'Traceback' not in ran.stderr


@pytest.mark.parametrize('kind', ['pipe', 'socket', 'device', '-'])
@pytest.mark.parametrize('read', [read_motion, read_audio, read_npy])
def test_what_cannot_be_read_twice_is_called_so(tmp_path, kind, read, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / 'x.npz'
    if kind == 'pipe':
        os.mkfifo(path)
    elif kind == 'socket':
        socket.socket(socket.AF_UNIX).bind('x.npz')
    elif kind == 'device':
        path.symlink_to('/dev/zero')
    else:
        path, kind = type(path)('-'), 'standard input'
    assert kind in refusal(path, read) and 'save it to a file' in refusal(path, read)


def test_a_piped_recording_is_called_a_pipe(tmp_path):
    ran = subprocess.run(
        [sys.executable, '-m', 'diffsheg_model.cli.main', 'generate', '/dev/stdin', '-o', tmp_path],
        input=b'RIFF', capture_output=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr.startswith(b'error: /dev/stdin: is a pipe') and ran.stderr.count(b'\n') == 1


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / 'x.bvh').mkdir()
    assert 'is a folder' in refusal(tmp_path / 'x.bvh')
    (tmp_path / 'x.npy').mkdir()
    assert 'Is a directory' in refusal(tmp_path / 'x.npy', read_npy)


def test_a_fault_of_the_program_is_one_line_too(monkeypatch, capsys):
    from diffsheg_model.cli import main as module

    def broken():
        raise ZeroDivisionError('division by\nzero')

    monkeypatch.setattr(module, 'make_app', broken)
    assert main(['plot', 'x']) == 1
    error = capsys.readouterr().err
    assert 'a fault of this program' in error and error.count('\n') == 1


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


# npz and npy


def moving(frames: int) -> Motion:
    shape = (frames, len(BEAT.joint_names), 3)
    weights = np.full((frames, len(BEAT.weight_names)), 0.25, np.float32)
    return Motion(
        15.0, BEAT.joint_names, np.full(shape, 0.1, np.float32), BEAT.weight_names, weights
    )


def fields(**changes) -> dict[str, np.ndarray]:
    return {
        'fps': np.float64(15),
        'joint_names': np.array(['Spine']),
        'rotations': np.zeros((5, 1, 3), np.float32),
        'weight_names': np.array(['jawOpen']),
        'weights': np.zeros((5, 1), np.float32),
        'start_frame': np.int64(0),
        **changes,
    }


def header(shape, descr='<f4') -> bytes:
    file = io.BytesIO()
    values = {'descr': descr, 'fortran_order': False, 'shape': shape}
    np.lib.format.write_array_header_1_0(file, values)
    return file.getvalue()


def repacked(path, compression=zipfile.ZIP_STORED, **members: bytes) -> None:
    """Pack an npz again, with some members replaced."""
    old = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, 'w', compression) as new:
        for name in old.namelist():
            new.writestr(name, members.get(name.removesuffix('.npy'), old.read(name)))


@pytest.mark.parametrize('value', [np.inf, -np.inf, np.nan, 1e300])
@pytest.mark.parametrize('field', ['start_frame', 'fps'])
def test_numbers_of_an_npz_that_no_motion_has(tmp_path, field, value):
    np.savez(tmp_path / 'x.npz', **fields(**{field: np.float64(value)}))
    refusal(tmp_path / 'x.npz')


@pytest.mark.parametrize(
    'rotations',
    [
        header((2**50,)),
        header((5 * 10**9,)),
        header((2**40, 1, 3)),
        header((2**40,), '<U0'),
        header((5, 1, 3), '|O'),
        header((5, 1, 3), [('a', '<f4')]),
        header((6, 1, 3)) + bytes(60),
        b'\x93NUMPY\x01\x00\x10\x00' + b'(' * 16,
        b'\x93NUMPY\x03\x00' + bytes(20),
        b'\x93NUMPY\x02\x00\xff\xff\xff\xff{',
        b'',
    ],
)
def test_headers_of_arrays_that_lie(tmp_path, rotations):
    path = tmp_path / 'x.npz'
    np.savez(path, **fields())
    repacked(path, rotations=rotations)
    assert 'rotations' in refusal(path)
    (tmp_path / 'x.npy').write_bytes(rotations)
    refusal(tmp_path / 'x.npy', read_npy)


def marked(path, offset: int, value: int) -> None:
    """Set a number of two bytes in every header of a zip file, counted from its flags on."""
    data = bytearray(path.read_bytes())
    for start, first in ((b'PK\3\4', 6), (b'PK\1\2', 8)):
        place = data.find(start)
        while place >= 0:
            data[place + first + offset : place + first + offset + 2] = value.to_bytes(2, 'little')
            place = data.find(start, place + 4)
    path.write_bytes(data)


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_an_npz_in_an_unknown_compression(tmp_path, method):
    path = tmp_path / 'x.npz'
    np.savez(path, **fields())
    if method == 99:
        marked(path, 2, method)
    else:
        repacked(path, method)
    assert 'compressed' in refusal(path)


def test_an_encrypted_npz(tmp_path):
    path = tmp_path / 'x.npz'
    np.savez(path, **fields())
    marked(path, 0, 1)
    assert 'encrypted' in refusal(path)


def test_an_npz_that_unpacks_to_gigabytes(tmp_path):
    path = tmp_path / 'x.npz'
    np.savez(path, **fields())
    old = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != 'rotations.npy':
                new.writestr(name, old.read(name))
        with new.open('rotations.npy', 'w') as file:
            file.write(header((2 * 10**7, 1, 3)))
            for _ in range(24):
                file.write(bytes(10**7))
    assert path.stat().st_size < 300_000
    assert 'declares 240 MB' in refusal(path)


@pytest.mark.parametrize('last', ['again', 'name0'])
def test_motions_of_very_many_names(tmp_path, last):
    names = np.array([f'name{index}' for index in range(19_999)] + [last])
    np.savez(tmp_path / 'x.npz', **fields(weight_names=names, weights=np.zeros((5, 20_000), 'f4')))
    assert f'at most {MOST_NAMES}' in refusal(tmp_path / 'x.npz')


def test_a_still_motion_of_an_hour_is_no_bomb(tmp_path):
    write_npz(tmp_path / 'still.npz', moving(54_000))
    assert (tmp_path / 'still.npz').stat().st_size < 100_000
    assert len(read_motion(tmp_path / 'still.npz')) == 54_000


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
