"""A page that looks on: what waits to be sent to it, bounded."""

import asyncio
from collections import deque

from diffsheg_model.viewer.wire_format import is_motion

#: Messages that may wait for a page: two seconds of face and body at 60 Hz, and their sound.
LIMIT = 300
#: Bytes that may wait for a page; one larger message waits alone.
LIMIT_BYTES = 4 << 20


class Client:
    """Belongs to the server's thread.

    A page that reads too slowly, such as one in a browser that sleeps, loses the oldest motion
    first: of motion only the newest matters. Then it loses sound, and only then anything else.

    Attributes:
        number: names it in the log.
        dropped: messages that it lost.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.dropped = 0
        self._waiting: deque[str | bytes] = deque()
        self._bytes = 0
        self._something = asyncio.Event()

    def put(self, message: str | bytes) -> None:
        """Lets a message wait."""
        while self._waiting and (
            len(self._waiting) >= LIMIT or self._bytes + len(message) > LIMIT_BYTES
        ):
            self._drop()
        self._waiting.append(message)
        self._bytes += len(message)
        self._something.set()

    async def take(self) -> str | bytes:
        """The oldest message that waits, or the next one."""
        while not self._waiting:
            self._something.clear()
            await self._something.wait()
        taken = self._waiting.popleft()
        self._bytes -= len(taken)
        return taken

    def _drop(self) -> None:
        for is_lost in (is_motion, lambda item: isinstance(item, bytes), lambda item: True):
            index = next((i for i, item in enumerate(self._waiting) if is_lost(item)), None)
            if index is not None:
                self._bytes -= len(self._waiting[index])
                del self._waiting[index]
                self.dropped += 1
                return
