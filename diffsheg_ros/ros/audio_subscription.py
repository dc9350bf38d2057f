"""Subscription to `audio` that receives from reliable and best-effort publishers."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.timer import Timer

from diffsheg_model.time_units import NS
from diffsheg_ros.msg import AudioChunk

#: Nanoseconds. A time of receipt that lies further back than this is not trusted.
_LONGEST_WAIT_NS = 10 * NS
#: Seconds between checks for best-effort publishers that are gone.
_REVIEW_S = 2.0
#: Publishers that are remembered; each restart of a sender is a new one.
_MOST_PUBLISHERS = 64
#: DDS sequence numbers are below this; middlewares without numbers give the greatest integer.
_MOST_NUMBER = 2**63


class AudioSubscription:
    """Receiver of `audio` that takes every message once and counts those lost on the way.

    A reliable subscription does not match a best-effort publisher. A best-effort subscription
    matches every publisher but loses most messages above 0.5 MB, which need many fragments. So
    `auto` subscribes reliably, and with best effort too while there is a best-effort publisher.
    The second subscription ignores messages of reliable publishers.

    Attributes:
        received: messages handed on.
        lost: messages that were published and did not arrive, known from gaps in their numbers.
    """

    def __init__(
        self,
        node: Node,
        take: Callable[[Any, int], None],
        *,
        reliability: str = 'auto',
        depth: int = 1000,
        raw: bool = False,
    ) -> None:
        """Subscribe.

        Args:
            node: the subscriber.
            take: called with each message and its time of arrival, ns of the node's clock.
            reliability: 'auto', 'best_effort' or 'reliable'.
            depth: messages that the middleware keeps.
            raw: True to pass the serialised bytes instead of the message.
        """
        self._now_ns = self._arrival_before_ns = 0  # of the previous message
        self.received = 0
        self.lost = 0
        self._node = node
        self._take = take
        self._depth = depth
        self._raw = raw
        # By the DDS identity of the publisher: its newest number, and True if it is reliable.
        self._numbers: OrderedDict[bytes, int] = OrderedDict()
        self._reliable: OrderedDict[bytes, bool] = OrderedDict()
        self._subscriptions: list[Subscription] = []
        self._review_timer: Timer | None = None
        if reliability == 'auto':
            self._subscribe_to_all()
        else:
            self._subscribe(ReliabilityPolicy[reliability.upper()], self._on_message)

    def destroy(self) -> None:
        """End all subscriptions."""
        self._end_review()
        while self._subscriptions:
            self._node.destroy_subscription(self._subscriptions.pop())

    def _subscribe(
        self,
        reliability: ReliabilityPolicy,
        callback: Callable[[Any, Any], None],
        on_unmatched: Callable[[Any], None] | None = None,
    ) -> None:
        self._subscriptions.append(
            self._node.create_subscription(
                AudioChunk,
                'audio',
                callback,
                QoSProfile(depth=self._depth, reliability=reliability),
                event_callbacks=SubscriptionEventCallbacks(incompatible_qos=on_unmatched),
                raw=self._raw,
            )
        )

    def _subscribe_to_all(self) -> None:
        try:
            self._subscribe(ReliabilityPolicy.RELIABLE, self._on_message, self._on_unmatched)
        except UnsupportedEventTypeError:  # this middleware does not report such publishers
            self._subscribe(ReliabilityPolicy.RELIABLE, self._on_message)
            self._subscribe(ReliabilityPolicy.BEST_EFFORT, self._on_best_effort)

    def _on_unmatched(self, event: Any) -> None:
        """Subscribe with best effort too, since a publisher did not match the reliable one."""
        if len(self._subscriptions) == 1:
            self._node.get_logger().info(
                'a publisher of audio is best effort: subscribed to it too. It loses most '
                'messages above 0.5 MB; a reliable publisher does not'
            )
            self._subscribe(ReliabilityPolicy.BEST_EFFORT, self._on_best_effort)
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            self._review_timer = self._node.create_timer(_REVIEW_S, self._review, clock=steady)

    def _review(self) -> None:
        """End the best-effort subscription when its last publisher is gone."""
        topic = self._subscriptions[0].topic_name
        found = self._node.get_publishers_info_by_topic(topic)
        if any(each.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for each in found):
            return
        self._node.destroy_subscription(self._subscriptions.pop())
        self._end_review()

    def _end_review(self) -> None:
        if self._review_timer is not None:
            self._node.destroy_timer(self._review_timer)
            self._review_timer = None

    def _on_best_effort(self, message: Any, info: Any) -> None:
        publisher = _publisher(info)
        if publisher not in self._reliable:
            _remember(self._reliable, publisher, self._is_reliable(publisher))
        if not self._reliable[publisher]:
            self._on_message(message, info)

    def _is_reliable(self, publisher: bytes) -> bool:
        topic = self._subscriptions[0].topic_name
        for found in self._node.get_publishers_info_by_topic(topic):
            if bytes(found.endpoint_gid)[: len(publisher)] == publisher:
                return found.qos_profile.reliability == ReliabilityPolicy.RELIABLE
        return False

    def _on_message(self, message: Any, info: Any) -> None:
        self._count(info)
        self.received += 1
        self._take(message, self._arrival_ns(info))

    def _count(self, info: Any) -> None:
        number = info.get('publication_sequence_number')
        if number is None or not 0 < number < _MOST_NUMBER:
            return
        publisher = _publisher(info)
        before = self._numbers.get(publisher)
        if before is not None and number > before + 1:
            self.lost += number - before - 1
        if before is None or number > before:
            _remember(self._numbers, publisher, number)

    def _arrival_ns(self, info: Any) -> int:
        """Return when the middleware received the message; the node may have been busy since.

        A message that was sent again is received after later messages, but delivered before them.
        So arrival times only rise, except when the node's own clock goes back.
        """
        clock = self._node.get_clock()
        now_ns: int = clock.now().nanoseconds
        received_ns = info.get('received_timestamp') or 0
        simulated = getattr(clock, 'ros_time_is_active', False)
        known = not simulated and 0 <= now_ns - received_ns < _LONGEST_WAIT_NS
        arrival_ns = int(received_ns) if known else now_ns
        if now_ns >= self._now_ns:
            arrival_ns = max(arrival_ns, self._arrival_before_ns)
        self._now_ns, self._arrival_before_ns = now_ns, arrival_ns
        return arrival_ns


def _publisher(info: Any) -> bytes:
    identity = info.get('publisher_gid') or {}
    return bytes(identity.get('data', b''))


def _remember(table: OrderedDict[bytes, Any], publisher: bytes, value: Any) -> None:
    table[publisher] = value
    table.move_to_end(publisher)
    while len(table) > _MOST_PUBLISHERS:
        table.popitem(last=False)
