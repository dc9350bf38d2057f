"""The interface between the server and a show, which decides what the pages display."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

from diffsheg_model.viewer.client import Client


@dataclass(frozen=True)
class Source:
    """A source of motion, shown as one figure on the page.

    Attributes:
        name: the name that the page displays.
        joint_names: J human joints, in the order of body messages.
        weight_names: W face weights, in the order of face messages.
    """

    name: str
    joint_names: tuple[str, ...] = ()
    weight_names: tuple[str, ...] = ()


class Show(Protocol):
    """The content of the pages, and the answers to their requests.

    The server calls it in its own thread, so no method may block. A method that refuses a request
    raises InputError; the page shows its text.
    """

    def now_s(self) -> float:
        """Return the present time of the clock of all messages, seconds."""

    def greeting(self) -> dict[str, Any]:
        """Return the first message to a page; see the function `greeting`."""

    def on_join(self, client: Client) -> None:
        """Handle a new page, which was sent the greeting."""

    def on_message(self, client: Client, message: dict[str, Any]) -> None:
        """Handle a request of a page: a JSON object with a `type`."""

    def on_bytes(self, client: Client, data: bytes) -> None:
        """Handle samples of speech from a page."""

    def on_leave(self, client: Client) -> None:
        """Handle the end of a page."""


def is_number(value: object) -> TypeGuard[float]:
    """Return True for a number from a page that is finite and below 1e15."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def greeting(sources: Sequence[Source], **what: Any) -> dict[str, Any]:
    """Return the first message of a show.

    Args:
        sources: one or two figures.
        **what: `mode` ('live', 'clip' or 'render') and other values for that mode.
    """
    return {
        'type': 'greeting',
        'sources': [
            {
                'name': source.name,
                'joint_names': source.joint_names,
                'weight_names': source.weight_names,
            }
            for source in sources
        ],
        **what,
    }
