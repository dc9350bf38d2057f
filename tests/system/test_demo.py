"""The demo as a user runs it: a recording becomes a folder of files."""

import csv
import itertools
import os
import signal
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
import soundfile

from tests.support.bundles import speech_like

pytest.importorskip('rclpy', reason='the demo needs ROS 2')

from diffsheg_model.motion_files import read_npz
from diffsheg_ros.demo import DEFAULT_AUDIO
from diffsheg_ros.ros.isolation import isolate

pytestmark = [pytest.mark.ros, pytest.mark.untimed]

LIMIT_S = 120


def command(*arguments: object) -> list[str]:
    return [sys.executable, '-m', 'diffsheg_ros.demo', *map(str, arguments)]


@pytest.fixture
def environment() -> dict[str, str]:
    """Return variables with a ROS domain of its own."""
    made = dict(os.environ)
    isolate(made)
    return made


def test_a_recording_becomes_files(tmp_path, tiny_bundle, environment):
    speech = tmp_path / "it's a test: 1.wav"
    soundfile.write(speech, speech_like(2.0, 44100), 44100)
    out = tmp_path / 'out'
    ran = subprocess.run(
        command('--audio', speech, '--out', out, '--bundle', tiny_bundle.path),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env=environment,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {path.name for path in out.iterdir()} == {
        'motion.bvh', 'face.csv', 'motion.npz', 'curves.png', 'session.mcap',
    }  # fmt: skip
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}
    assert out.stat().st_mode & 0o777 == 0o700
    motion = read_npz(out / 'motion.npz')
    assert motion.fps == 60
    # The speech, and half a second on the way to idling.
    assert 1.9 < motion.duration_s < 4.0
    assert motion.rotations.shape[1:] == (47, 3) and motion.weights.shape[1] == 51
    moving = np.abs(np.diff(motion.weights, axis=0)).max(axis=1) > 1e-6
    assert moving[: 60 * 2].mean() > 0.5  # a busy machine holds it at times
    assert moving[-20:].any()  # it idles
    with open(out / 'face.csv', newline='') as file:
        rows = list(csv.reader(file))
    assert rows[0][0] == 'time_s' and 'jawOpen' in rows[0]
    assert len(rows) - 1 == len(motion)
    assert 'speaking' in ran.stdout
    assert 'published' in ran.stdout and 'latency' in ran.stdout and str(out) in ran.stdout


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ({'--audio': '/nowhere.wav'}, '/nowhere.wav'),
        ({'--bundle': '/nowhere'}, '/nowhere is not a bundle'),
        ({'--out': DEFAULT_AUDIO}, 'it is a file'),
        ({'--adio': '/nowhere.wav'}, 'Did you mean --audio?'),
    ],
    ids=['audio', 'bundle', 'out', 'unknown option'],
)
def test_bad_input_is_refused_in_one_line_before_anything_starts(
    tmp_path, tiny_bundle, environment, arguments, words
):
    given = {'--bundle': tiny_bundle.path, '--out': tmp_path / 'out', **arguments}
    ran = subprocess.run(
        command(*itertools.chain(*given.items())),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env=environment,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith('error: ') and words in ran.stderr
    assert ran.stderr.count('\n') == 1
    assert not (tmp_path / 'out').exists()


def test_interrupting_it_stops_its_nodes_and_writes_nothing(tmp_path, tiny_bundle, environment):
    out = tmp_path / 'out'
    process = subprocess.Popen(
        command('--out', out, '--bundle', tiny_bundle.path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    for line in process.stdout:
        if line.startswith('speaking'):
            break
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert 'nothing was written' in rest and 'Traceback' not in rest
    assert not out.exists()
    assert not nodes_of(environment['ROS_DOMAIN_ID'])


@pytest.mark.parametrize(
    'number', [signal.SIGINT, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)]
)
def test_its_page_is_there_and_stays_until_it_is_ended(tmp_path, tiny_bundle, environment, number):
    speech = tmp_path / 'speech.wav'
    soundfile.write(speech, speech_like(1.0), 16000)
    process = subprocess.Popen(
        command(
            '--audio', speech, '--out', tmp_path / 'out', '--bundle', tiny_bundle.path, '--stay'
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**environment, 'DISPLAY': '', 'WAYLAND_DISPLAY': ''},
    )  # fmt: skip
    url = ''
    for line in process.stdout:
        if line.startswith('the avatar is on '):
            url = line.split()[-1]
        if line.startswith('the avatar stays'):
            break
    assert urllib.request.urlopen(url, timeout=10).status == 200
    assert (tmp_path / 'out' / 'session.mcap').stat().st_size > 1000
    process.send_signal(number)
    rest, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0 and 'Traceback' not in rest
    assert not nodes_of(environment['ROS_DOMAIN_ID'])


def nodes_of(domain: str) -> list[str]:
    """Return the processes of this package in a ROS domain, after a moment."""
    time.sleep(0.2)
    found = []
    for process in os.listdir('/proc'):
        try:
            with open(f'/proc/{process}/environ', 'rb') as file:
                environment = file.read().split(b'\0')
            with open(f'/proc/{process}/cmdline', 'rb') as file:
                words = file.read().decode().split('\0')
        except (OSError, ValueError):
            continue
        if f'ROS_DOMAIN_ID={domain}'.encode() in environment and any(
            'diffsheg_ros' in word for word in words
        ):
            found.append(' '.join(words))
    return found
