"""Emphasis over real DDS: the avatar's gesture follows it, the face does not."""

import time

import numpy as np
import pytest

from tests.support.bundles import make_tiny_bundle, speech_like

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rclpy.lifecycle import TransitionCallbackReturn
from scipy.spatial.transform import Rotation

from diffsheg_model.bundle import Bundle
from diffsheg_model.time_units import NS
from diffsheg_ros.msg import Emphasis
from diffsheg_ros.nodes.avatar import AvatarNode
from diffsheg_ros.ros import messages
from tests.support.ros_world import Watcher, World, overrides

pytestmark = [pytest.mark.ros, pytest.mark.untimed]

DELAY_S = 1.5
SPEECH_S = 3.0


@pytest.fixture(scope='module')
def calm_bundle(tmp_path_factory) -> Bundle:
    """One whose random gestures do not turn joints half around."""
    return make_tiny_bundle(tmp_path_factory.mktemp('bundle') / 'calm', deviation=0.0002)


@pytest.fixture
def avatar(world: World, calm_bundle: Bundle) -> AvatarNode:
    settings = {'bundle': str(calm_bundle.path), 'engine': 'onnxruntime', 'engine_threads': 1}
    settings |= {'playout_delay_s': DELAY_S, 'publish_rate_hz': 20.0}
    node = world.add(AvatarNode(parameter_overrides=overrides(**settings)))
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    return node


def test_gestures_follow_emphasis_and_the_face_does_not(world, avatar, calm_bundle):
    watcher = world.add(Watcher())
    emphasis = watcher.create_publisher(Emphasis, 'emphasis', 10)
    world.until(lambda: watcher.faces and watcher.joints)
    world.until(lambda: watcher.mouth.get_subscription_count() >= 2)
    world.until(lambda: emphasis.get_subscription_count() >= 1)
    world.run(0.2)
    joints = messages.read_joint_state(watcher.joints[0])
    skeleton = calm_bundle.skeleton
    body = calm_bundle.config.format.joint_names
    rest = Rotation.from_rotvec(skeleton.rest[skeleton.indices(body)])

    def spoken(utterance_id: str, gain: float | None) -> tuple[np.ndarray, np.ndarray]:
        """Mean way of the joints from rest and mean weights while all is said, one a moment."""
        for heard in (watcher.faces, watcher.joints, watcher.joint_stretches):
            heard.clear()
        start_ns = time.time_ns()
        watcher.say(speech_like(SPEECH_S), start_ns=start_ns, utterance_id=utterance_id)
        world.until(lambda: watcher.joint_stretches)
        if gain is not None:
            emphasis.publish(
                Emphasis(
                    header=messages.Header(stamp=messages.to_stamp(start_ns)),
                    duration=SPEECH_S,
                    gain=gain,
                )
            )
        world.until(lambda: watcher.faces and watcher.faces[-1].utterance_id == utterance_id)
        world.until(lambda: watcher.faces[-1].utterance_id == '')
        world.run(0.2)
        # The first blend is over and the last frame not yet there.
        shown_ns = start_ns + round(DELAY_S * NS)
        first_ns, last_ns = shown_ns + NS, shown_ns + round((SPEECH_S - 0.3) * NS)
        ways = []
        for message in watcher.joints:
            state = messages.read_joint_state(message)
            if first_ns <= state.times_ns[0] <= last_ns:
                angles = state.angles[0, : len(body)]
                ways.append((Rotation.from_euler('XYZ', angles) * rest.inv()).magnitude())
        weights = [
            face.weights for face in watcher.faces
            if first_ns <= messages.from_stamp(face.header.stamp) <= last_ns
        ]  # fmt: skip
        assert len(ways) > 10 and len(weights) > 10
        return np.array(ways), np.array(weights)

    assert joints.joint_names[: len(body)] == body
    plain, plain_face = spoken('plain', None)
    large, _ = spoken('large', 2.0)
    still, still_face = spoken('still', 0.0)
    assert large.mean() > 1.15 * plain.mean()
    assert still.max() < 1e-6
    assert plain.std(axis=0).max() > 0.01
    assert np.ptp(still_face, axis=0).max() > 0.5 * np.ptp(plain_face, axis=0).max() > 0
    # What was planned and sent again is what was shown.
    planned = messages.read_joint_trajectory(watcher.joint_stretches[-1])
    assert planned.times_ns[-1] > planned.times_ns[0]
    emphasis.publish(Emphasis(duration=-1.0, gain=1.0))
    world.until(lambda: watcher.statuses and watcher.values()['rejected_emphases'] == '1')
    assert avatar.faults == 0
