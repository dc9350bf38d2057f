"""The web application: the page, its files and its WebSocket, each behind the access rules."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffsheg_model.errors import InputError
from diffsheg_model.viewer import WEB
from diffsheg_model.viewer.access import Access, cookie_name
from diffsheg_model.viewer.client import Client
from diffsheg_model.viewer.connections import Connections
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.show import Show, is_number

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket

logger = logging.getLogger(__name__)

#: Invalid messages in a minute after which the server closes a page's socket.
MOST_MISTAKES = 20
#: WebSocket close code for a page that is refused; the page shows the close reason.
REFUSED = 4001

_HEADERS = {
    'Content-Security-Policy': (
        "default-src 'self'; connect-src 'self' blob:; img-src 'self' blob: data:; "
        "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-cache',
}


@dataclass(frozen=True)
class Site:
    """The parts of a server that the application uses.

    Attributes:
        show: decides what the pages display.
        hub: sends messages to all pages.
        access: the access rules.
        connections: limits what each connection may cost.
        port: the server's port.
    """

    show: Show
    hub: Hub
    access: Access
    connections: Connections
    port: int


def make_app(site: Site, begun: Callable[[], None]) -> Any:
    """Return the ASGI application; it calls `begun` in its loop before the first request."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import FileResponse
    from starlette.routing import Mount, Route, WebSocketRoute
    from starlette.staticfiles import StaticFiles

    async def page(request: 'Request') -> 'Response':
        answer = FileResponse(WEB / 'index.html')
        if site.access.token:
            # The page removes the token from its address; later requests bring this cookie.
            answer.set_cookie(
                cookie_name(site.port), site.access.token, httponly=True, samesite='strict'
            )
        return answer

    async def socket(websocket: 'WebSocket') -> None:
        # A page can read the close reason only of a socket that was accepted.
        await websocket.accept()
        problem = _token_problem(site, websocket)
        if not problem and site.hub.client_count >= site.connections.limits.pages:
            problem = f'{site.connections.limits.pages} pages are connected already; close one'
        if problem:
            await websocket.close(REFUSED, problem)
            return
        site.connections.page_accepted(_peer(websocket.scope))
        await _serve_client(site, websocket)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        begun()
        watching = asyncio.create_task(site.connections.enforce_time_limits())
        yield
        watching.cancel()

    return Starlette(
        routes=[
            Route('/', page),
            WebSocketRoute('/socket', socket),
            Mount('/web', StaticFiles(directory=WEB)),
        ],
        middleware=[Middleware(_AccessCheck, site=site), Middleware(_SecurityHeaders)],
        lifespan=lifespan,
    )


class _AccessCheck:
    """Middleware that applies the access rules to every request, whatever its path."""

    def __init__(self, app: Any, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope['type'] not in ('http', 'websocket'):
            await self._app(scope, receive, send)
            return
        if scope['type'] == 'websocket':
            await self._on_socket(scope, receive, send)
            return
        peer = _peer(scope)
        self._site.connections.request_received(peer)
        try:
            await self._on_request(scope, receive, send)
        finally:
            self._site.connections.response_sent(peer)

    async def _on_request(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse

        request = Request(scope)
        access = self._site.access
        problem = access.origin_problem(request.headers) or _token_problem(self._site, request)
        if problem:
            answer = _SecurityHeaders(PlainTextResponse(problem + '\n', status_code=403))
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _on_socket(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.websockets import WebSocket

        websocket = WebSocket(scope, receive, send)
        if self._site.access.origin_problem(websocket.headers):
            # Closing a socket that is not accepted yet answers with HTTP 403.
            await websocket.close()
        else:
            await self._app(scope, receive, send)


class _SecurityHeaders:
    """Middleware that adds the security headers, which isolate the page from other sites."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_headers(message: Any) -> None:
            if message['type'] == 'http.response.start':
                added = [(name.lower().encode(), text.encode()) for name, text in _HEADERS.items()]
                message['headers'] = [*message['headers'], *added]
            await send(message)

        await self._app(scope, receive, with_headers if scope['type'] == 'http' else send)


def _token_problem(site: Site, request: Any) -> str:
    return site.access.token_problem(request.query_params, request.cookies, site.port)


def _peer(scope: Any) -> tuple[str, int] | None:
    client = scope.get('client')
    return (client[0], client[1]) if client else None


async def _serve_client(site: Site, websocket: 'WebSocket') -> None:
    """Send and receive messages until the page leaves."""
    show, hub = site.show, site.hub
    client = hub.join()
    client.put(json.dumps(show.greeting(), allow_nan=False))
    show.on_join(client)
    sending = asyncio.create_task(_send(client, websocket))
    receiving = asyncio.create_task(_receive(site, client, websocket))
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(client)
        show.on_leave(client)
        for task in (sending, receiving):
            task.cancel()
        for ended in await asyncio.gather(sending, receiving, return_exceptions=True):
            if isinstance(ended, Exception) and not _is_disconnect(ended):
                logger.error('viewer: the connection to a page failed', exc_info=ended)


def _is_disconnect(error: Exception) -> bool:
    from starlette.websockets import WebSocketDisconnect

    # Starlette raises RuntimeError for sending to a page that has just left.
    return isinstance(error, WebSocketDisconnect | RuntimeError | OSError)


async def _send(client: Client, websocket: 'WebSocket') -> None:
    while True:
        message = await client.next_message()
        if isinstance(message, bytes):
            await websocket.send_bytes(message)
        else:
            await websocket.send_text(message)


async def _receive(site: Site, client: Client, websocket: 'WebSocket') -> None:
    peer = _peer(websocket.scope)
    mistakes, since_s = 0, time.monotonic()
    while mistakes < MOST_MISTAKES:
        event = await websocket.receive()
        if time.monotonic() - since_s > 60.0:
            mistakes, since_s = 0, time.monotonic()
        if event['type'] == 'websocket.disconnect':
            return
        begun_s = time.thread_time()
        try:
            _handle(site, client, event)
        except InputError as error:
            mistakes += 1
            client.put(json.dumps({'type': 'refused', 'message': str(error)}))
        site.connections.charge(peer, time.thread_time() - begun_s)
        # Many messages may have arrived at once: give other connections a turn in between.
        await asyncio.sleep(0)
    await websocket.close(1008, f'{MOST_MISTAKES} invalid messages')


def _handle(site: Site, client: Client, event: Any) -> None:
    """Pass a message to the show.

    Raises:
        InputError: It is too large or invalid, or the show refuses it.
    """
    if event.get('bytes') is not None:
        site.show.on_bytes(client, event['bytes'])
        return
    text = event.get('text') or ''
    most = site.connections.limits.text_bytes
    if len(text) > most or len(text.encode('utf-8', 'replace')) > most:
        raise InputError(f'a JSON message may have at most {most} bytes')
    _handle_text(site.show, client, text)


def _handle_text(show: Show, client: Client, text: str) -> None:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f'a message is not JSON: {error}') from error
    if not isinstance(message, dict) or not isinstance(message.get('type'), str):
        raise InputError('a message must be a JSON object with a type')
    if message['type'] == 'ping':
        sent = message.get('sent_ms')
        if not is_number(sent):
            raise InputError('a ping must carry sent_ms, a number')
        client.put(json.dumps({'type': 'pong', 'sent_ms': sent, 'now_s': show.now_s()}))
        return
    show.on_message(client, message)
