"""The avatar's parameters that a page may show and change, over the parameter services."""

from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.task import Future

from diffsheg_model.viewer.client import Client

#: Parameters that take effect while the avatar is active.
NAMES = ('style', 'seed')
#: Calls of `refresh` between two requests.
_EVERY = 3

Tell = Callable[[Client, str], None]


class AvatarSettings:
    """Settings as the avatar has them now, since any program may change them. For one thread."""

    def __init__(
        self, node: Node, avatar: str, on_change: Callable[[list[dict[str, Any]]], None]
    ) -> None:
        """Ask nothing yet.

        Args:
            node: the node that asks.
            avatar: name of the avatar's node.
            on_change: gets all settings as `panel.js` takes them, whenever one changes.
        """
        self._client = AsyncParameterClient(node, avatar)
        self._on_change = on_change
        self._descriptors: list[ParameterDescriptor] = []
        self._settings: list[dict[str, Any]] = []
        self._calls = 0
        self._asked: Future | None = None

    def refresh(self) -> None:
        """Ask the avatar from time to time; call it once a second."""
        self._calls += 1
        if not self._client.services_are_ready():
            self._descriptors, self._asked = [], None
            self._publish([])
        # An avatar that does not answer is not asked again and again.
        elif self._calls % _EVERY == 1 and (self._asked is None or self._asked.done()):
            self._asked = self._client.describe_parameters(list(NAMES), self._on_described)

    def change(self, name: str, value: int, client: Client, tell: Tell) -> None:
        """Set a parameter for a page, and tell the page the reason if it was refused."""
        if not self._client.services_are_ready():
            tell(client, 'no avatar answers: start it, then set the value')
            return

        def answer(future: Future) -> None:
            response: SetParameters.Response | None = future.result()
            for result in response.results if response is not None else []:
                if not result.successful:
                    tell(client, result.reason)
                    self._settings = []  # the page shows what it asked for: tell it what is
            self._client.get_parameters(list(NAMES), self._on_values)

        self._client.set_parameters([Parameter(name, value=value)], answer)

    def _on_described(self, future: Future) -> None:
        response: DescribeParameters.Response | None = future.result()
        if response is not None and len(response.descriptors) == len(NAMES):
            self._descriptors = list(response.descriptors)
            self._client.get_parameters(list(NAMES), self._on_values)

    def _on_values(self, future: Future) -> None:
        response: GetParameters.Response | None = future.result()
        if response is None or len(response.values) != len(self._descriptors):
            return
        self._publish(
            [
                {
                    'name': descriptor.name,
                    'value': value.integer_value,
                    'low': descriptor.integer_range[0].from_value,
                    'high': descriptor.integer_range[0].to_value,
                    'fixed': descriptor.read_only,
                    'hint': descriptor.description,
                }
                for descriptor, value in zip(self._descriptors, response.values, strict=True)
                if descriptor.integer_range
            ]
        )

    def _publish(self, settings: list[dict[str, Any]]) -> None:
        if settings != self._settings:
            self._settings = settings
            self._on_change(settings)
