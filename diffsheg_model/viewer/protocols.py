"""uvicorn's protocols, with the `Connections` told of every connection and every byte.

Only the methods of `asyncio.Protocol` are wrapped; what they do is left to uvicorn.
"""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from diffsheg_model.viewer.connections import Connections

if TYPE_CHECKING:
    Base = asyncio.Protocol
else:
    Base = object

logger = logging.getLogger(__name__)


class _Guarded(Base):
    """A protocol whose connection is counted, timed and bounded.

    As a `BufferedProtocol` it says how much is read at once: a connection that sends much small
    stuff holds the others up for one such piece and no longer.
    """

    all_connections: Connections
    _watched: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._watched = cast(asyncio.Transport, transport)
        super().connection_made(transport)
        self.all_connections.opened(self._watched)

    def connection_lost(self, exc: Exception | None) -> None:
        self.all_connections.lost(self._watched)
        super().connection_lost(exc)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.all_connections.buffer

    def buffer_updated(self, nbytes: int) -> None:
        begun_s = time.thread_time()
        try:
            self.data_received(bytes(memoryview(self.all_connections.buffer)[:nbytes]))
        except Exception as error:
            logger.debug('viewer: bytes that nobody understands', exc_info=error)
            self.all_connections.refuse(self._watched, 'sends what nobody understands')
            return
        peer = self._watched.get_extra_info('peername')
        self.all_connections.worked(
            peer and (str(peer[0]), int(peer[1])), time.thread_time() - begun_s
        )

    def pause_writing(self) -> None:
        super().pause_writing()
        self.all_connections.stalled(self._watched, True)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.all_connections.stalled(self._watched, False)


class _Http(_Guarded, H11Protocol, asyncio.BufferedProtocol):
    pass


class _Socket(_Guarded, WebSocketsSansIOProtocol, asyncio.BufferedProtocol):
    pass


def guarded_protocols(connections: Connections) -> tuple[Any, Any]:
    """Return uvicorn's `http` and `ws` for one connections."""
    own = {'all_connections': connections}
    return type('Http', (_Http,), own), type('Socket', (_Socket,), own)
