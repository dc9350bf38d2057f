"""The file player, over real DDS and as a process."""

import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from tests.support.bundles import speech_like

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rclpy.qos import QoSProfile, ReliabilityPolicy

from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.msg import AudioChunk
from diffsheg_ros.nodes.file_player import FilePlayerNode
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.audio_subscription import AudioSubscription
from tests.support.ros_world import Watcher, World, overrides

pytestmark = [pytest.mark.ros, pytest.mark.untimed]


@pytest.fixture
def speech(tmp_path):
    """0.5 s at 22.05 kHz, stereo."""
    path = tmp_path / 'two words.wav'
    left, right = speech_like(0.5, 22050, 1), speech_like(0.5, 22050, 2)
    soundfile.write(path, np.stack([left, right], axis=1), 22050, subtype='FLOAT')
    return path


@pytest.fixture
def make(world: World):
    def make(path, **values) -> FilePlayerNode:
        values = {'file': str(path), 'rate': 4.0} | values
        return world.add(FilePlayerNode(parameter_overrides=overrides(**values)))

    return make


def pieces(watcher: Watcher) -> list[messages.AudioPiece]:
    return [messages.read_audio_chunk(chunk) for chunk in watcher.audio]


def test_the_recording_is_sent_unchanged_with_its_times(world, make, speech):
    begun_ns = time.time_ns()
    watcher = world.add(Watcher())
    player = make(speech, chunk_ms=20)
    world.until(lambda: player.finished and watcher.audio and watcher.audio[-1].end_of_utterance)
    heard = pieces(watcher)
    both, rate = soundfile.read(speech, dtype='float32')
    np.testing.assert_array_equal(
        np.concatenate([piece.samples for piece in heard]), both.mean(axis=1, dtype=np.float32)
    )
    assert {len(piece.samples) for piece in heard[:-1]} == {441}
    assert [piece.end for piece in heard] == [False] * (len(heard) - 1) + [True]
    assert {piece.sample_rate for piece in heard} == {rate}
    assert len({piece.utterance_id for piece in heard}) == 1
    assert heard[0].utterance_id.startswith('two words-')
    first = 0
    for piece in heard:
        assert piece.first_sample == first
        assert piece.start_ns == heard[0].start_ns + first * NS // rate
        first += len(piece.samples)
    assert begun_ns < heard[0].start_ns < time.time_ns()
    assert player.exit_status == 0


def test_the_recording_is_sent_in_real_time(world, make, speech):
    watcher = world.add(Watcher())
    player = make(speech, rate=1.0, chunk_ms=50)
    world.until(lambda: watcher.audio)
    world.until(lambda: player.finished)
    assert time.time_ns() >= messages.from_stamp(watcher.audio[-1].header.stamp)


def test_the_player_waits_for_its_subscribers(world, make, speech):
    player = make(speech, subscribers=2)
    first = world.add(Watcher())
    world.run(1.0)
    assert not first.audio
    second = world.add(Watcher())
    world.until(lambda: player.finished)
    for watcher in (first, second):
        world.until(lambda ears=watcher: ears.audio and ears.audio[-1].end_of_utterance)
    assert len(first.audio) == len(second.audio)


def test_the_player_gives_up_waiting(world, make, speech):
    player = make(speech, wait_s=0.2)
    world.until(lambda: player.finished)
    assert player.exit_status == 2


def test_each_round_of_a_loop_is_an_utterance_of_its_own(world, make, speech):
    watcher = world.add(Watcher())
    make(speech, loop=True, loop_pause_s=0.0, utterance_id='again', rate=20.0)
    world.until(lambda: len({piece.utterance_id for piece in pieces(watcher)}) >= 3)
    heard = pieces(watcher)
    names = list(dict.fromkeys(piece.utterance_id for piece in heard))
    assert names[:3] == ['again', 'again-2', 'again-3']
    rounds = [[piece for piece in heard if piece.utterance_id == name] for name in names[:2]]
    assert [piece.first_sample for piece in rounds[0]] == [
        piece.first_sample for piece in rounds[1]
    ]
    assert all(one[-1].end for one in rounds)
    # The next round begins when the one before is over.
    assert rounds[1][0].start_ns >= rounds[0][0].start_ns + NS // 2


def test_a_truncated_recording_ends_its_utterance(world, make, tmp_path):
    whole = tmp_path / 'whole.flac'
    soundfile.write(whole, speech_like(4.0), 16000)
    cut = tmp_path / 'cut.flac'
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    watcher = world.add(Watcher())
    player = make(cut, rate=100.0)
    world.until(lambda: player.finished)
    world.until(lambda: watcher.audio and watcher.audio[-1].end_of_utterance)
    assert player.exit_status == 0  # the readable part was sent, with a note on the rest
    assert sum(len(piece.samples) for piece in pieces(watcher)) < 3 * 16000


@pytest.mark.parametrize('name', ['missing.wav', 'empty.wav', 'text.wav', ''])
def test_unusable_files_are_refused_at_once(ros, tmp_path, name):
    (tmp_path / 'empty.wav').touch()
    (tmp_path / 'text.wav').write_text('no sound')
    path = str(tmp_path / name) if name else ''
    with pytest.raises(InputError):
        FilePlayerNode(parameter_overrides=overrides(file=path))


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [(['-p', 'file:=/nowhere/x.wav'], '/nowhere/x.wav'), (['-p', 'chunk_ms:=0'], 'chunk_ms = 0')],
    ids=['missing file', 'bad parameter'],
)
def test_the_process_reports_errors_in_one_line(arguments, words):
    ran = subprocess.run(
        [sys.executable, '-m', 'diffsheg_ros.nodes.file_player', '--ros-args', *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith('error: ') and words in ran.stderr
    assert ran.stderr.count('\n') == 1 and not ran.stdout


def test_the_end_is_repeated_for_best_effort_subscribers(world, make, speech):
    """A reliable subscriber gets the end once."""
    watcher = world.add(Watcher())
    heard: list[AudioChunk] = []
    profile = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)
    watcher.create_subscription(AudioChunk, 'audio', heard.append, profile)
    player = make(speech, subscribers=2)
    world.until(lambda: player.finished)
    ends = [chunk for chunk in watcher.audio if chunk.end_of_utterance]
    assert len(ends) > 1 and not any(chunk.samples for chunk in ends[1:])
    assert {chunk.first_sample for chunk in ends[1:]} == {11025}
    assert any(chunk.end_of_utterance for chunk in heard)


def test_large_chunks_of_a_recording_all_arrive(world, make, tmp_path):
    """Each chunk has 768 kB."""
    path = tmp_path / 'fine.wav'
    soundfile.write(path, speech_like(6.0, 192000), 192000, subtype='FLOAT')
    watcher = world.add(Watcher())
    ear = AudioSubscription(watcher, lambda message, arrival_ns: None)
    player = make(path, chunk_ms=1000, subscribers=2)
    world.until(lambda: player.finished)
    world.until(lambda: ear.received == 6)
    assert ear.lost == 0
