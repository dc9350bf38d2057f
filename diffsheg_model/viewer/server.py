"""The web server of the page and its WebSocket, in a thread of its own."""

import asyncio
import threading
from collections import Counter
from typing import Any

from diffsheg_model.advice import install_advice
from diffsheg_model.errors import InputError
from diffsheg_model.viewer.access import access_for
from diffsheg_model.viewer.app import Site, make_app
from diffsheg_model.viewer.connections import ConnectionLimits, Connections
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.port import BACKLOG, listening_socket
from diffsheg_model.viewer.show import Show

# Seconds that the server may take to start, and to stop.
_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 5.0
#: Seconds between WebSocket pings, and until a page must have answered one.
_PING_S = 20.0


class ViewerServer:
    """The web server of a show.

    Attributes:
        hub: sends the show's messages to the pages.
        url: the page's address with its token.
        address: the page's address without the token; this one may be logged.
        port: the page's port.
        moved: reason for another port than the requested one; empty if it is the requested one.
    """

    def __init__(
        self,
        show: Show,
        hub: Hub,
        *,
        host: str = '127.0.0.1',
        port: int = 0,
        allow_remote: bool = False,
        limits: ConnectionLimits | None = None,
    ) -> None:
        """Listen on the port; `start` begins to serve.

        Args:
            show: decides what the pages display.
            hub: sends the show's messages to the pages.
            host: address to bind to.
            port: the requested port; if it is taken, the next free one; 0 for any.
            allow_remote: serve other machines too, if `host` is not loopback.
            limits: what a connection may cost.

        Raises:
            InputError: the address is unusable, or is not loopback without `allow_remote`, or the
                packages of the viewer are not installed.
        """
        try:
            import starlette  # noqa: F401
            import uvicorn  # noqa: F401
            import websockets  # noqa: F401
        except ModuleNotFoundError as error:
            raise InputError(
                f'the viewer needs the package {error.name}: {install_advice("viewer")}'
            ) from error
        self._show = show
        self._connections = Connections(limits or ConnectionLimits())
        self.hub = hub
        self._access = access_for(host, allow_remote)
        self._socket = listening_socket(host, port)
        self.port = self._socket.getsockname()[1]
        self.moved = f'port {port} is taken' if port and self.port != port else ''
        shown = f'[{host}]' if ':' in host else host
        self.address = self.url = f'http://{shown}:{self.port}/'
        if self._access.token:
            self.url += f'?token={self._access.token}'
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._server: Any = None

    @property
    def closed(self) -> Counter[str]:
        """Number of connections that exceeded a limit and were closed, by reason."""
        return self._connections.closed.copy()

    def start(self) -> None:
        """Start to serve.

        Raises:
            InputError: the server did not start in time.
        """
        self._thread = threading.Thread(target=self._run, name='viewer_server', daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_LIMIT_S):
            raise InputError(f'the viewer did not start at {self.address}; see the log')

    def stop(self) -> None:
        """Disconnect all pages and free the port."""
        self.hub.attach(None)
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_STOP_LIMIT_S)
        self._socket.close()

    def _run(self) -> None:
        import uvicorn

        from diffsheg_model.viewer.protocols import limited_protocols

        site = Site(self._show, self.hub, self._access, self._connections, self.port)
        http, ws = limited_protocols(self._connections)
        config = uvicorn.Config(
            make_app(site, self._begun),
            loop='asyncio',
            http=http,
            ws=ws,
            backlog=BACKLOG,
            log_level='critical',  # it logs an error for pages that sleep when it ends
            log_config=None,
            access_log=False,
            ws_max_size=self._connections.limits.message_bytes,
            ws_per_message_deflate=False,
            ws_ping_interval=_PING_S,
            ws_ping_timeout=_PING_S,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._server.run(sockets=[self._socket])

    def _begun(self) -> None:
        self.hub.attach(asyncio.get_running_loop())
        self._ready.set()
