"""Subscriptions that refuse messages with values out of range, and count and log them."""

import functools
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from diffsheg_model.errors import InputError
from diffsheg_ros.topic_values import clean_text

#: Seconds between two lines in the log.
_QUIET_S = 10.0


class Refusals:
    """Counter of the messages that a node refuses.

    Attributes:
        count: messages refused so far.
        last: source and reason of the newest, printable; empty before the first.
    """

    def __init__(self, node: Node, said: str = 'a message is refused') -> None:
        """Count nothing yet.

        Args:
            node: the node that logs them.
            said: beginning of the log lines.
        """
        self._node = node
        self._said = said
        self.count = 0
        self.last = ''

    def add(self, source: str, error: InputError) -> None:
        """Count a message and log why it was refused, at most every 10 s.

        Args:
            source: the topic, or another origin of the message.
            error: the reason.
        """
        self.count += 1
        self.last = f'{source}: {clean_text(str(error))}'
        self._node.get_logger().warning(
            f'{self._said}: {self.last}', throttle_duration_sec=_QUIET_S
        )

    def checked(self, source: str, take: Callable[..., None]) -> Callable[..., None]:
        """Return a callback that counts a message if `take` raises InputError.

        Args:
            source: see `add`.
            take: the callback of a subscription.
        """

        @functools.wraps(take)
        def checked(*message: Any) -> None:
            try:
                take(*message)
            except InputError as error:
                self.add(source, error)

        return checked

    def subscribe(
        self,
        kind: type,
        topic: str,
        take: Callable[[Any], None],
        qos: QoSProfile,
        *,
        raw: bool = False,
    ) -> 'Subscription[Any]':
        """Subscribe to a topic; an InputError that `take` raises refuses the message.

        Args:
            kind: type of the messages.
            topic: name, relative to the node's namespace.
            take: called with each message, or its bytes.
            qos: quality of service.
            raw: True to pass bytes.
        """
        return self._node.create_subscription(kind, topic, self.checked(topic, take), qos, raw=raw)
