"""A page that looks on: what waits to be sent to it, bounded."""

import asyncio
from collections import deque

from diffsheg_model.viewer.wire import is_motion

#: Messages that may wait for a page: two seconds of face and body at 60 Hz, and their sound.
LIMIT = 300


class Guest:
    """Belongs to the server's thread.

    A page that reads too slowly, such as one in a browser that sleeps, loses the oldest motion
    first: of motion only the newest matters. Only where no motion waits is the oldest message lost.

    Attributes:
        number: names it in the log.
        dropped: messages that it lost.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.dropped = 0
        self._waiting: deque[str | bytes] = deque()
        self._something = asyncio.Event()

    def put(self, message: str | bytes) -> None:
        """Lets a message wait."""
        if len(self._waiting) >= LIMIT:
            self._drop()
        self._waiting.append(message)
        self._something.set()

    async def take(self) -> str | bytes:
        """The oldest message that waits, or the next one."""
        while not self._waiting:
            self._something.clear()
            await self._something.wait()
        return self._waiting.popleft()

    def _drop(self) -> None:
        oldest = next((index for index, item in enumerate(self._waiting) if is_motion(item)), 0)
        del self._waiting[oldest]
        self.dropped += 1
