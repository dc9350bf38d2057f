"""uvicorn's protocols for HTTP and WebSocket, with the limits of `Connections`.

They wrap the methods of `asyncio.Protocol` only, and leave the rest to uvicorn.
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


class _Limited(Base):
    """A protocol that reports its connection to `Connections`.

    As a `BufferedProtocol` it sets how many bytes are read at once. So a connection that sends many
    small messages delays the others by one such read at most.
    """

    all_connections: Connections
    _own_transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own_transport = cast(asyncio.Transport, transport)
        super().connection_made(transport)
        self.all_connections.opened(self._own_transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.all_connections.lost(self._own_transport)
        super().connection_lost(exc)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.all_connections.buffer

    def buffer_updated(self, nbytes: int) -> None:
        begun_s = time.thread_time()
        try:
            self.data_received(bytes(memoryview(self.all_connections.buffer)[:nbytes]))
        except Exception as error:
            logger.debug('viewer: invalid bytes from a connection', exc_info=error)
            self.all_connections.close(self._own_transport, 'sends invalid bytes')
            return
        peer = self._own_transport.get_extra_info('peername')
        self.all_connections.charge(
            peer and (str(peer[0]), int(peer[1])), time.thread_time() - begun_s
        )

    def pause_writing(self) -> None:
        super().pause_writing()
        self.all_connections.stalled(self._own_transport, True)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.all_connections.stalled(self._own_transport, False)


class _Http(_Limited, H11Protocol, asyncio.BufferedProtocol):
    pass


class _Socket(_Limited, WebSocketsSansIOProtocol, asyncio.BufferedProtocol):
    pass


def limited_protocols(connections: Connections) -> tuple[Any, Any]:
    """Return uvicorn's options `http` and `ws` for the connections of one server."""
    own = {'all_connections': connections}
    return type('Http', (_Http,), own), type('Socket', (_Socket,), own)
