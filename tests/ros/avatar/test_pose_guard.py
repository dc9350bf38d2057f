"""Poses go on whatever fails, and diagnostics say what did: a real avatar, over real DDS."""

import time

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rosgraph_msgs.msg import Clock

from diffsheg_model.time_units import NS
from diffsheg_ros.msg import Emphasis
from diffsheg_ros.ros import messages
from diffsheg_ros.timeline.optional_layer import OptionalLayer
from tests.support.bundles import speech_like
from tests.support.fault_world import now_ns

pytestmark = pytest.mark.ros

ERROR = b'\2'
SETTINGS = {'idle': True, 'preset': 'balanced', 'playout_delay_s': -1.0}


def failing(poses):
    raise FloatingPointError('injected')


def until_told(avatar, words: str, level: bytes = ERROR):
    """Wait for a status of the avatar with these words."""

    def told():
        return [s for s in avatar.ears.statuses if words in s.message and s.level == level]

    return avatar.until(told)[0]


def until_faces(avatar, count: int = 20) -> None:
    """Wait for poses from now on."""
    before = len(avatar.ears.faces)
    avatar.until(lambda: len(avatar.ears.faces) >= before + count, 10.0)


def no_jumps(avatar) -> None:
    weights = np.array([face.weights for face in avatar.ears.faces])
    assert np.isfinite(weights).all()
    stamps = [messages.from_stamp(face.header.stamp) for face in avatar.ears.faces]
    seconds = np.maximum(np.diff(stamps) / NS, 0.01)
    assert (np.abs(np.diff(weights, axis=0)) / seconds[:, None]).max() < 6.0


@pytest.mark.parametrize('duration', [9.3e9, 1e18, 3e38, 1e9, float('inf')])
def test_one_absurd_emphasis_changes_nothing(make_avatar, duration):
    avatar = make_avatar(**SETTINGS)
    mouth = avatar.ears.create_publisher(Emphasis, 'emphasis', 100)
    avatar.until(lambda: mouth.get_subscription_count())
    stamp = messages.to_stamp(now_ns())
    for _ in range(20):
        mouth.publish(Emphasis(header=messages.Header(stamp=stamp), duration=duration, gain=2.0))
    avatar.until_counted(rejected_emphases=20)
    until_faces(avatar)
    avatar.say(speech_like(1.0), 'after')
    avatar.until(lambda: any(face.utterance_id == 'after' for face in avatar.ears.faces))
    assert len(avatar.node._avatar.timeline.emphases) == 0
    avatar.until_counted(faults=0, layer_failures=0, pose_errors=0, callback_errors=0)


@pytest.mark.parametrize('wrong', ['raises', 'not finite', 'other shape'])
def test_a_layer_that_fails_is_left_out_and_named(make_avatar, wrong):
    avatar = make_avatar(**SETTINGS)
    until_faces(avatar)
    resets = []

    def apply(poses):
        if resets:
            return poses
        if wrong == 'raises':
            return failing(poses)
        part = poses[:0] if wrong == 'other shape' else poses
        return type(poses)(part.times_ns, part.rotations * np.nan, part.weights)

    layer = OptionalLayer('nodding', apply, lambda: resets.append(1))
    avatar.node._avatar.timeline.optional.layers.append(layer)
    status = until_told(avatar, 'a layer of motion failed and was reset (nodding: ')
    assert 'engine' not in status.message
    until_faces(avatar)
    no_jumps(avatar)
    assert resets == [1]
    avatar.until_counted(layer_failures=1, pose_errors=0, pose_gaps=0, callback_errors=0)
    avatar.interrupt()


def test_emphasis_that_fails_is_forgotten_and_the_body_goes_on(make_avatar, monkeypatch):
    avatar = make_avatar(**SETTINGS)
    emphases = avatar.node._avatar.timeline.emphases
    avatar.node._avatar.emphasise(now_ns(), 5.0, 0.0)
    until_faces(avatar)
    monkeypatch.setattr(emphases, 'applied', failing)
    until_told(avatar, 'emphasis: FloatingPointError: injected')
    monkeypatch.undo()
    assert len(emphases) == 0
    until_faces(avatar)
    no_jumps(avatar)


def test_a_pose_that_cannot_be_computed_is_replaced_by_the_last_one(make_avatar, monkeypatch):
    avatar = make_avatar(**SETTINGS)
    until_faces(avatar)
    timeline = avatar.node._avatar.timeline
    monkeypatch.setattr(timeline, '_planned', failing)
    until_told(avatar, 'computing the pose failed (FloatingPointError: injected)')
    until_faces(avatar)
    assert avatar.ears.faces[-1].weights == avatar.ears.faces[-10].weights
    assert messages.from_stamp(avatar.ears.faces[-1].header.stamp) > now_ns() - NS
    monkeypatch.undo()
    # All that was planned is forgotten; what comes is shown.
    avatar.say(speech_like(1.0), 'after')
    avatar.until(lambda: any(face.utterance_id == 'after' for face in avatar.ears.faces))
    until_faces(avatar, 60)
    no_jumps(avatar)
    avatar.interrupt()
    avatar.until_counted(pose_gaps=0, faults=0)


def test_a_timeline_whose_state_is_damaged_is_reset(make_avatar):
    avatar = make_avatar(**SETTINGS)
    avatar.say(speech_like(3.0), 'u')
    avatar.until(lambda: avatar.ears.faces[-1].utterance_id == 'u')
    avatar.node._avatar.timeline._speech.tracks[-1].times[:] = [2**70]  # overflows in numpy
    until_told(avatar, 'computing the pose failed (')
    until_faces(avatar)
    no_jumps(avatar)
    errors = int(avatar.values()['pose_errors'])
    until_faces(avatar)
    assert 2 <= int(avatar.values()['pose_errors']) <= errors


def test_a_timer_that_was_cancelled_is_made_anew(make_avatar):
    avatar = make_avatar(**SETTINGS)
    until_faces(avatar)
    avatar.node._poses._timer.cancel()
    until_told(avatar, 'the timer was cancelled')
    until_faces(avatar)
    # A busy machine may have gaps of its own beside this one.
    avatar.until_counted(faults=0)
    assert int(avatar.values()['pose_gaps']) >= 1


def test_an_executor_that_is_blocked_is_told_while_it_is(world, make_avatar):
    """From the watching thread, to a listener outside of the executor."""
    avatar = make_avatar(**SETTINGS)
    heard = []
    publish = avatar.node._reports._publisher.publish
    avatar.node._reports._publisher.publish = lambda array: (
        heard.append((time.monotonic(), array.status[0])),
        publish(array),
    )
    avatar.run = world.run
    world.run(0.3)
    begun = time.monotonic()
    once = avatar.node.create_timer(0.0, lambda: (once.cancel(), time.sleep(2.0)))
    world.run(0.1)
    ended = time.monotonic()
    assert ended - begun > 2.0
    told = [status for when, status in heard if begun < when < ended - 0.2]
    assert any(
        status.level == ERROR and 'no pose is published: ' in status.message for status in told
    )
    until_faces(avatar)
    avatar.until(lambda: avatar.node._poses.gap == '')


def test_a_publisher_that_fails_is_named_and_the_body_goes_on(world, make_avatar, monkeypatch):
    avatar = make_avatar(**SETTINGS)
    until_faces(avatar)
    monkeypatch.setattr(messages, 'face_blendshapes', lambda *_, **__: failing(None))
    joints = len(avatar.ears.joints)
    end = time.monotonic() + 20
    while not any('injected' in s.message for s in avatar.ears.statuses):
        assert time.monotonic() < end
        try:
            world.executor.spin_once(timeout_sec=0.05)
        except FloatingPointError:  # a process counts it and goes on
            avatar.node.faults += 1
    assert len(avatar.ears.joints) > joints + 10
    monkeypatch.undo()
    until_faces(avatar)


def test_a_clock_that_stands_still_is_named_and_is_no_fault(world, make_avatar):
    from tests.support.ros_world import Watcher

    ears = world.add(Watcher())
    clock = ears.create_publisher(Clock, '/clock', 10)
    sim_ns = 1000 * NS

    def tick() -> None:
        nonlocal sim_ns
        if running:
            sim_ns += NS // 50
        clock.publish(Clock(clock=messages.to_stamp(sim_ns)))

    running = True
    timer = ears.create_timer(0.02, tick)
    avatar = make_avatar(ears=ears, use_sim_time=True, **SETTINGS)
    until_faces(avatar)
    running = False
    until_told(avatar, 'no pose is published while the clock stands still', b'\0')
    running = True
    until_faces(avatar)
    avatar.until_counted(pose_gaps=0)
    ears.destroy_timer(timer)


def test_a_refused_message_is_counted_and_told_in_one_line(make_avatar):
    avatar = make_avatar(**SETTINGS)
    chunk = messages.AudioChunk(utterance_id='u', sample_rate=16000, samples=[0.1] * 100)
    chunk.header.stamp.sec = -5
    for _ in range(3):
        avatar.ears.mouth.publish(chunk)
    until_told(avatar, 'messages were refused (audio: a stamp has sec = -5', b'\1')
    avatar.until_counted(refused_messages=3, heard_chunks=3)
    assert avatar.values()['last_refusal'].startswith('audio: a stamp has sec = -5')
