"""`diffsheg view` as a user starts it."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request

import numpy as np
import pytest

from tests.support.bundles import speech_like

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.sync.client import connect

from diffsheg_model.cli.main import main
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files import write_npz


@pytest.fixture
def motion_file(tmp_path):
    frames = 20
    write_npz(
        tmp_path / 'motion.npz',
        Motion(
            15.0,
            BEAT.joint_names,
            np.zeros((frames, 47, 3), np.float32),
            BEAT.weight_names,
            np.zeros((frames, 51), np.float32),
        ),
    )
    return tmp_path / 'motion.npz'


def test_it_says_where_the_page_is_serves_it_and_ends_at_ctrl_c(motion_file, tmp_path):
    import soundfile

    speech = tmp_path / 'speech.wav'
    soundfile.write(speech, speech_like(1.0), 16000)
    process = subprocess.Popen(
        [
            sys.executable, '-m', 'diffsheg_model.cli.main', 'view', str(motion_file),
            '--audio', str(speech), '--port', '0', '--no-open',
        ],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        url = re.search(r'http://\S+', process.stderr.readline()).group()
        assert urllib.request.urlopen(url, timeout=10).status == 200
        with connect(url.replace('http', 'ws') + 'socket') as page:
            assert '"duration_s": 1.33' in page.recv(timeout=10)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=20)[1]
    finally:
        process.kill()
    assert process.returncode == 130
    assert rest.strip() == 'interrupted'


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['nowhere.npz'], 'nowhere.npz: no such file'),
        (['{motion}', '--audio', 'nowhere.wav'], 'nowhere.wav'),
        (['{motion}', '--beside', 'nowhere.bvh'], 'nowhere.bvh: no such file'),
        (['{motion}', '--host', '0.0.0.0'], 'can be reached from other machines'),
        (['{motion}', '--port', '99999'], 'port 99999: must be from 0'),
        (['{notes}'], 'notes.txt: motion files end in'),
        (['{cut}'], 'cut.npz is not a readable npz file'),
    ],
)
def test_wrong_input_is_refused_in_one_line(motion_file, tmp_path, capsys, arguments, words):
    notes, cut = tmp_path / 'notes.txt', tmp_path / 'cut.npz'
    notes.write_text('hello')
    cut.write_bytes(motion_file.read_bytes()[:500])
    given = [text.format(motion=motion_file, notes=notes, cut=cut) for text in arguments]
    assert main(['view', *given, '--no-open']) == 2
    shown = capsys.readouterr().err
    assert shown.startswith('error: ') and words in shown and shown.count('\n') == 1


def test_a_port_in_use_gives_way_to_the_next_and_is_named(motion_file):
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        process = subprocess.Popen(
            [
                sys.executable, '-m', 'diffsheg_model.cli.main', 'view', str(motion_file),
                '--port', str(port), '--no-open',
            ],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            line = process.stderr.readline()
            assert f'port {port} is taken' in line
            url = re.search(r'http://\S+', line).group()
            assert urllib.request.urlopen(url, timeout=10).status == 200
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        finally:
            process.kill()
