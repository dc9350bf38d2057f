"""What tests of avatar nodes share: constants, times, states and reports."""

import time

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rclpy.lifecycle import TransitionCallbackReturn
from scipy.spatial.transform import Rotation

from diffsheg_ros.nodes.avatar import AvatarNode
from diffsheg_ros.ros import messages
from tests.support.ros_world import Watcher, World

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE
OK, WARN, ERROR = b'\0', b'\1', b'\2'
#: Both leave a busy machine some room.
DELAY_S = 1.5
RATE_HZ = 20.0


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
