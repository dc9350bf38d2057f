"""The live recording: whole at every moment, killed or on a disk that fills."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytest.importorskip('mcap', reason='recordings need the extra mcap')
pytest.importorskip('rosbags', reason='read back with rosbags')

from diffsheg_model.advice import install_advice
from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.mcap.definitions import AUDIO_CHUNK
from diffsheg_model.motion_files.mcap.motion import read_mcap
from diffsheg_model.motion_files.mcap.reader import read_messages
from diffsheg_model.motion_files.mcap.recorder import McapRecorder
from tests.support.mcap_files import body_at, face_at, record, with_mcap, with_rosbags

RECORD_FOR_EVER = """
    import sys
    import numpy as np
    from diffsheg_model.errors import InputError
    from diffsheg_model.motion_files.mcap.definitions import AUDIO_CHUNK
    from diffsheg_model.motion_files.mcap.messages import audio_chunk_bytes
    from diffsheg_model.motion_files.mcap.recorder import McapRecorder

    rng = np.random.default_rng(0)
    samples = rng.standard_normal(640).astype(np.float32)  # noise is not compressed
    recorder = McapRecorder(sys.argv[1])
    try:
        for count in range(1, 100_000):
            data = audio_chunk_bytes(count, 'u', 640 * count, 16000, samples, False)
            recorder.add('/audio', AUDIO_CHUNK, data, count)
            if count % 25 == 0:
                recorder.flush()
                print(count, flush=True)
            if count % 25 == 7:  # it is no chunk's length that the disk ends at
                samples = rng.standard_normal(640).astype(np.float32)
    except InputError as error:
        print(error, flush=True)
        recorder.close()
    """


def start_recording(path: Path, before: str = '') -> subprocess.Popen:
    program = before + textwrap.dedent(RECORD_FOR_EVER)
    return subprocess.Popen(
        [sys.executable, '-c', program, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def count_as_each_reader_does(path: Path) -> int:
    """Messages of a file, whole for every reader."""
    counts = {
        len(with_mcap(path)),
        len(with_rosbags(path)),
        len(list(read_messages(path, {'/audio': AUDIO_CHUNK}))),
    }
    assert len(counts) == 1
    return counts.pop()


def test_a_recording_that_is_killed_has_all_up_to_its_last_flush(tmp_path, caplog):
    path = tmp_path / 'session.mcap'
    process = start_recording(path)
    flushed = 0
    for line in process.stdout:
        flushed = int(line)
        if flushed >= 500:
            break
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    flushed = int(rest[-1]) if rest else flushed
    assert flushed <= count_as_each_reader_does(path) <= flushed + 25
    assert not caplog.text


def check_full(path: Path, said: list[str], reason: str) -> None:
    """Recording stopped with one line, and what was flushed before is whole."""
    *flushed, error = said
    assert error.startswith(f'recording into {path} stopped: {reason}')
    assert len(flushed) > 3 and count_as_each_reader_does(path) == int(flushed[-1])


def test_a_disk_that_fills_leaves_what_came_before(tmp_path, caplog):
    disk = tmp_path / 'disk'
    disk.mkdir()
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f'no small disk can be mounted here: {mounted.stderr.decode().strip()}')
    try:
        process = start_recording(disk / 'session.mcap')
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize < 200_000
        check_full(disk / 'session.mcap', said.splitlines(), 'No space left on device')
    finally:
        subprocess.run(['umount', str(disk)], check=True)
    assert not caplog.text


def test_a_file_that_may_not_grow_is_whole(tmp_path):
    limit = 'import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (777_777, 777_777))\n'
    process = start_recording(tmp_path / 'session.mcap', limit)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    check_full(tmp_path / 'session.mcap', said.splitlines(), 'File too large')


def test_a_file_is_whole_before_it_is_closed(tmp_path, caplog):
    path = record(tmp_path / 'a.mcap', face_at(0), body_at(0), face_at(1), close=False)
    assert [topic for topic, _ in with_mcap(path)] == ['/face', '/joint_states', '/face']
    assert len(read_mcap(path)[0]) == 2
    assert not caplog.text
    # A second writer of the same file does not disturb the first one.
    with path.open('rb') as earlier:
        record(path, face_at(0), body_at(0))
        assert earlier.read().endswith(b'MCAP0\r\n')
    assert len(with_mcap(path)) == 2


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path):
    (tmp_path / 'file').touch()
    for path in (tmp_path / 'file' / 'a.mcap', tmp_path):
        with pytest.raises(InputError, match='cannot write'):
            McapRecorder(path)


def test_missing_libraries_are_named(tmp_path):
    program = """
        import sys

        sys.modules['mcap'] = None
        from diffsheg_model.errors import InputError
        from diffsheg_model.motion_files.mcap.recorder import McapRecorder
        from diffsheg_model.motion_files.mcap.motion import read_mcap

        for use in (McapRecorder, read_mcap):
            try:
                use(sys.argv[1])
            except InputError as error:
                print(error)
        """
    ran = subprocess.run(
        [sys.executable, '-c', textwrap.dedent(program), str(tmp_path / 'a.mcap')],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert ran.stdout.count(install_advice('mcap')) == 2, ran.stderr
    assert ran.stdout.count('\n') == 2
