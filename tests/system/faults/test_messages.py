"""Every subscription of every node gets random messages of its type, over real DDS.

Subscriptions are found, not listed: a new one is tried without a word here. A failing message is
printed with its seed; MESSAGES_SEED=... tries that series again.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_srvs.srv import Trigger

from diffsheg_ros.msg import AudioChunk
from diffsheg_ros.nodes.audio_adapter import AudioAdapterNode
from tests.ros.nodes.test_audio_adapter import MGONZS13, ROS_DRIVERS
from tests.support.every_node import KINDS, SPACE, start_any  # noqa: F401
from tests.support.random_messages import RandomMessages, random_message
from tests.support.ros_world import World, overrides

pytestmark = [pytest.mark.ros, pytest.mark.untimed]

SEED = os.environ.get('MESSAGES_SEED', '1')
#: rclpy's own topics.
OWN = ('/parameter_events', '/clock')
#: MiB that a node may grow by.
MOST_MIB = 250


class Attacker(Node):
    """Publishes random messages on whatever a node subscribes to."""

    def __init__(self, victim: Node) -> None:
        super().__init__('attacker')
        self.topics = {
            subscription.topic_name: self.create_publisher(
                subscription.msg_type, subscription.topic_name, QoSProfile(depth=100)
            )
            for subscription in victim.subscriptions
            if subscription.topic_name not in OWN
        }
        self.sent: list[str] = []

    def send(self, topic: str, number: int) -> None:
        kind = self.topics[topic].msg_type
        seed = f'{SEED}/{topic}/{number}'
        self.sent.append(f'random_message({kind.__name__}, {seed!r})')
        self.topics[topic].publish(random_message(kind, seed))


def attack(
    world: World, victim: Node, seconds: float, batch: int, check: Callable[[], None]
) -> None:
    """Send batches of random messages; after each the node must still do what `check` asks."""
    attacker = world.add(Attacker(victim))
    world.until(lambda: all(output.get_subscription_count() for output in attacker.topics.values()))
    world.run(0.2)
    end, number, memory = time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < end or not number:
        try:
            for _ in range(batch):
                for topic in attacker.topics:
                    attacker.send(topic, number)
                world.executor.spin_once(timeout_sec=0)
                number += 1
            check()
        except Exception as error:
            newest = '\n'.join(attacker.sent[-3 * batch :])
            raise AssertionError(
                f'{type(error).__name__}: {error}; sent last:\n{newest}'
            ) from error
        memory = memory or resident_mib()
    assert resident_mib() - memory < MOST_MIB
    world.remove(attacker)


def resident_mib() -> float:
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 2**20


def attack_avatar(world: World, make_avatar: Any, seconds: float, batch: int) -> None:
    avatar = make_avatar(idle=True, preset='balanced', playout_delay_s=-1.0)
    assert {sub.topic_name for sub in avatar.node.subscriptions} >= {'/audio', '/emphasis'}

    def check() -> None:
        faces = len(avatar.ears.faces)
        avatar.until(lambda: len(avatar.ears.faces) > faces + 10, 5.0)
        avatar.interrupt()
        for heard in (avatar.ears.faces, avatar.ears.joints, avatar.ears.face_stretches):
            assert all(np.isfinite(getattr(one, 'weights', ())).all() for one in heard)
            heard.clear()
        avatar.ears.joint_stretches.clear()
        avatar.ears.audio.clear()

    attack(world, avatar.node, seconds, batch, check)
    values = avatar.values()
    failed = ('faults', 'pose_errors', 'layer_failures', 'callback_errors', 'failed_windows')
    assert {name: values[name] for name in failed} == dict.fromkeys(failed, '0')
    assert int(values['refused_messages']) and int(values['rejected_emphases'])


def attack_any(world: World, start_any: Any, name: str, seconds: float, batch: int) -> None:  # noqa: F811
    if name == 'avatar':
        pytest.skip('has a test of its own')
    start_any(name)
    (victim,) = [node for node in world.nodes if node.get_name() == name]
    topics = [sub.topic_name for sub in victim.subscriptions if sub.topic_name not in OWN]
    if name == 'audio_adapter':
        pytest.skip('its messages are of packages that are not here; it has a test of its own')
    if not topics:
        pytest.skip('subscribes to nothing')
    ask = world.add(Node('asker')).create_client(Trigger, 'nothing')  # the node's graph goes on

    def check() -> None:
        world.run(0.2)
        assert not ask.service_is_ready()

    attack(world, victim, seconds, batch, check)


def test_the_avatar_survives_random_messages(world, make_avatar):
    attack_avatar(world, make_avatar, 8.0, 20)


@pytest.mark.slow
def test_the_avatar_survives_each_of_many_random_messages(world, make_avatar):
    attack_avatar(world, make_avatar, 150.0, 1)


@pytest.mark.parametrize('name', KINDS)
def test_a_node_survives_random_messages(world, start_any, name):  # noqa: F811
    attack_any(world, start_any, name, 4.0, 50)


@pytest.mark.slow
@pytest.mark.parametrize('name', KINDS)
def test_a_node_survives_many_random_messages(world, start_any, name):  # noqa: F811
    attack_any(world, start_any, name, 60.0, 20)


@pytest.mark.parametrize(
    ('type_', 'package'),
    [('AudioStamped', MGONZS13), ('AudioDataStamped', ROS_DRIVERS), ('AudioData', ROS_DRIVERS)],
)
def test_the_adapter_survives_random_messages_of_either_package(world, monkeypatch, type_, package):
    """Its callbacks get them; the packages need not be here, so the topics' type is ours."""
    import sys

    stand_in = ModuleType('audio_common_msgs.msg')
    for name in ('AudioStamped', 'AudioDataStamped', 'AudioData', 'AudioInfo'):
        fields = {'data': 'x', 'sample_format': 'x'}
        kind = type(
            name, (AudioChunk,), {'get_fields_and_field_types': lambda fields=fields: fields}
        )
        setattr(stand_in, name, kind)
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    node = world.add(
        AudioAdapterNode(namespace=SPACE, parameter_overrides=overrides(gate='open', type=type_))
    )
    callbacks = {
        sub.topic_name.rpartition('/')[2]: sub.callback
        for sub in node.subscriptions
        if sub.topic_name not in OWN
    }
    assert set(callbacks) == {'audio_in'} | ({'audio_in_info'} if package is ROS_DRIVERS else set())
    random = RandomMessages(f'{SEED}/{type_}')
    for number in range(3000):
        for topic, take in callbacks.items():
            kind = type_ if topic == 'audio_in' else 'AudioInfo'
            message = defined(random, package, kind)
            try:
                take(message)
            except Exception as error:
                raise AssertionError(f'{number}: {topic} {message}') from error
        if number % 100 == 0:
            world.executor.spin_once(timeout_sec=0)
    assert node.faults == 0 and node.refusals.count > 100


def defined(random: RandomMessages, package: dict[str, str], kind: str) -> SimpleNamespace:
    """Return a message with the fields of a definition."""
    message = SimpleNamespace()
    for line in package[kind].splitlines():
        of, name = line.split()
        inner = of.removeprefix('audio_common_msgs/')
        if inner in package:
            value = defined(random, package, inner)
        elif of.endswith('[]'):
            value = random.value(f'sequence<{of[:-2]}>')
            if of == 'uint8[]':
                value = bytes(value)
        else:
            value = random.value('std_msgs/Header' if of == 'std_msgs/Header' else of)
        setattr(message, name, value)
    if kind == 'AudioInfo' and random.value('bool'):
        for name, usual in {
            'rate': 16000,
            'channels': 1,
            'format': 8,
            'sample_rate': 16000,
        }.items():
            if hasattr(message, name):
                setattr(message, name, usual)
        if hasattr(message, 'sample_format'):
            message.sample_format, message.coding_format = 'S16LE', 'wave'
    return message
