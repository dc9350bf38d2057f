"""Files as a show: every frame and sample once and in time, from wherever it is played."""

import threading
import time

import numpy as np
import pytest
import soundfile

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import quaternion_from_rotvec
from diffsheg_model.motion_files import write_npz
from diffsheg_model.viewer.clip import Clip, load_clips
from diffsheg_model.viewer.clip_show import AHEAD_S, ClipShow
from diffsheg_model.viewer.wire_format import BODY, FACE, SOUND
from tests.support.show_ear import Ear

RATE = 16000


def made(frames=30, fps=30.0, start_frame=0, joints=('Neck',), weights=('jawOpen',)) -> Motion:
    ramp = np.arange(frames, dtype=np.float32) / max(frames, 1)
    return Motion(
        fps,
        joints,
        np.repeat(ramp[:, None, None], len(joints), 1) * np.ones(3, np.float32),
        weights,
        np.repeat(ramp[:, None], len(weights), 1),
        start_frame,
    )


def play(show: ClipShow, ear: Ear, seconds: float) -> list:
    """What is sent in a time of playing."""
    over = threading.Event()
    thread = threading.Thread(target=show.run, args=(over,))
    thread.start()
    time.sleep(seconds)
    over.set()
    thread.join()
    return ear.take()


def test_every_frame_and_sample_is_sent_once_and_ahead_of_time():
    ear, motion = Ear(), made()
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
def test_it_plays_on_from_a_position(position_s):
    ear, motion = Ear(), made()
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
    show = ClipShow(ear, [Clip('a', made(frames=300))])
    client = ear.client(1)
    show.on_message(client, {'type': 'seek', 'position_s': 4.02})
    paused, face, _ = ear.take()
    assert paused['type'] == 'paused' and paused['position_s'] == 4.02
    assert face[5][0] == pytest.approx(121 / 300)
    show.on_message(client, {'type': 'seek', 'position_s': 1e9})
    assert ear.take()[1][5][0] == pytest.approx(299 / 300)


def test_it_begins_again_after_the_end():
    ear = Ear()
    show = ClipShow(ear, [Clip('a', made(frames=6))])
    show.on_join(ear.client(1))
    sent = play(show, ear, 2.4)
    rounds = [message for message in sent if isinstance(message, dict)]
    assert len(rounds) >= 2 and {message['type'] for message in rounds} == {'playing'}
    assert rounds[1]['start_s'] > rounds[0]['start_s'] + 0.2


def test_who_comes_later_is_told_what_is_playing():
    ear = Ear(clients=2)
    show = ClipShow(ear, [Clip('a', made())])
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
def test_what_a_file_cannot_do_is_refused(message, words):
    ear = Ear()
    show = ClipShow(ear, [Clip('a', made())])
    with pytest.raises(InputError, match=words):
        show.on_message(ear.client(1), message)
    with pytest.raises(InputError, match='no avatar to speak to'):
        show.on_bytes(ear.client(1), b'1234')


class TestClip:
    def test_a_motion_may_begin_later_than_the_sound(self):
        clip = Clip('a', made(frames=10, fps=10.0, start_frame=20))
        assert clip.end_s == 3.0 and clip.time_s(0) == 2.0
        assert clip.frames(0.0, 2.05) == range(0, 1)
        assert clip.frames(2.05, 9.0) == range(1, 10)

    def test_poses_lie_between_frames_and_end_where_the_motion_does(self):
        motion = made(frames=10, fps=10.0)
        clip = Clip('a', motion)
        weights, quaternions = clip.pose(0.25)
        assert weights == pytest.approx([0.25])
        expected = quaternion_from_rotvec(np.full(3, 0.25))
        assert np.abs(quaternions[0] @ expected) == pytest.approx(1.0)
        assert clip.pose(-5.0)[0] == pytest.approx([0.0])
        assert clip.pose(5.0)[0] == pytest.approx([0.9])

    def test_every_frame_belongs_to_one_stretch(self):
        clip = Clip('a', made(frames=100, fps=29.97))
        edges = np.sort(np.random.default_rng(3).uniform(0, 4, 50))
        frames = [
            frame
            for start, end in zip([0.0, *edges], [*edges, 10.0], strict=True)
            for frame in clip.frames(start, end)
        ]
        assert frames == list(range(100))

    def test_another_skeleton_is_refused_with_the_file_and_the_joint(self, tmp_path):
        path = tmp_path / 'robot.npz'
        write_npz(path, made(joints=('left_wheel',)))
        with pytest.raises(InputError, match=r'robot\.npz: .*left_wheel'):
            load_clips([path], None, None)

    def test_files_bring_their_sound_or_get_one(self, tmp_path):
        motion, speech = tmp_path / 'a.npz', tmp_path / 'a.wav'
        write_npz(motion, made())
        soundfile.write(speech, np.full(800, 0.25), 8000)
        clips, sound, rate = load_clips([motion, motion], None, None)
        assert [clip.name for clip in clips] == ['a.npz', 'a.npz'] and len(sound) == 0
        _, sound, rate = load_clips([motion], speech, None)
        assert rate == 8000 and sound == pytest.approx(np.full(800, 0.25))


def test_it_is_sent_before_it_is_shown():
    ear = Ear()
    show = ClipShow(ear, [Clip('a', made(frames=30))], loop=False)
    show.on_join(ear.client(1))
    show._continue()
    early = [message[4] for message in ear.take()[1:]]
    assert early and max(early) <= show.now_s() + AHEAD_S
