"""Playback of files: every frame and sample once and in time, from any position."""

import threading
import time

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.rotations import quaternion_from_rotvec
from diffsheg_model.viewer.clip import Clip
from diffsheg_model.viewer.clip_show import AHEAD_S, ClipShow
from diffsheg_model.viewer.wire_format import BODY, FACE, SOUND
from tests.support.ramp_motion import ramp_motion
from tests.support.show_ear import Ear

RATE = 16000


def play(show: ClipShow, ear: Ear, seconds: float) -> list:
    """Play for some seconds, and return the sent messages."""
    over = threading.Event()
    thread = threading.Thread(target=show.run, args=(over,))
    thread.start()
    time.sleep(seconds)
    over.set()
    thread.join()
    return ear.take()


def test_every_frame_and_sample_is_sent_once_and_ahead_of_time():
    ear, motion = Ear(), ramp_motion()
    sound = np.random.default_rng(0).uniform(-1, 1, round(1.03 * RATE)).astype(np.float32)
    show = ClipShow(ear, [Clip('a', motion)], sound, RATE, loop=False)
    show.on_join(ear.client(1))
    sent = play(show, ear, 1.2)
    assert sent[0]['type'] == 'playing'
    start_s = sent[0]['start_s']
    faces = [message for message in sent[1:] if message[0] == FACE]
    assert [message[4] - start_s for message in faces] == pytest.approx(np.arange(30) / 30)
    assert np.concatenate([message[5] for message in faces]) == pytest.approx(motion.weights[:, 0])
    bodies = np.array([message[5] for message in sent[1:] if message[0] == BODY])
    expected = quaternion_from_rotvec(motion.rotations[:, 0])
    assert np.abs(np.sum(bodies * expected, axis=1)).min() > 1 - 1e-6
    sounds = [message for message in sent[1:] if message[0] == SOUND]
    assert np.array_equal(np.concatenate([message[5] for message in sounds]), sound)
    firsts = np.cumsum([0, *(len(message[5]) for message in sounds)])[:-1]
    assert [message[4] - start_s for message in sounds] == pytest.approx(firsts / RATE)


@pytest.mark.parametrize('position_s', [0.0, 0.517, 0.999])
def test_playback_starts_at_any_position(position_s):
    ear, motion = Ear(), ramp_motion()
    sound = np.arange(RATE, dtype=np.float32) / RATE
    show = ClipShow(ear, [Clip('a', motion)], sound, RATE, loop=False)
    client = ear.client(1)
    show.on_message(client, {'type': 'seek', 'position_s': position_s})
    ear.take()
    show.on_message(client, {'type': 'play'})
    sent = play(show, ear, 1.0 - position_s + 0.2)[1:]
    heard = np.concatenate([message[5] for message in sent if message[0] == SOUND])
    assert np.array_equal(heard, sound[round(position_s * RATE) :])
    first = next((message[5] for message in sent if message[0] == FACE), None)
    if first is not None:
        assert first[0] == pytest.approx(np.ceil(position_s * 30) / 30)


def test_pause_shows_the_pose_of_that_moment():
    ear = Ear()
    show = ClipShow(ear, [Clip('a', ramp_motion(frames=300))])
    client = ear.client(1)
    show.on_message(client, {'type': 'seek', 'position_s': 4.02})
    paused, face, _ = ear.take()
    assert paused['type'] == 'paused' and paused['position_s'] == 4.02
    assert face[5][0] == pytest.approx(121 / 300)
    show.on_message(client, {'type': 'seek', 'position_s': 1e9})
    assert ear.take()[1][5][0] == pytest.approx(299 / 300)


def test_playback_begins_again_after_the_end():
    ear = Ear()
    show = ClipShow(ear, [Clip('a', ramp_motion(frames=6))])
    show.on_join(ear.client(1))
    sent = play(show, ear, 2.4)
    rounds = [message for message in sent if isinstance(message, dict)]
    assert len(rounds) >= 2 and {message['type'] for message in rounds} == {'playing'}
    assert rounds[1]['start_s'] > rounds[0]['start_s'] + 0.2


def test_a_page_that_joins_later_gets_the_present_position():
    ear = Ear(clients=2)
    show = ClipShow(ear, [Clip('a', ramp_motion())])
    show.on_join(ear.client(1))
    ear.take(1), ear.take(2)
    show.on_join(ear.client(2))
    assert [message['type'] for message in ear.take(2)] == ['playing'] and ear.take(1) == []


@pytest.mark.parametrize(
    ('message', 'words'),
    [
        ({'type': 'seek'}, 'position_s must be a number'),
        ({'type': 'seek', 'position_s': float('nan')}, 'position_s must be a number'),
        ({'type': 'interrupt'}, "has no request 'interrupt'"),
    ],
)
def test_requests_without_meaning_for_a_file_are_refused(message, words):
    ear = Ear()
    show = ClipShow(ear, [Clip('a', ramp_motion())])
    with pytest.raises(InputError, match=words):
        show.on_message(ear.client(1), message)
    with pytest.raises(InputError, match='no avatar to speak to'):
        show.on_bytes(ear.client(1), b'1234')


def test_frames_are_sent_before_they_are_shown():
    ear = Ear()
    show = ClipShow(ear, [Clip('a', ramp_motion(frames=30))], loop=False)
    show.on_join(ear.client(1))
    show._continue()
    early = [message[4] for message in ear.take()[1:]]
    assert early and max(early) <= show.now_s() + AHEAD_S
