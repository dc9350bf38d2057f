"""Spreads what a show sends to the pages that look on, from any thread."""

import asyncio
import json
from typing import Any

from diffsheg_model.viewer.guest import Guest

Message = bytes | dict[str, Any]


class Hub:
    """The guests of a server.

    `send` may be called from any thread, before the server runs (then nobody is there to hear it)
    and after; the other methods belong to the server's thread.
    """

    def __init__(self) -> None:
        self._guests: dict[int, Guest] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._joined = 0

    @property
    def guests(self) -> int:
        """How many pages look on."""
        return len(self._guests)

    @property
    def dropped(self) -> int:
        """Messages that the present guests lost."""
        return sum(guest.dropped for guest in tuple(self._guests.values()))

    def attach(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Says which loop the guests live in; None when it is about to end."""
        self._loop = loop

    def join(self) -> Guest:
        """A new guest."""
        self._joined += 1
        guest = self._guests[self._joined] = Guest(self._joined)
        return guest

    def leave(self, guest: Guest) -> None:
        """A guest that is gone."""
        self._guests.pop(guest.number, None)

    def send(self, message: Message, to: Guest | None = None, but: Guest | None = None) -> None:
        """Sends a message to all guests, to one, or to all but one.

        Args:
            message: bytes of `wire`, or a JSON object without NaN.
            to: the only one who is to get it.
            but: the only one who is not.
        """
        loop = self._loop
        if loop is None or (to is None and not self._guests):
            return
        packed = message if isinstance(message, bytes) else json.dumps(message, allow_nan=False)
        try:
            loop.call_soon_threadsafe(self._spread, packed, to, but)
        except RuntimeError:  # the loop was closed meanwhile: nobody is there any more
            self._loop = None

    def _spread(self, packed: str | bytes, to: Guest | None, but: Guest | None) -> None:
        for guest in (to,) if to is not None else self._guests.values():
            if guest is not but:
                guest.put(packed)
