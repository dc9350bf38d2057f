"""A motion sent to Unreal in real time by the command."""

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.advice import install_advice
from diffsheg_model.cli.main import main
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.resampling import at_rate
from diffsheg_model.motion_files import write_npz
from diffsheg_model.motion_files.livelink.curves import livelink_curves
from tests.support.live_link import decoded, other, receiver  # noqa: F401
from tests.support.motions import moving
from tests.support.recordings import SPEECH


@pytest.fixture
def half_second(tmp_path: Path) -> Path:
    write_npz(tmp_path / 'motion.npz', moving(frames=8))
    return tmp_path / 'motion.npz'


def test_it_sends_the_motion_and_then_a_neutral_face(half_second, receiver, other):
    assert main(['livelink', str(half_second), '--to', receiver.target]) == 0
    faces = [decoded(other, packet) for packet in receiver.waiting()]
    expected = livelink_curves(at_rate(moving(frames=8), 60))
    frames = np.array([face._frames for face in faces]) - faces[0]._frames
    assert frames[0] == 0 and frames[-2] == len(expected) - 1
    assert (np.diff(frames) > 0).all()
    for frame, face in zip(frames[:-1], faces[:-1], strict=True):
        assert np.allclose(face._blend_shapes, expected[frame], atol=1e-6)
    assert not any(faces[-1]._blend_shapes)


def test_it_at_another_rate_and_speed(half_second, receiver, other, capfd):
    arguments = ['--rate', '30', '--speed', '0.5', '--name', 'Bo']
    begin = time.monotonic()
    assert main(['livelink', str(half_second), '--to', receiver.target, *arguments]) == 0
    assert time.monotonic() - begin > 0.9
    faces = [decoded(other, packet) for packet in receiver.waiting()]
    assert {(face.name, face.fps) for face in faces} == {('Bo', 30)}
    # Half speed: 8 frames of a fifteenth last 16 / 15 s, which 32 packets fill.
    assert faces[-2]._frames - faces[0]._frames == 31


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_a_neutral_face(half_second, receiver, other, number, status):
    process = subprocess.Popen(
        [sys.executable, '-m', 'diffsheg_model.cli.main', 'livelink', str(half_second),
         '--to', receiver.target, '--loop'],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    packets = [receiver.receive(60.0) for _ in range(45)]
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == status
    assert 'faces sent to 127.0.0.1' in said and 'Traceback' not in said
    packets += receiver.waiting()
    faces = [decoded(other, packet) for packet in packets]
    assert any(faces[-2]._blend_shapes) and not any(faces[-1]._blend_shapes)
    # It went round: half a second is 32 packets.
    assert faces[-1]._frames - faces[0]._frames > 32


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--to', '127.0.0.1:70000'], 'port 70000'),
        (['--to', 'nowhere.invalid'], 'cannot find nowhere.invalid'),
        (['--to', '127.0.0.1', '--rate', '0'], '--rate 0: must be from 1 to 240'),
        (['--to', '127.0.0.1', '--speed', '0'], '--speed 0: must be from 0.1 to 10'),
        (['--to', '127.0.0.1', '--name', ''], 'Live Link name'),
        (['--to', '127.0.0.1', '--audio', 'a.wav', '--loop'], 'leave out --loop'),
        (['--to', '127.0.0.1', '--audio', 'a.wav', '--speed', '2'], 'and --speed'),
        (['--to', '127.0.0.1', '--audio', 'a.wav'], 'a.wav: no such audio file'),
        ([], '--to'),
    ],
)
def test_it_refuses_in_one_line(half_second, arguments, message, capfd):
    assert main(['livelink', str(half_second), *arguments]) == 2
    said = capfd.readouterr().err
    assert said.startswith('error: ') and message in said and said.count('\n') == 1


def test_a_body_has_no_face_to_send(tmp_path, capfd):
    motion = Motion(15.0, ('Neck',), np.zeros((3, 1, 3)), (), np.zeros((3, 0)))
    write_npz(tmp_path / 'body.npz', motion)
    assert main(['livelink', str(tmp_path / 'body.npz'), '--to', '127.0.0.1']) == 2
    assert 'body.npz: the motion has no face' in capfd.readouterr().err


def test_sound_needs_sounddevice_and_says_so(half_second, receiver):
    program = f"""
        import sys

        sys.modules['sounddevice'] = None  # as where it is not installed
        from diffsheg_model.cli.main import main

        sys.exit(main(['livelink', {str(half_second)!r}, '--to', {receiver.target!r},
                       '--audio', {str(SPEECH)!r}]))
        """
    ran = subprocess.run(
        [sys.executable, '-c', textwrap.dedent(program)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr == f'error: a loudspeaker needs sounddevice: {install_advice("audio")}\n'
    assert receiver.waiting() == []


def test_the_old_name_and_option_work_with_one_warning(half_second, receiver, caplog):
    arguments = [str(half_second), '--livelink', receiver.target]
    assert main(['replay', *arguments]) == 0
    assert len(receiver.waiting()) > 1
    warnings = [record.message for record in caplog.records if record.levelname == 'WARNING']
    assert warnings == [
        '`diffsheg replay` is now called `diffsheg livelink`; the next release drops the old name'
    ]
