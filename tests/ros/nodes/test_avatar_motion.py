"""Motion of the avatar node: at its time, over faults, interrupts and clocks."""

import itertools
import threading

import numpy as np
import pytest

from tests.support.bundles import speech_like

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rosgraph_msgs.msg import Clock
from scipy.spatial.transform import Rotation
from std_srvs.srv import Trigger

from diffsheg_model.engines import ENGINES
from diffsheg_model.engines.onnxruntime_engine import OnnxRuntimeEngine
from diffsheg_model.session.generate import generate
from diffsheg_model.time_units import NS
from diffsheg_ros.ros import messages
from tests.support.avatar_node import (
    DELAY_S,
    OK,
    RATE_HZ,
    SUCCESS,
    WARN,
    fresh_status,
    is_well,
    now_ns,
    stamp_ns,
    state_of,
    turn,
)
from tests.support.ros_world import LIMIT_S, Watcher

pytestmark = pytest.mark.ros


def detours(watcher: Watcher) -> list[float]:
    """How far each pose shown lies off the straight way between its two planned neighbours."""
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
    found = []
    for one in shown:
        after = np.searchsorted(times, one.times_ns[0], side='right')
        before, now, then = angles[after - 1], one.angles[0], angles[after]
        found.append(turn(before, now) + turn(now, then) - turn(before, then))
    return found


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
    node, speech = active(seed=5), speech_like(3.0)
    # Generated before the speech: it keeps the node's executor waiting.
    offline = generate(tiny_bundle, tiny_engine, [speech], 16000, seed=5)
    world.run(0.5)
    start_ns = now_ns()
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

    # Every planned motion begins on a frame of the utterance, the first one at its start.
    assert len(watcher.face_stretches) == len(watcher.joint_stretches) == 2
    for face, joint in zip(watcher.face_stretches, watcher.joint_stretches, strict=True):
        assert face.header.stamp == joint.header.stamp
        assert face.utterance_id == 'u'
        frames = (stamp_ns(joint) - shown_ns) / NS * 15
        assert abs(frames - round(frames)) < 1e-6
    assert stamp_ns(watcher.joint_stretches[0]) == shown_ns

    # Each pose lies between its two planned neighbours, on a curve that swerves a little.
    swerves = detours(watcher)
    # Joints turn by a radian from frame to frame. Where planned motions meet, the second one
    # came while the first was shown.
    assert np.median(swerves) < 0.02 and np.quantile(swerves, 0.9) < 0.1

    # And it is what is generated from a file, once the way there from rest is over.
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
