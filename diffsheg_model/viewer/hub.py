"""Spreads what a show sends to the pages that look on, from any thread."""

import asyncio
import json
from typing import Any

from diffsheg_model.viewer.client import Client

Message = bytes | dict[str, Any]


class Hub:
    """The clients of a server.

    `send` may be called from any thread, before the server runs (then nobody is there to hear it)
    and after; the other methods belong to the server's thread.
    """

    def __init__(self) -> None:
        self._clients: dict[int, Client] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._joined = 0

    @property
    def client_count(self) -> int:
        """How many pages look on."""
        return len(self._clients)

    @property
    def dropped(self) -> int:
        """Messages that the present clients lost."""
        return sum(client.dropped for client in tuple(self._clients.values()))

    def attach(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Says which loop the clients live in; None when it is about to end."""
        self._loop = loop

    def join(self) -> Client:
        """A new client."""
        self._joined += 1
        client = self._clients[self._joined] = Client(self._joined)
        return client

    def leave(self, client: Client) -> None:
        """A client that is gone."""
        self._clients.pop(client.number, None)

    def send(self, message: Message, to: Client | None = None, but: Client | None = None) -> None:
        """Sends a message to all clients, to one, or to all but one.

        Args:
            message: bytes of `wire`, or a JSON object without NaN.
            to: the only one who is to get it.
            but: the only one who is not.
        """
        loop = self._loop
        if loop is None or (to is None and not self._clients):
            return
        packed = message if isinstance(message, bytes) else json.dumps(message, allow_nan=False)
        try:
            loop.call_soon_threadsafe(self._spread, packed, to, but)
        except RuntimeError:  # the loop was closed meanwhile: nobody is there any more
            self._loop = None

    def _spread(self, packed: str | bytes, to: Client | None, but: Client | None) -> None:
        for client in (to,) if to is not None else self._clients.values():
            if client is not but:
                client.put(packed)
