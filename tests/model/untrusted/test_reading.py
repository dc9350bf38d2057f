"""The border of all readers: one line for every fault, and files of any name and kind."""

import os
import socket
import struct
import subprocess
import sys

import pytest

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.cli.main import main
from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.npz import write_npz
from diffsheg_model.motion_files.read import read_motion
from diffsheg_model.untrusted.array_files import read_npy
from diffsheg_model.untrusted.reading import READERS, reader, reading
from tests.support.made_recordings import write_wav
from tests.support.refused_files import moving, refusal


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
