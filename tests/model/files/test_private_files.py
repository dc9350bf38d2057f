"""Private files are private from their first byte on, whatever the umask."""

import os
import threading

import numpy as np
import pytest
import soundfile

from diffsheg_model.files.private_files import private_files


@pytest.fixture(autouse=True)
def open_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path) -> int:
    return path.stat().st_mode & 0o777


def test_whatever_makes_a_file_it_is_private(tmp_path):
    with private_files():
        (tmp_path / 'a' / 'b').mkdir(parents=True)
        (tmp_path / 'a' / 'text').write_text('x')
        soundfile.write(tmp_path / 'a' / 'voice.wav', np.zeros(10), 16000)
        np.savez(tmp_path / 'a' / 'motion.npz', x=1)
    made = [tmp_path / 'a' / name for name in ('text', 'voice.wav', 'motion.npz')]
    assert [mode(path) for path in made] == [0o600] * 3
    assert mode(tmp_path / 'a') == mode(tmp_path / 'a' / 'b') == 0o700
    (tmp_path / 'after').write_text('x')
    assert mode(tmp_path / 'after') == 0o644


def test_the_umask_comes_back_after_an_error_and_from_two_threads(tmp_path):
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with private_files():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    with pytest.raises(ValueError), private_files():
        raise ValueError
    (tmp_path / 'during').write_text('x')
    leave.set()
    thread.join()
    (tmp_path / 'after').write_text('x')
    assert mode(tmp_path / 'during') == 0o600 and mode(tmp_path / 'after') == 0o644


def test_a_recording_is_private_before_its_first_message(tmp_path):
    pytest.importorskip('mcap', reason='recordings need the extra mcap')
    from diffsheg_model.motion_files.mcap.recorder import McapRecorder

    path = tmp_path / 'new' / 'session.mcap'
    path.parent.parent.mkdir(exist_ok=True)
    recorder = McapRecorder(path)
    assert mode(path) == 0o600 and mode(path.parent) == 0o700
    recorder.close()
    assert mode(path) == 0o600
