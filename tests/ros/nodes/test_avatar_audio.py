"""Audio at the avatar node: every kind of publisher, large messages, corrupt ones."""

import subprocess
import sys

import numpy as np
import pytest

from tests.support.bundles import speech_like

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rclpy.qos import QoSProfile, ReliabilityPolicy

from diffsheg_model.time_units import NS
from diffsheg_ros.msg import AudioChunk
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.messages import AudioPiece
from tests.support.avatar_node import (
    WARN,
    fresh_status,
    now_ns,
    state_of,
)

pytestmark = pytest.mark.ros


def test_what_is_published_reliably_and_how_audio_is_heard(world, active):
    node = active(audio_reliability='reliable', audio_depth=7)
    for topic in ('face', 'joint_states', 'face_trajectory', 'joint_trajectory'):
        (info,) = node.get_publishers_info_by_topic(f'/{topic}')
        assert info.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    heard = node.get_subscriptions_info_by_topic('/audio')
    (info,) = [info for info in heard if info.node_name == 'avatar']
    assert info.qos_profile.reliability == ReliabilityPolicy.RELIABLE


@pytest.mark.parametrize('reliability', list(ReliabilityPolicy)[1:3], ids=lambda each: each.name)
@pytest.mark.parametrize('setting', ['auto', 'best_effort', 'reliable'])
def test_audio_is_heard_once_from_every_kind_of_publisher_that_is_asked_for(
    world, active, watcher, reliability, setting
):
    active(audio_reliability=setting)
    profile = QoSProfile(depth=100, reliability=reliability)
    mouth = watcher.create_publisher(AudioChunk, 'audio', profile)
    matched = setting != 'reliable' or reliability == ReliabilityPolicy.RELIABLE
    # The watcher hears itself, where it can.
    itself = int(reliability == ReliabilityPolicy.RELIABLE)
    if matched:
        world.until(lambda: mouth.get_subscription_count() > itself)
    world.run(1.0)
    for index in range(20):
        samples = np.zeros(320, np.float32)
        piece = messages.AudioPiece('u', 320 * index, 16000, samples, now_ns(), index == 19)
        mouth.publish(messages.audio_chunk(piece))
        world.run(0.02)
    heard = str(20 * matched)
    world.until(lambda: watcher.statuses and watcher.values()['heard_chunks'] == heard)
    fresh_status(world, watcher)
    assert watcher.values()['heard_chunks'] == heard
    assert watcher.values()['lost_messages'] == '0'


@pytest.mark.parametrize('seconds', [10, 30])
def test_a_whole_utterance_in_one_message_is_heard(world, active, watcher, seconds):
    active()
    world.until(lambda: watcher.mouth.get_subscription_count() >= 2)
    world.run(0.5)
    for index in range(3):
        samples = np.zeros(24000 * seconds, np.float32)
        piece = messages.AudioPiece(f'u{index}', 0, 24000, samples, now_ns(), True)
        watcher.mouth.publish(messages.audio_chunk(piece))
        world.until(
            lambda count=index + 1: (
                watcher.statuses and watcher.values()['heard_chunks'] == str(count)
            )
        )


#: Sends large messages between small ones, best effort; within a process none would be lost.
_LOSER = """
import time, numpy as np, rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from diffsheg_ros.ros import messages
from diffsheg_ros.msg import AudioChunk
rclpy.init()
node = Node('loser')
profile = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
mouth = node.create_publisher(AudioChunk, 'audio', profile)
while not mouth.get_subscription_count():
    time.sleep(0.05)
time.sleep(1.0)
for index, size in enumerate([1] * 3 + [48000 * 60] * 6 + [1] * 3):
    samples = np.zeros(size, np.float32)
    piece = messages.AudioPiece(f'u{index}', 0, 48000, samples, time.time_ns(), True)
    mouth.publish(messages.audio_chunk(piece))
    time.sleep(0.1)
time.sleep(1.0)
"""


def test_lost_messages_are_counted_and_their_cause_is_said(world, active, watcher):
    active()
    sender = subprocess.Popen([sys.executable, '-c', _LOSER])
    try:
        world.until(lambda: watcher.statuses and int(watcher.values()['lost_messages']) > 0, 240.0)
        world.until(lambda: sender.poll() is not None, 240.0)
    finally:
        sender.kill()
        sender.wait()
    fresh_status(world, watcher)
    lost, heard = (int(watcher.values()[name]) for name in ('lost_messages', 'heard_chunks'))
    assert lost + heard == 12
    assert 'best effort loses most messages above 0.5 MB' in watcher.statuses[-1].message
    # The second subscription is there for as long as its publisher.
    world.until(lambda: watcher.mouth.get_subscription_count() == 2)


def test_nothing_that_arrives_ends_it(world, active, watcher):
    node = active(max_gap_s=1.0)
    start = now_ns()
    good = speech_like(0.2)

    def send(**fields):
        piece = AudioPiece('x', 0, 16000, good, start, False)._replace(**fields)
        watcher.mouth.publish(messages.audio_chunk(piece))

    send(samples=np.full(1600, np.nan, np.float32))
    send(samples=np.full(1600, np.inf, np.float32), utterance_id='')
    send(samples=np.full(1600, 1e30, np.float32))
    send(samples=np.zeros(3_000_000, np.float32), utterance_id='huge')
    send(samples=np.zeros(0, np.float32), utterance_id='empty')
    send(samples=np.zeros(0, np.float32), utterance_id='only an end', end=True)
    for rate in (0, 1, 7999, 4_000_000_000):
        send(sample_rate=rate, utterance_id=f'rate {rate}')
    send(first_sample=2**64 - 1, utterance_id='far')
    send(first_sample=2**63, utterance_id='x')
    send(utterance_id='stamp', start_ns=0)
    send(utterance_id='stamp', start_ns=0, sample_rate=44100)
    send(utterance_id='old', start_ns=NS)
    send(utterance_id='late', start_ns=(2**31 - 1) * NS)
    send(utterance_id='ünïcödé ' * 100)
    for _ in range(50):
        send(utterance_id='again')
    world.run(1.0)

    watcher.say(speech_like(3.0), start_ns=now_ns() + NS, utterance_id='after all')
    world.until(lambda: watcher.faces[-1].utterance_id == 'after all')
    assert state_of(node) == 'active' and node.faults == 0
    assert all(np.isfinite(face.weights).all() for face in watcher.faces)
    assert all(np.isfinite(joint.position).all() for joint in watcher.joints)
    status = fresh_status(world, watcher)
    values = watcher.values()
    assert status.level == WARN and 'rejected' in status.message
    assert int(values['rejected_chunks']) >= 6 and int(values['drops']) >= 6
    assert int(values['unstamped_chunks']) == 2 and int(values['untimely_chunks']) >= 2
    assert values['callback_errors'] == '0' and values['failed_windows'] == '0'
