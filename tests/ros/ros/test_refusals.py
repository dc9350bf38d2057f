"""Refused messages, and the reports of a node that only listens."""

import pytest

from diffsheg_model.errors import InputError

pytest.importorskip('rclpy', reason='nodes need ROS 2')

from rclpy.node import Node
from std_msgs.msg import Header

from diffsheg_ros.ros.refusals import Refusals

pytestmark = pytest.mark.ros


def test_a_message_that_raises_is_counted_and_the_next_one_is_taken(world):
    node = world.add(Node('listener'))
    refusals, taken = Refusals(node), []

    def take(message: Header) -> None:
        if not message.frame_id:
            raise InputError('no\x1b[2J name')
        taken.append(message.frame_id)

    refusals.subscribe(Header, 'names', take, 10)
    publisher = node.create_publisher(Header, 'names', 10)
    world.until(lambda: publisher.get_subscription_count())
    for name in ('', 'a', '', 'b'):
        publisher.publish(Header(frame_id=name))
    world.until(lambda: taken == ['a', 'b'])
    assert (refusals.count, refusals.last) == (2, r'names: no\x1b[2J name')
