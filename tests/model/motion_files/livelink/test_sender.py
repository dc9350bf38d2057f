"""Live Link packets byte for byte as another implementation has them, over a real socket."""

import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.advice import install_advice
from diffsheg_model.cli.main import main
from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.resampling import at_rate
from diffsheg_model.motion_files import write_npz
from diffsheg_model.motion_files.livelink.curves import LIVELINK_CURVES, livelink_curves
from diffsheg_model.motion_files.livelink.sender import (
    LiveLinkSender,
    livelink_packet,
    split_target,
)
from tests.model.motion_files.test_write import moving
from tests.support.recordings import SPEECH

DEVICE = '0F0A0C1D-7E7B-4C5E-9E56-3B7C56D8A1C2'


class Receiver:
    """A UDP socket on loopback, in Unreal's place."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # A second of packets may wait here on a busy machine.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(('127.0.0.1', 0))
        self.target = f'127.0.0.1:{self._socket.getsockname()[1]}'

    def receive(self, limit_s: float = 5.0) -> bytes | None:
        self._socket.settimeout(limit_s)
        try:
            return self._socket.recv(2048)
        except TimeoutError:
            return None

    def waiting(self) -> list[bytes]:
        """What has arrived."""
        packets = []
        while (packet := self.receive(0.2)) is not None:
            packets.append(packet)
        return packets

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def other():
    """PyLiveLinkFace."""
    return pytest.importorskip('pylivelinkface')


def decoded(other, packet: bytes):
    there, face = other.PyLiveLinkFace.decode(packet)
    assert there
    return face


def test_the_order_is_that_of_the_other_implementation(other):
    assert tuple(curve.name for curve in other.FaceBlendShape) == LIVELINK_CURVES


@pytest.mark.parametrize('name', ['diffsheg', 'a', 'x' * 255])
def test_packets_are_byte_for_byte_the_same(other, name):
    curves = np.random.default_rng(0).uniform(-1, 1, 61)
    theirs = other.PyLiveLinkFace(name=name, uuid=DEVICE, fps=60)
    for curve, value in zip(other.FaceBlendShape, curves.tolist(), strict=True):
        theirs.set_blendshape(curve, value, no_filter=True)
    # Theirs takes the frame from the clock as it encodes.
    expected = theirs.encode()
    frame = int.from_bytes(expected[45 + len(name) :][:4], 'big')
    subframe = np.frombuffer(expected[49 + len(name) :][:4], '>f4')[0]
    ours = livelink_packet(DEVICE, name, frame, 60, curves, float(subframe))
    assert ours == expected
    face = decoded(other, ours)
    assert (face.name, face.fps, face._version, face._frames) == (name, 60, 6, frame)
    assert np.allclose(face._blend_shapes, curves, atol=1e-7)


def test_it_arrives(receiver, other):
    with LiveLinkSender(receiver.target, 60, 'Ada', first_frame=1000) as sender:
        sender.send(np.full(61, 0.25))
        sender.send(np.full(61, 0.5), frames=3)
        assert sender.sent == 2
    first, second = (decoded(other, receiver.receive()) for _ in range(2))
    assert (first.name, first._frames, second._frames) == ('Ada', 1000, 1003)
    assert set(first._blend_shapes) == {0.25} and set(second._blend_shapes) == {0.5}
    assert re.fullmatch(r'\$[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}', first.uuid)
    assert first.uuid == second.uuid


def test_frames_begin_anew_at_midnight(receiver, other):
    with LiveLinkSender(receiver.target, 60, first_frame=24 * 3600 * 60 - 1) as sender:
        for _ in range(3):
            sender.send(np.zeros(61))
    frames = [decoded(other, receiver.receive())._frames for _ in range(3)]
    assert frames == [24 * 3600 * 60 - 1, 0, 1]


def test_nobody_listening_is_no_error(receiver):
    receiver.close()
    with LiveLinkSender(receiver.target, 60) as sender:
        for _ in range(3):
            sender.send(np.zeros(61))


def test_targets():
    assert split_target('127.0.0.1:4000') == ('127.0.0.1', 4000)
    assert split_target('studio.local') == ('studio.local', 11111)
    assert split_target('[::1]:4000') == ('::1', 4000)
    assert split_target('[::1]') == ('::1', 11111)
    for target in ('', ':4000', 'a b', 'host:', 'host:x', '::1', 'http://host'):
        with pytest.raises(InputError, match='give HOST:PORT'):
            split_target(target)
    for port in (0, 65536, -1):
        with pytest.raises(InputError, match=f'port {port} of .*: must be from 1 to 65535'):
            split_target(f'127.0.0.1:{port}')
    with pytest.raises(InputError, match=r'cannot find nowhere\.invalid'):
        LiveLinkSender('nowhere.invalid', 60)
    for name in ('', ' ', 'ä' * 128, 'A\udcff'):
        with pytest.raises(InputError, match='Live Link name'):
            LiveLinkSender('127.0.0.1', 60, name)


# diffsheg replay


@pytest.fixture
def half_second(tmp_path: Path) -> Path:
    write_npz(tmp_path / 'motion.npz', moving(frames=8))
    return tmp_path / 'motion.npz'


def test_replay_sends_the_motion_and_then_a_neutral_face(half_second, receiver, other):
    assert main(['replay', str(half_second), '--livelink', receiver.target]) == 0
    faces = [decoded(other, packet) for packet in receiver.waiting()]
    expected = livelink_curves(at_rate(moving(frames=8), 60))
    frames = np.array([face._frames for face in faces]) - faces[0]._frames
    assert frames[0] == 0 and frames[-2] == len(expected) - 1
    assert (np.diff(frames) > 0).all()
    for frame, face in zip(frames[:-1], faces[:-1], strict=True):
        assert np.allclose(face._blend_shapes, expected[frame], atol=1e-6)
    assert not any(faces[-1]._blend_shapes)


def test_replay_at_another_rate_and_speed(half_second, receiver, other, capfd):
    arguments = ['--rate', '30', '--speed', '0.5', '--name', 'Bo']
    begin = time.monotonic()
    assert main(['replay', str(half_second), '--livelink', receiver.target, *arguments]) == 0
    assert time.monotonic() - begin > 0.9
    faces = [decoded(other, packet) for packet in receiver.waiting()]
    assert {(face.name, face.fps) for face in faces} == {('Bo', 30)}
    # Half speed: 8 frames of a fifteenth last 16 / 15 s, which 32 packets fill.
    assert faces[-2]._frames - faces[0]._frames == 31


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_replay_leaves_a_neutral_face(half_second, receiver, other, number, status):
    process = subprocess.Popen(
        [sys.executable, '-m', 'diffsheg_model.cli.main', 'replay', str(half_second),
         '--livelink', receiver.target, '--loop'],
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
        (['--livelink', '127.0.0.1:70000'], 'port 70000'),
        (['--livelink', 'nowhere.invalid'], 'cannot find nowhere.invalid'),
        (['--livelink', '127.0.0.1', '--rate', '0'], '--rate 0: must be from 1 to 240'),
        (['--livelink', '127.0.0.1', '--speed', '0'], '--speed 0: must be from 0.1 to 10'),
        (['--livelink', '127.0.0.1', '--name', ''], 'Live Link name'),
        (['--livelink', '127.0.0.1', '--audio', 'a.wav', '--loop'], 'leave out --loop'),
        (['--livelink', '127.0.0.1', '--audio', 'a.wav', '--speed', '2'], 'and --speed'),
        (['--livelink', '127.0.0.1', '--audio', 'a.wav'], 'a.wav: no such audio file'),
        ([], 'livelink'),
    ],
)
def test_replay_refuses_in_one_line(half_second, arguments, message, capfd):
    assert main(['replay', str(half_second), *arguments]) == 2
    said = capfd.readouterr().err
    assert said.startswith('error: ') and message in said and said.count('\n') == 1


def test_a_body_has_no_face_to_send(tmp_path, capfd):
    motion = Motion(15.0, ('Neck',), np.zeros((3, 1, 3)), (), np.zeros((3, 0)))
    write_npz(tmp_path / 'body.npz', motion)
    assert main(['replay', str(tmp_path / 'body.npz'), '--livelink', '127.0.0.1']) == 2
    assert 'body.npz: the motion has no face' in capfd.readouterr().err


def test_sound_needs_sounddevice_and_says_so(half_second, receiver):
    program = f"""
        import sys

        sys.modules['sounddevice'] = None  # as where it is not installed
        from diffsheg_model.cli.main import main

        sys.exit(main(['replay', {str(half_second)!r}, '--livelink', {receiver.target!r},
                       '--audio', {str(SPEECH)!r}]))
        """
    ran = subprocess.run(
        [sys.executable, '-c', textwrap.dedent(program)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr == f'error: a loudspeaker needs sounddevice: {install_advice("audio")}\n'
    assert receiver.waiting() == []
