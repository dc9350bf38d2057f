"""The hub: sends messages of a show, from any thread, to the connected pages."""

import asyncio
import json
from typing import Any

from diffsheg_model.viewer.client import Client

Message = bytes | dict[str, Any]


class Hub:
    """The clients of a server.

    `send` may be called from any thread and at any time; while the server does not run, it does
    nothing. Call the other methods in the server's thread only.
    """

    def __init__(self) -> None:
        self._clients: dict[int, Client] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._joined = 0

    @property
    def client_count(self) -> int:
        """Number of connected pages."""
        return len(self._clients)

    @property
    def dropped(self) -> int:
        """Messages that were dropped for the present clients."""
        return sum(client.dropped for client in tuple(self._clients.values()))

    def attach(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Set the event loop of the clients; None before that loop ends."""
        self._loop = loop

    def join(self) -> Client:
        """Add a client and return it."""
        self._joined += 1
        client = self._clients[self._joined] = Client(self._joined)
        return client

    def leave(self, client: Client) -> None:
        """Remove a client that has disconnected."""
        self._clients.pop(client.number, None)

    def send(self, message: Message, to: Client | None = None, but: Client | None = None) -> None:
        """Send a message to all clients, to one, or to all but one.

        Args:
            message: bytes of `wire_format`, or a JSON object without NaN.
            to: the only receiver; None for all clients.
            but: the client to leave out.
        """
        loop = self._loop
        if loop is None or (to is None and not self._clients):
            return
        packed = message if isinstance(message, bytes) else json.dumps(message, allow_nan=False)
        try:
            loop.call_soon_threadsafe(self._deliver, packed, to, but)
        except RuntimeError:  # the loop was closed in the meantime
            self._loop = None

    def _deliver(self, packed: str | bytes, to: Client | None, but: Client | None) -> None:
        for client in (to,) if to is not None else self._clients.values():
            if client is not but:
                client.put(packed)
