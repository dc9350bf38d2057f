"""A show for tests of the viewer's server, and requests to that server."""

import time
import urllib.error
import urllib.request

from diffsheg_model.errors import InputError
from diffsheg_model.viewer.server import ViewerServer
from diffsheg_model.viewer.show import Source, greeting


class Echo:
    """A show that records the messages of pages and accepts only the type `hello`."""

    def __init__(self) -> None:
        self.messages, self.data, self.left = [], [], []

    def now_s(self) -> float:
        return 12.5

    def greeting(self):
        return greeting([Source('one', ('Neck',), ('jawOpen',))], mode='clip')

    def on_join(self, client) -> None:
        pass

    def on_message(self, client, message) -> None:
        if message['type'] != 'hello':
            raise InputError(f'unknown: {message["type"]}')
        self.messages.append(message)

    def on_bytes(self, client, data) -> None:
        self.data.append(data)

    def on_leave(self, client) -> None:
        self.left.append(client.number)


def address(server: ViewerServer) -> str:
    """Return the address of a server's WebSocket."""
    return server.url.replace('http', 'ws') + 'socket'


def until(condition, limit_s: float = 10.0) -> None:
    """Wait for a condition, and fail after a time limit."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, 'the condition was not met in time'
        time.sleep(0.01)


def answer(url: str, **headers: str) -> tuple[int, str, dict]:
    """Return status, text and headers for a request; `_` in a header's name stands for `-`."""
    request = urllib.request.Request(
        url, headers={name.replace('_', '-'): value for name, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode('utf-8', 'replace'), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers
