"""A connected page, with a bounded queue of the messages for it."""

import asyncio
from collections import deque

from diffsheg_model.viewer.wire_format import is_motion

#: Messages in a page's queue: two seconds of face and body at 60 Hz, and their sound.
LIMIT = 300
#: Bytes in a page's queue; a single larger message is allowed.
LIMIT_BYTES = 4 << 20


class Client:
    """A connected page; used in the server's thread only.

    If a page reads too slowly, for example because its browser sleeps, the queue drops the oldest
    motion first, since only the newest motion matters. Then it drops sound, and last anything else.

    Attributes:
        number: identifies the page among those of this server.
        dropped: messages that were dropped.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.dropped = 0
        self._waiting: deque[str | bytes] = deque()
        self._bytes = 0
        self._something = asyncio.Event()

    def put(self, message: str | bytes) -> None:
        """Append a message to the queue."""
        while self._waiting and (
            len(self._waiting) >= LIMIT or self._bytes + len(message) > LIMIT_BYTES
        ):
            self._drop()
        self._waiting.append(message)
        self._bytes += len(message)
        self._something.set()

    async def next_message(self) -> str | bytes:
        """Remove and return the oldest message; wait if there is none."""
        while not self._waiting:
            self._something.clear()
            await self._something.wait()
        message = self._waiting.popleft()
        self._bytes -= len(message)
        return message

    def _drop(self) -> None:
        for may_go in (is_motion, lambda item: isinstance(item, bytes), lambda item: True):
            index = next((i for i, item in enumerate(self._waiting) if may_go(item)), None)
            if index is not None:
                self._bytes -= len(self._waiting[index])
                del self._waiting[index]
                self.dropped += 1
                return
