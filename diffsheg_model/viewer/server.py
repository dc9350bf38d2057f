"""Serves the page and its socket, in a thread of its own."""

import asyncio
import contextlib
import json
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from diffsheg_model.errors import InputError
from diffsheg_model.viewer import WEB
from diffsheg_model.viewer.access import Access, access_for
from diffsheg_model.viewer.guest import Guest
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.show import Show, is_number

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket

logger = logging.getLogger(__name__)

#: More pages than that are refused.
MOST_GUESTS = 32
#: A page that sends so much in a minute that makes no sense is sent away.
MOST_MISTAKES = 20
#: Largest message from a page, bytes: a minute of speech.
LARGEST_MESSAGE = 16 << 20
#: What the socket of a page that cannot be served is closed with; the page says why.
REFUSED = 4001

_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 5.0

_HEADERS = {
    'Content-Security-Policy': (
        "default-src 'self'; connect-src 'self' blob:; img-src 'self' blob: data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-cache',
}


class ViewerServer:
    """Serves a show until it is stopped.

    Attributes:
        hub: what the show sends through.
        url: the page's address, its token included.
    """

    def __init__(
        self,
        show: Show,
        hub: Hub,
        *,
        host: str = '127.0.0.1',
        port: int = 0,
        allow_remote: bool = False,
        largest_message: int = LARGEST_MESSAGE,
    ) -> None:
        """Takes the port; serves nothing yet.

        Args:
            show: what there is to see.
            hub: what the show sends through.
            host: address to bind to.
            port: 0 for any that is free.
            allow_remote: serve other machines too, if `host` is not loopback.
            largest_message: from a page, bytes.

        Raises:
            InputError: the address cannot be taken, is not loopback and not allowed, or the
                packages of the viewer are not installed.
        """
        try:
            import starlette  # noqa: F401
            import uvicorn  # noqa: F401
            import websockets  # noqa: F401
        except ModuleNotFoundError as error:
            raise InputError(
                f'the viewer needs the package {error.name}: pip install "diffsheg[viewer]"'
            ) from error
        self._show = show
        self._largest_message = largest_message
        self.hub = hub
        self._access = access_for(host, allow_remote)
        self._socket = _bound(host, port)
        shown = f'[{host}]' if ':' in host else host
        self.url = f'http://{shown}:{self._socket.getsockname()[1]}/'
        if self._access.token:
            self.url += f'?token={self._access.token}'
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._server: Any = None

    def start(self) -> None:
        """Serves from now on.

        Raises:
            InputError: it did not come up.
        """
        self._thread = threading.Thread(target=self._run, name='viewer_server', daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_LIMIT_S):
            raise InputError(f'the viewer did not come up at {self.url}; see the log')

    def stop(self) -> None:
        """Sends all pages away and frees the port."""
        self.hub.attach(None)
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_STOP_LIMIT_S)
        self._socket.close()

    def _run(self) -> None:
        import uvicorn

        config = uvicorn.Config(
            _app(self._show, self.hub, self._access, self._begun),
            log_level='critical',  # it calls pages that are asleep at the end an error
            log_config=None,
            access_log=False,
            ws='websockets-sansio',
            ws_max_size=self._largest_message,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._server.run(sockets=[self._socket])

    def _begun(self) -> None:
        self.hub.attach(asyncio.get_running_loop())
        self._ready.set()


def _bound(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise InputError(f'port {port}: must be from 0 (any that is free) to 65535')
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            # Listening at once: two that take the same port must not both believe they have it.
            made.listen(64)
        except BaseException:
            made.close()
            raise
        return made
    except (OSError, UnicodeError) as error:
        reason = getattr(error, 'strerror', None) or 'no such address'
        raise InputError(
            f'cannot serve the viewer on {host} port {port}: {reason}; '
            'end what uses the port, or choose another (0: any that is free)'
        ) from error


def _app(show: Show, hub: Hub, access: Access, begun: Any) -> Any:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import FileResponse, PlainTextResponse
    from starlette.routing import Mount, Route, WebSocketRoute
    from starlette.staticfiles import StaticFiles

    async def page(request: 'Request') -> 'Response':
        problem = access.refusal(request.headers) or access.lack(request.query_params)
        if problem:
            return PlainTextResponse(problem + '\n', status_code=403)
        return FileResponse(WEB / 'index.html')

    async def socket_(websocket: 'WebSocket') -> None:
        if access.refusal(websocket.headers):
            # Before it is accepted this is an answer of HTTP 403.
            await websocket.close()
            return
        await websocket.accept()
        problem = access.lack(websocket.query_params)
        if not problem and hub.guests >= MOST_GUESTS:
            problem = f'{MOST_GUESTS} pages look on already; close one'
        if problem:
            await websocket.close(REFUSED, problem)
        else:
            await _serve_guest(show, hub, websocket)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        begun()
        yield

    return Starlette(
        routes=[
            Route('/', page),
            WebSocketRoute('/socket', socket_),
            Mount('/web', StaticFiles(directory=WEB)),
        ],
        middleware=[Middleware(_SecurityHeaders)],
        lifespan=lifespan,
    )


class _SecurityHeaders:
    """Adds the headers that keep the page to itself."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_headers(message: Any) -> None:
            if message['type'] == 'http.response.start':
                added = [(name.lower().encode(), text.encode()) for name, text in _HEADERS.items()]
                message['headers'] = [*message['headers'], *added]
            await send(message)

        await self._app(scope, receive, with_headers if scope['type'] == 'http' else send)


async def _serve_guest(show: Show, hub: Hub, websocket: 'WebSocket') -> None:
    """Sends what waits and hears what comes until the page goes."""
    guest = hub.join()
    guest.put(json.dumps(show.greeting(), allow_nan=False))
    show.on_join(guest)
    sending = asyncio.create_task(_send(guest, websocket))
    hearing = asyncio.create_task(_hear(show, guest, websocket))
    try:
        await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(guest)
        show.on_leave(guest)
        for task in (sending, hearing):
            task.cancel()
        for ended in await asyncio.gather(sending, hearing, return_exceptions=True):
            if isinstance(ended, Exception) and not _is_goodbye(ended):
                logger.error('viewer: a page was lost', exc_info=ended)


def _is_goodbye(error: Exception) -> bool:
    from starlette.websockets import WebSocketDisconnect

    # RuntimeError is what starlette raises for sending to a page that has just gone.
    return isinstance(error, WebSocketDisconnect | RuntimeError | OSError)


async def _send(guest: Guest, websocket: 'WebSocket') -> None:
    while True:
        message = await guest.take()
        if isinstance(message, bytes):
            await websocket.send_bytes(message)
        else:
            await websocket.send_text(message)


async def _hear(show: Show, guest: Guest, websocket: 'WebSocket') -> None:
    mistakes, since_s = 0, time.monotonic()
    while mistakes < MOST_MISTAKES:
        came = await websocket.receive()
        if time.monotonic() - since_s > 60.0:
            mistakes, since_s = 0, time.monotonic()
        if came['type'] == 'websocket.disconnect':
            return
        try:
            if came.get('bytes') is not None:
                show.on_bytes(guest, came['bytes'])
            else:
                _answer(show, guest, came.get('text') or '')
        except InputError as error:
            mistakes += 1
            guest.put(json.dumps({'type': 'refused', 'message': str(error)}))
    await websocket.close(1008, f'{MOST_MISTAKES} messages made no sense')


def _answer(show: Show, guest: Guest, text: str) -> None:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f'a message is no JSON: {error}') from error
    if not isinstance(message, dict) or not isinstance(message.get('type'), str):
        raise InputError('a message must be a JSON object with a type')
    if message['type'] == 'ping':
        sent = message.get('sent_ms')
        if not is_number(sent):
            raise InputError('a ping must carry sent_ms, a number')
        guest.put(json.dumps({'type': 'pong', 'sent_ms': sent, 'now_s': show.now_s()}))
        return
    show.on_message(guest, message)
