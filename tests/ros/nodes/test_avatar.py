"""The avatar node, over real DDS: life cycle, speech in, motion out, and whatever goes wrong."""

import itertools
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from tests.support.bundles import speech_like

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from scipy.spatial.transform import Rotation
from std_srvs.srv import Trigger

from diffsheg_model.engines import ENGINES
from diffsheg_model.engines.onnxruntime_engine import OnnxRuntimeEngine
from diffsheg_model.session.generate import generate
from diffsheg_model.time_units import NS
from diffsheg_ros.msg import AudioChunk
from diffsheg_ros.nodes.avatar import AvatarNode
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.messages import AudioPiece
from tests.support.ros_world import LIMIT_S, Watcher, World, overrides

pytestmark = pytest.mark.ros

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE
OK, WARN, ERROR = b'\0', b'\1', b'\2'
#: Both leave a busy machine some room.
DELAY_S = 1.5
RATE_HZ = 20.0


@pytest.fixture
def make(world: World, tiny_bundle):
    """Makes avatar nodes with the tiny bundle."""

    def make(namespace: str = '', **values) -> AvatarNode:
        settings = {'bundle': str(tiny_bundle.path), 'engine': 'onnxruntime'} | values
        settings = {'engine_threads': 1, 'preset': 'quality', 'idle': False} | settings
        settings = {'playout_delay_s': DELAY_S, 'publish_rate_hz': RATE_HZ} | settings
        node = AvatarNode(namespace=namespace, parameter_overrides=overrides(**settings))
        return world.add(node)

    return make


@pytest.fixture
def watcher(world: World) -> Watcher:
    return world.add(Watcher())


@pytest.fixture
def active(world: World, make, watcher):
    """An avatar that works and is heard."""

    def active(**values) -> AvatarNode:
        node = make(**values)
        assert node.trigger_configure() == SUCCESS
        assert node.trigger_activate() == SUCCESS
        world.until(lambda: watcher.faces and watcher.joints)
        world.until(lambda: watcher.mouth.get_subscription_count() >= 2)
        world.run(0.2)
        return node

    return active


def now_ns() -> int:
    return time.time_ns()


def stamp_ns(message) -> int:
    return messages.from_stamp(message.header.stamp)


def turn(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(J,) rad between two sets of joint angles (J, 3)."""
    first, second = (Rotation.from_euler('XYZ', angles) for angles in (a, b))
    return (first.inv() * second).magnitude()


def state_of(node: AvatarNode) -> str:
    """As a life cycle manager is told."""
    return node._state_machine.current_state[1]


def fresh_status(world: World, watcher: Watcher):
    """A diagnostic status from now on."""
    count = len(watcher.statuses)
    world.until(lambda: len(watcher.statuses) > count + 1)
    return watcher.statuses[-1]


def is_well(status) -> bool:
    """Whether nothing is wrong but, perhaps, that this machine has other things to do."""
    return status.level == OK or status.message.startswith('publishing at')


def test_the_life_cycle_by_its_services(world, make, watcher):
    node = make(namespace='stage')
    change = watcher.create_client(ChangeState, '/stage/avatar/change_state')
    get = watcher.create_client(GetState, '/stage/avatar/get_state')

    def call(client, request):
        world.until(client.service_is_ready)
        future = client.call_async(request)
        world.until(future.done)
        return future.result()

    def step(transition: int) -> str:
        request = ChangeState.Request(transition=Transition(id=transition))
        assert call(change, request).success
        return call(get, GetState.Request()).current_state.label

    threads = threading.active_count()
    assert call(get, GetState.Request()).current_state.id == State.PRIMARY_STATE_UNCONFIGURED
    for _ in range(2):
        assert step(Transition.TRANSITION_CONFIGURE) == 'inactive'
        for _ in range(2):
            assert step(Transition.TRANSITION_ACTIVATE) == 'active'
            assert threading.active_count() == threads + 2  # the worker's and the engine's
            assert node.count_subscribers('/stage/audio') == 1
            assert step(Transition.TRANSITION_DEACTIVATE) == 'inactive'
            assert threading.active_count() == threads + 1
        assert step(Transition.TRANSITION_CLEANUP) == 'unconfigured'
        assert threading.active_count() == threads
        world.until(lambda: node.count_publishers('/stage/face') == 0)
    assert step(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN) == 'finalized'


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


def test_without_audio_it_rests_and_is_well(world, active, watcher, tiny_bundle):
    node = active()
    world.run(2.5)
    status = fresh_status(world, watcher)
    values = watcher.values()
    assert status.name == 'avatar: motion' and is_well(status)
    assert values['state'] == 'idle' and values['lifecycle'] == 'active'
    assert values['engine'] == 'onnxruntime' and values['precision'] == 'fp32'
    assert 0 < float(values['fps']) < 1.5 * RATE_HZ
    assert watcher.faces[-1].utterance_id == ''
    assert not np.any(watcher.faces[-1].weights)
    joints = messages.read_joint_state(watcher.joints[-1])
    skeleton = tiny_bundle.skeleton
    np.testing.assert_allclose(
        np.linalg.norm(joints.angles[0], axis=1),
        np.linalg.norm(skeleton.rest[skeleton.indices(joints.joint_names)], axis=1),
        atol=1e-6,
    )
    assert not watcher.face_stretches
    assert node.faults == 0


def test_speech_becomes_motion_at_its_time(world, active, watcher, tiny_bundle, tiny_engine):
    node = active(seed=5)
    start_ns, speech = now_ns(), speech_like(3.0)
    watcher.say(speech, start_ns=start_ns)
    shown_ns = start_ns + round(DELAY_S * NS)
    world.until(lambda: watcher.faces[-1].utterance_id == 'u')
    world.until(lambda: watcher.faces[-1].utterance_id == '')
    world.run(0.1)

    spoken = [face for face in watcher.faces if face.utterance_id == 'u']
    stamps = np.array([stamp_ns(face) for face in watcher.faces])
    assert (np.diff(stamps) > 0).all()
    assert shown_ns <= stamp_ns(spoken[0])
    # 45 frames, then half a second on the way to rest.
    end_ns = shown_ns + round(44 / 15 * NS) + NS // 2
    assert stamp_ns(spoken[-1]) <= end_ns
    weights = np.array([face.weights for face in spoken])
    assert spoken[0].names == list(node._weight_names) and weights.shape[1] == 51
    assert weights.min() >= 0 and weights.max() <= 1 and weights.std(axis=0).max() > 0.01

    # Planned ahead: every stretch begins on a frame of the utterance, the first at its start.
    assert len(watcher.face_stretches) == len(watcher.joint_stretches) == 2
    for face, joint in zip(watcher.face_stretches, watcher.joint_stretches, strict=True):
        assert face.header.stamp == joint.header.stamp
        assert face.utterance_id == 'u'
        frames = (stamp_ns(joint) - shown_ns) / NS * 15
        assert abs(frames - round(frames)) < 1e-6
    assert stamp_ns(watcher.joint_stretches[0]) == shown_ns

    # What was planned is what was shown: each pose lies between its two planned neighbours, on a
    # curve that swerves a little from the straight way.
    planned = {}
    for message in watcher.joint_stretches:
        motion = messages.read_joint_trajectory(message)
        assert motion.velocities is not None and np.isfinite(motion.velocities).all()
        first = motion.times_ns[0]
        planned = {time: row for time, row in planned.items() if time < first}
        planned |= dict(zip(motion.times_ns, motion.angles, strict=True))
    times = np.array(sorted(planned))
    angles = np.array([planned[time] for time in times])
    shown = [messages.read_joint_state(message) for message in watcher.joints]
    shown = [one for one in shown if times[0] <= one.times_ns[0] < times[-1]]
    assert len(shown) > RATE_HZ
    detours = []
    for one in shown:
        after = np.searchsorted(times, one.times_ns[0], side='right')
        before, now, then = angles[after - 1], one.angles[0], angles[after]
        detours.append(turn(before, now) + turn(now, then) - turn(before, then))
    # Joints turn by a radian from frame to frame. Where the stretches meet, the second one came
    # while the first was shown.
    assert np.median(detours) < 0.02 and np.quantile(detours, 0.9) < 0.1

    # And it is what is generated from a file, once the way there from rest is over.
    offline = generate(tiny_bundle, tiny_engine, [speech], 16000, seed=5)
    for message in watcher.face_stretches:
        face = messages.read_face_trajectory(message)
        first = round((face.times_ns[0] - shown_ns) / NS * 15)
        begin, end = max(first, 8), 45 if first else 30
        np.testing.assert_allclose(
            face.weights[begin - first : end - first], offline.weights[begin:end], atol=1e-6
        )

    status = fresh_status(world, watcher)
    values = watcher.values()
    assert is_well(status)
    assert values['utterances'] == '1' and values['drops'] == '0' and values['gaps'] == '0'
    assert 0 < float(values['latency_p50_s']) <= float(values['latency_p95_s']) < 5


def test_another_engine_takes_over_in_the_middle_of_speech(
    world, active, watcher, tiny_bundle, tiny_engine, monkeypatch
):
    # Long enough for a busy computer to load the other engine before its window is due.
    delay_s = 8.0
    node = active(seed=5, engine_timeout_s=2.0, playout_delay_s=delay_s)
    windows, released = itertools.count(), threading.Event()
    sample = OnnxRuntimeEngine.sample

    def hanging(self, *arguments):
        x = sample(self, *arguments)
        assert next(windows) < 1 or released.wait(LIMIT_S)
        return x

    monkeypatch.setattr(OnnxRuntimeEngine, 'sample', hanging)
    start_ns, speech = now_ns(), speech_like(3.0)
    watcher.say(speech, start_ns=start_ns)
    world.until(lambda: watcher.faces[-1].utterance_id == 'u')
    world.until(lambda: watcher.faces[-1].utterance_id == '')
    released.set()

    # What is planned over the seam is what one engine alone would have made of it.
    monkeypatch.undo()
    offline = generate(tiny_bundle, tiny_engine, [speech], 16000, seed=5)
    assert len(watcher.face_stretches) == len(watcher.joint_stretches) == 2
    for face, joint in zip(watcher.face_stretches, watcher.joint_stretches, strict=True):
        motion, body = messages.read_face_trajectory(face), messages.read_joint_trajectory(joint)
        first = round((motion.times_ns[0] - start_ns - delay_s * NS) / NS * 15)
        frames = range(max(first, 8), 45 if first else 30)
        inside = slice(frames[0] - first, frames[-1] + 1 - first)
        np.testing.assert_allclose(motion.weights[inside], offline.weights[frames], atol=1e-4)
        shown = Rotation.from_euler('XYZ', body.angles[inside].reshape(-1, 3))
        expected = Rotation.from_rotvec(offline.rotations[frames].reshape(-1, 3))
        assert (shown.inv() * expected).magnitude().max() < 1e-3

    status = fresh_status(world, watcher)
    values = watcher.values()
    assert status.level == WARN and status.message.startswith(
        'engine onnxruntime (fp32) failed in window 7 (no window within 2 s); '
    )
    assert values['last_fallback'] in status.message
    assert values['fallbacks'] == '1' and values['failed_windows'] == '0'
    assert values['engine'] in ENGINES and values['engine'] != 'onnxruntime'
    assert values['engine_why'] == 'as chosen'
    assert node.faults == 0 and state_of(node) == 'active'

    # Configuring anew is what gives the engine another chance.
    assert node.trigger_deactivate() == SUCCESS and node.trigger_cleanup() == SUCCESS
    assert node.trigger_configure() == SUCCESS
    world.until(lambda: watcher.values().get('fallbacks') == '0')
    assert watcher.values()['engine'] == 'onnxruntime' and watcher.statuses[-1].level == OK


@pytest.mark.parametrize(
    ('values', 'words'),
    [
        ({'publish_rate_hz': 1000.0}, 'publish_rate_hz = 1000.0: must be 1 to 240'),
        ({'engine': 'steam'}, "engine = 'steam': must be auto, tensorrt, "),
        ({'engine': 'torch', 'engine_precision': 'int8'}, "torch has no precision 'int8'"),
        ({'engine_provider': 'cuda'}, 'pip install onnxruntime-gpu'),
        ({'blend_s': 'x', 'seed': -1}, "blend_s = 'x': must be a number"),
        ({'style': 4}, 'speaker = 4'),
        ({'sampling_steps': 1000, 'reorder_s': 0.5, 'stall_s': 0.2}, 'stall_s = 0.2'),
        ({'sampling_steps': 5}, 'with jump_n_sample = 1 there are no jumps'),
        ({'bundle': '/nowhere'}, '/nowhere is no bundle'),
    ],
    ids=lambda value: ','.join(value) if isinstance(value, dict) else '',
)
def test_a_bad_value_fails_configure_and_says_which_and_why(world, make, watcher, values, words):
    node = make(**values)
    assert node.trigger_configure() == FAILURE
    assert state_of(node) == 'unconfigured'
    assert words in node.failure and '\n' not in node.failure
    world.until(lambda: watcher.statuses and watcher.statuses[-1].level == ERROR)
    assert words in watcher.statuses[-1].message
    assert watcher.values()['lifecycle'] == 'unconfigured'


def test_a_wrong_value_can_be_set_right(world, make, tiny_bundle):
    node = make(publish_rate_hz=1000.0)
    assert node.trigger_configure() == FAILURE
    assert node.set_parameters([Parameter('publish_rate_hz', value=30.0)])[0].successful
    assert node.trigger_configure() == SUCCESS
    refused = node.set_parameters([Parameter('publish_rate_hz', value=40.0)])[0]
    assert not refused.successful and 'fixed' in refused.reason
    # Style and seed are for the next utterance.
    assert node.set_parameters([Parameter('seed', value=3)])[0].successful
    refused = node.set_parameters([Parameter('style', value=4)])[0]
    assert not refused.successful and "the model 'tiny' knows styles 0..3" in refused.reason


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


def test_interrupt_stops_at_once_and_goes_to_rest(world, active, watcher):
    node = active()
    client = watcher.create_client(Trigger, '/avatar/interrupt')
    world.until(client.service_is_ready)
    watcher.say(speech_like(6.0), start_ns=now_ns())
    world.until(lambda: watcher.faces[-1].utterance_id == 'u')
    world.run(0.7)
    future = client.call_async(Trigger.Request())
    world.until(future.done)
    assert future.result().success
    world.until(lambda: watcher.faces[-1].utterance_id == '')
    world.until(lambda: watcher.face_stretches[-1].utterance_id == '')
    planned = len(watcher.face_stretches)
    world.until(lambda: len(watcher.joint_stretches) == planned)
    way = messages.read_joint_trajectory(watcher.joint_stretches[-1])
    assert (way.times_ns[-1] - way.times_ns[0]) / NS == pytest.approx(0.6, abs=0.1)
    world.run(0.8)
    rest = messages.read_joint_state(watcher.joints[-1]).angles[0]
    assert turn(way.angles[-1], rest).max() < 1e-6
    assert not np.any(watcher.faces[-1].weights)
    assert len(watcher.joint_stretches) == planned

    assert node.trigger_deactivate() == SUCCESS
    future = client.call_async(Trigger.Request())
    world.until(future.done)
    assert not future.result().success and 'inactive' in future.result().message


def test_deactivating_in_the_middle_of_speech_and_going_on(world, active, watcher):
    node = active()
    watcher.say(speech_like(6.0), start_ns=now_ns())
    world.until(lambda: watcher.faces[-1].utterance_id == 'u')
    assert node.trigger_deactivate() == SUCCESS
    world.run(0.2)
    count = len(watcher.faces)
    world.run(0.3)
    assert len(watcher.faces) == count
    assert node.trigger_activate() == SUCCESS
    world.until(lambda: watcher.mouth.get_subscription_count() >= 2)
    world.run(0.2)
    watcher.say(speech_like(1.0), start_ns=now_ns(), utterance_id='next')
    world.until(lambda: watcher.faces[-1].utterance_id == 'next')


def test_it_lives_by_the_simulations_clock(world, make, watcher):
    node = make(use_sim_time=True)
    clock = watcher.create_publisher(Clock, '/clock', 10)
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    world.until(
        lambda: clock.get_subscription_count() and watcher.mouth.get_subscription_count() >= 2
    )
    world.until(lambda: watcher.statuses and is_well(watcher.statuses[-1]))
    assert not watcher.faces

    sim_ns = 1000 * NS

    def tick(seconds: float) -> None:
        nonlocal sim_ns
        end = sim_ns + round(seconds * NS)
        while sim_ns < end:
            sim_ns += NS // 100
            clock.publish(Clock(clock=messages.to_stamp(sim_ns)))
            world.run(0.002)

    tick(0.5)
    world.until(lambda: watcher.faces)
    watcher.say(speech_like(2.0), start_ns=sim_ns)
    world.run(0.5)
    tick(DELAY_S + 1)
    assert watcher.faces[-1].utterance_id == 'u'
    assert {stamp_ns(face) // NS for face in watcher.faces} <= {1000, 1001, 1002, 1003}
    # The simulation is started again.
    sim_ns = 10 * NS
    tick(0.5)
    world.run(0.2)
    assert stamp_ns(watcher.faces[-1]) <= sim_ns
    tick(1.0)
    assert watcher.faces[-1].utterance_id == ''
    assert node.faults == 0 and state_of(node) == 'active'


def test_a_second_node_of_the_name_is_reported(world, make, watcher):
    first, second = make(), make()
    world.until(lambda: first.get_node_names().count('avatar') == 2)
    assert second.trigger_configure() == SUCCESS
    status = fresh_status(world, watcher)
    assert status.level == WARN and 'another node has this name' in status.message
    world.remove(first)
    world.until(lambda: is_well(watcher.statuses[-1]))


def test_two_avatars_in_two_namespaces(world, make):
    ears = {name: world.add(Watcher(namespace=name)) for name in ('one', 'two')}
    for name in ears:
        node = make(namespace=name)
        assert node.trigger_configure() == SUCCESS and node.trigger_activate() == SUCCESS
    one, two = ears.values()
    world.until(lambda: one.faces and two.faces and one.mouth.get_subscription_count() >= 2)
    world.run(0.2)
    one.say(speech_like(1.0), start_ns=now_ns())
    world.until(lambda: one.faces[-1].utterance_id == 'u')
    assert two.faces[-1].utterance_id == ''
    assert {status.name for status in one.statuses} == {'one/avatar: motion', 'two/avatar: motion'}


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_process_ends_cleanly_while_it_speaks(world, start_node, watcher, tiny_bundle, number):
    process = start_node(
        'nodes.avatar', '--ros-args', '-p', 'autostart:=true', '-p', f'bundle:={tiny_bundle.path}'
    )
    world.until(lambda: watcher.faces and watcher.mouth.get_subscription_count() >= 2)
    world.run(0.3)
    watcher.say(speech_like(9.0), start_ns=now_ns())
    world.until(lambda: watcher.faces[-1].utterance_id == 'u')
    for _ in range(2):  # a terminal and a launcher may both pass it on
        process.send_signal(number)
        time.sleep(0.1)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0, output
    assert 'Traceback' not in output and 'ERROR' not in output, output


def test_a_process_that_cannot_be_configured_stays_alive(world, start_node, watcher):
    process = start_node(
        'nodes.avatar', '--ros-args', '-p', 'autostart:=true', '-p', 'bundle:=/nowhere'
    )
    world.until(lambda: watcher.statuses and watcher.statuses[-1].level == ERROR)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert output.count('/nowhere is no bundle') == 1 and 'Traceback' not in output, output
