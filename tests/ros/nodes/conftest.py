"""Avatar nodes with the tiny bundle. ROS is imported where it is used: tests skip without it."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from diffsheg_ros.nodes.avatar import AvatarNode
    from tests.support.ros_world import Watcher, World


@pytest.fixture
def make(world: 'World', tiny_bundle):
    """Make avatar nodes with the tiny bundle."""
    from diffsheg_ros.nodes.avatar import AvatarNode
    from tests.support.avatar_node import DELAY_S, RATE_HZ
    from tests.support.ros_world import overrides

    def make(namespace: str = '', **values) -> AvatarNode:
        settings = {'bundle': str(tiny_bundle.path), 'engine': 'onnxruntime'} | values
        settings = {'engine_threads': 1, 'preset': 'quality', 'idle': False} | settings
        settings = {'playout_delay_s': DELAY_S, 'publish_rate_hz': RATE_HZ} | settings
        node = AvatarNode(namespace=namespace, parameter_overrides=overrides(**settings))
        return world.add(node)

    return make


@pytest.fixture
def watcher(world: 'World') -> 'Watcher':
    from tests.support.ros_world import Watcher

    return world.add(Watcher())


@pytest.fixture
def active(world: 'World', make, watcher):
    """Make and activate an avatar that is heard."""
    from tests.support.avatar_node import SUCCESS

    def active(**values) -> 'AvatarNode':
        node = make(**values)
        assert node.trigger_configure() == SUCCESS
        assert node.trigger_activate() == SUCCESS
        world.until(lambda: watcher.faces and watcher.joints)
        world.until(lambda: watcher.mouth.get_subscription_count() >= 2)
        world.run(0.2)
        return node

    return active
