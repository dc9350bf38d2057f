"""What there is to see on a page, and what a page may ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

from diffsheg_model.viewer.client import Client


@dataclass(frozen=True)
class Source:
    """A figure on the page.

    Attributes:
        name: for people.
        joint_names: J human joints, in the order of body messages.
        weight_names: W face weights, in the order of face messages.
    """

    name: str
    joint_names: tuple[str, ...] = ()
    weight_names: tuple[str, ...] = ()


class Show(Protocol):
    """Called from the server's thread alone; nothing here may wait.

    A show that refuses what a page asks for raises InputError; the page shows its text.
    """

    def now_s(self) -> float:
        """The clock of all times that are sent, seconds."""

    def greeting(self) -> dict[str, Any]:
        """The first message to a page; see `greeting`."""

    def on_join(self, client: Client) -> None:
        """A page has come; it was sent the greeting."""

    def on_message(self, client: Client, message: dict[str, Any]) -> None:
        """A page asks for something: a JSON object with a `type`."""

    def on_bytes(self, client: Client, data: bytes) -> None:
        """A page sends speech."""

    def on_leave(self, client: Client) -> None:
        """A page has gone."""


def is_number(value: object) -> TypeGuard[float]:
    """Whether what a page sent is a number of a size to reckon with: no NaN, nothing huge."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def greeting(sources: Sequence[Source], **what: Any) -> dict[str, Any]:
    """The first message of a show.

    Args:
        sources: the figures, one or two.
        **what: `mode` ('live', 'clip' or 'render'), and what else the page can do here.
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
