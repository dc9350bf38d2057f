"""The live show: published motion, speech, and requests of pages."""

import numpy as np
import pytest

from tests.support.show_ear import Ear

pytest.importorskip('rclpy', reason='the message types need ROS 2')

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.rotations import quaternion_from_rotvec, rotvec_from_euler_xyz
from diffsheg_model.time_units import NS
from diffsheg_model.viewer.wire_format import BODY, FACE, SOUND
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.viewer.live_show import MOST_REQUESTS, SOUND_AHEAD_NS, LiveShow

START_NS = 50 * NS
RATE = 16000


def make(clients=1, avatars=1, delay_s=0.0):
    ear = Ear(clients)
    show = LiveShow(ear, ['one', 'two'][:avatars], lambda: START_NS)
    show.set_delay(0, round(delay_s * NS))
    show.update_interrupts(0)
    for number in ear.heard:
        show.on_join(ear.client(number))
        ear.take(number)
    return ear, show


def speech(utterance_id='u', first=0, count=640, start_ns=START_NS, end=False) -> AudioPiece:
    samples = np.linspace(-0.5, 0.5, count, dtype=np.float32)
    return AudioPiece(utterance_id, first, RATE, samples, start_ns + first * NS // RATE, end)


def kinds(messages) -> list:
    return [message['type'] if isinstance(message, dict) else message[0] for message in messages]


def test_motion_is_sent_as_published():
    ear, show = make()
    weights = np.linspace(0, 1, 51, dtype=np.float32)
    angles = np.random.default_rng(0).uniform(-1, 1, (47, 3))
    show.face(0, BEAT.weight_names, START_NS, weights)
    show.body(0, BEAT.joint_names, START_NS, angles)
    sent = ear.take()
    # A greeting with every new list of names.
    assert kinds(sent) == ['greeting', FACE, 'greeting', BODY]
    assert sent[2]['sources'][0]['joint_names'] == list(BEAT.joint_names)
    assert sent[1][4] == sent[3][4] == START_NS / NS
    assert np.array_equal(sent[1][5], weights)
    expected = quaternion_from_rotvec(rotvec_from_euler_xyz(angles))
    assert np.abs(np.sum(sent[3][5].reshape(47, 4) * expected, axis=1)).min() > 1 - 1e-6
    show.face(0, BEAT.weight_names, START_NS + 1, weights)
    assert kinds(ear.take()) == [FACE]


def test_the_jaw_of_smplx_moves_the_mouth():
    ear, show = make()
    names = SHOW.joint_names + SHOW.face_joint_names
    angles = np.zeros((len(names), 3))
    angles[names.index('jaw'), 0] = 0.2
    show.face(0, SHOW.weight_names, START_NS, np.zeros(100, np.float32))
    show.body(0, names, START_NS, angles)
    sent = ear.take()
    assert sent[-1][0] == FACE and sent[-1][5] == pytest.approx([0.5])
    # FLAME's coefficients move nothing of this figure.
    show.face(0, SHOW.weight_names, START_NS, np.zeros(100, np.float32))
    assert ear.take() == []


def test_motion_with_nan_or_of_another_robot_is_left_out():
    ear, show = make()
    show.face(0, ('jawOpen',), START_NS, np.array([np.nan], np.float32))
    show.body(0, ('Neck',), START_NS, np.full((1, 3), np.inf))
    assert ear.take() == [] and show.skipped == 2
    with pytest.raises(InputError, match='wheel'):
        show.body(0, ('wheel',), START_NS, np.zeros((1, 3)))


def test_a_second_avatar_is_shown_in_the_time_of_the_first():
    ear, show = make(avatars=2)
    show.set_delay(0, 2 * NS)
    show.set_delay(1, 7 * NS // 2)
    show.face(1, ('jawOpen',), START_NS, np.zeros(1, np.float32))
    assert ear.take()[-1][1:5] == (1, 0, 0, START_NS / NS - 1.5)


def test_speech_is_sent_shortly_before_its_motion_is_shown():
    ear, show = make(delay_s=2.0)
    for first in range(0, 3 * RATE, 640):
        show.sound(speech(first=first))
    show.tick(START_NS)
    assert ear.take() == []
    heard = []
    for step in range(300):
        now_ns = START_NS + step * NS // 50
        show.tick(now_ns)
        for kind, _, flags, rate, time_s, samples in ear.take():
            assert (kind, flags, rate) == (SOUND, 0, RATE)
            assert time_s * NS <= now_ns + SOUND_AHEAD_NS + 1
            assert time_s == pytest.approx(START_NS / NS + 2.0 + len(heard) * 640 / RATE, abs=1e-6)
            heard.append(samples)
    assert len(heard) == 75


def test_a_page_does_not_hear_its_own_microphone():
    ear, show = make(clients=2)
    one = ear.client(1)
    begin = {'type': 'speech_begin', 'kind': 'microphone', 'name': 'microphone', 'rate': RATE}
    show.on_message(one, begin)
    show.on_bytes(one, np.zeros(640, np.float32).tobytes())
    (piece,) = show.speech.due(START_NS)
    show.sound(piece)
    show.tick(START_NS)
    assert [message[2] for message in ear.take(1)] == [1]
    assert [message[2] for message in ear.take(2)] == [0]


def test_there_is_no_sound_before_the_delay_is_known():
    ear = Ear()
    show = LiveShow(ear, ['one'], lambda: START_NS)
    show.sound(speech())
    show.tick(START_NS + NS)
    assert ear.take() == []
    show.set_delay(0, 3 * NS)
    show.tick(START_NS + 3 * NS)
    (sound,) = ear.take()
    assert sound[4] == START_NS / NS + 3.0


def test_a_chunk_without_a_stamp_is_played_at_once():
    ear, show = make()
    show.sound(speech(start_ns=0))
    show.tick(START_NS)
    assert [message[4] for message in ear.take()] == [START_NS / NS]


class TestBargeIn:
    """An interrupted utterance is not heard any more; the new one is heard completely."""

    def test_a_new_utterance_stops_the_one_before_only_if_they_overlap(self):
        ear, show = make()
        show.sound(speech('first', end=True))
        show.sound(speech('second', start_ns=START_NS + NS, count=RATE, end=True))
        show.tick(START_NS + NS)
        assert kinds(ear.take()) == [SOUND, SOUND]
        show.sound(speech('third', start_ns=START_NS + NS + NS // 2))
        show.tick(START_NS + NS)
        assert kinds(ear.take()) == ['stop_sound', SOUND]
        # An utterance without an end is interrupted, however late the next one is.
        show.sound(speech('fourth', start_ns=START_NS + 5 * NS))
        assert kinds(ear.take()) == ['stop_sound']

    def test_the_count_for_that_interrupt_does_not_stop_the_new_utterance(self):
        ear, show = make(delay_s=2.0)
        show.sound(speech('a'))
        show.sound(speech('b', start_ns=START_NS + NS))
        assert kinds(ear.take()) == ['stop_sound']
        show.update_interrupts(1)
        show.tick(START_NS + 3 * NS)
        assert kinds(ear.take()) == [SOUND]

    def test_an_interrupt_by_another_program_stops_the_sound(self):
        ear, show = make(delay_s=2.0)
        show.sound(speech('a'))
        show.sound(speech('b', start_ns=START_NS + NS))
        ear.take()
        show.update_interrupts(2)
        show.sound(speech('b', first=640, start_ns=START_NS + NS))
        show.tick(START_NS + 9 * NS)
        assert kinds(ear.take()) == ['stop_sound']
        show.sound(speech('c', start_ns=START_NS + 9 * NS))
        show.tick(START_NS + 12 * NS)
        assert SOUND in kinds(ear.take())

    def test_after_the_button_only_a_new_utterance_is_heard(self):
        ear, show = make(delay_s=2.0)
        show.sound(speech('a'))
        show.interrupt()
        show.sound(speech('a', first=640))
        show.sound(speech('b', start_ns=START_NS + NS))
        show.update_interrupts(1)
        show.tick(START_NS + 9 * NS)
        heard = [message for message in ear.take() if not isinstance(message, dict)]
        assert [message[4] for message in heard] == [START_NS / NS + 3.0]


def test_two_publishers_with_different_names_do_not_restart_the_pages():
    ear, show = make()
    show.face(0, BEAT.weight_names, START_NS, np.zeros(51, np.float32))
    show.body(0, BEAT.joint_names, START_NS, np.zeros((47, 3)))
    ear.take()
    for index in range(60):
        show.face(0, BEAT.weight_names, START_NS + index, np.zeros(51, np.float32))
        show.face(0, ('jawOpen',), START_NS + index, np.zeros(1, np.float32))
        show.body(0, ('Neck',), START_NS + index, np.zeros((1, 3)))
    assert set(kinds(ear.take())) == {FACE} and show.skipped == 120


def test_invalid_samples_are_left_out():
    ear, show = make()
    loud = np.array([1.5, -1.5, 0.25, 0.5], np.float32)
    show.sound(AudioPiece('u', 0, RATE, loud, START_NS, False))
    for rate in (0, 1000, 4_000_000_000):
        show.sound(AudioPiece('u', 4, rate, loud, START_NS, False))
    show.sound(AudioPiece('u', 4, RATE, loud * np.nan, START_NS, False))
    show.sound(AudioPiece('u', 4, RATE, loud[:0], START_NS, True))
    show.tick(START_NS)
    (message,) = ear.take()
    assert message[5].tolist() == [1.0, -1.0, 0.25, 0.5] and show.skipped == 4


class TestRequests:
    SETTINGS = ({'name': 'seed', 'value': 0, 'low': 0, 'high': 9, 'fixed': False, 'hint': ''},)

    def test_requests_wait_for_the_node(self):
        ear, show = make()
        show.settings(list(self.SETTINGS))
        show.on_message(ear.client(1), {'type': 'interrupt'})
        show.on_message(ear.client(1), {'type': 'set', 'name': 'seed', 'value': 4})
        assert [(each.kind, each.name, each.value) for each in show.requests()] == [
            ('interrupt', '', 0),
            ('set', 'seed', 4),
        ]
        assert show.requests() == []

    @pytest.mark.parametrize(
        ('message', 'words'),
        [
            ({'type': 'set', 'name': 'bundle', 'value': 1}, "no setting 'bundle'"),
            ({'type': 'set', 'value': 1}, "no setting 'None'"),
            ({'type': 'set', 'name': 'seed', 'value': 1.5}, 'whole number'),
            ({'type': 'set', 'name': 'seed', 'value': True}, 'whole number'),
            ({'type': 'set', 'name': 'seed', 'value': 10**30}, 'whole number'),
            ({'type': 'dance'}, "has no request 'dance'"),
            ({'type': 'speech_begin', 'kind': 'file'}, 'have a name'),
        ],
    )
    def test_invalid_requests_are_refused(self, message, words):
        ear, show = make()
        show.settings(list(self.SETTINGS))
        with pytest.raises(InputError, match=words):
            show.on_message(ear.client(1), message)

    def test_too_many_requests_are_refused(self):
        ear, show = make()
        for _ in range(MOST_REQUESTS):
            show.on_message(ear.client(1), {'type': 'interrupt'})
        with pytest.raises(InputError, match='busy'):
            show.on_message(ear.client(1), {'type': 'interrupt'})
        assert len(show.requests()) == MOST_REQUESTS

    def test_an_interrupted_page_is_notified_and_its_samples_are_dropped(self):
        ear, show = make(clients=2)
        for number in (1, 2):
            begin = {'type': 'speech_begin', 'kind': 'microphone', 'name': 'm', 'rate': RATE}
            show.on_message(ear.client(number), begin)
        assert ear.take(1) == [{'type': 'speech_over'}] and ear.take(2) == []
        show.on_bytes(ear.client(1), bytes(400))
        show.interrupt()
        assert {'type': 'speech_over'} in ear.take(2)
        show.on_bytes(ear.client(2), bytes(400))
        assert show.speech.dropped == 2

    def test_a_page_that_leaves_stops_speaking(self):
        ear, show = make()
        begin = {'type': 'speech_begin', 'kind': 'file', 'name': 'a.wav', 'rate': RATE}
        show.on_message(ear.client(1), begin)
        show.on_bytes(ear.client(1), np.zeros(10 * RATE, np.float32).tobytes())
        assert not show.speech.due(START_NS)[-1].end
        show.on_leave(ear.client(1))
        assert show.speech.due(START_NS + NS)[-1].end
