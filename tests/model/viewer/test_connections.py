"""Limits on the number and the cost of connections."""

import contextlib
import json
import socket
import time

import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from diffsheg_model.viewer.connections import ConnectionLimits
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer
from diffsheg_model.viewer.wire_format import sound_message
from tests.support.hostile_page import BINARY, PING, TEXT, connected, frame, page
from tests.support.page_server import Echo, address, answer, until


@pytest.fixture
def serve():
    servers = []

    def start(show=None, **limits):
        servers.append(ViewerServer(show or Echo(), Hub(), limits=ConnectionLimits(**limits)))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def ends(connection: socket.socket, limit_s: float = 10.0) -> bool:
    """Return True if the other side closes the connection within the limit."""
    connection.settimeout(limit_s)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


@pytest.mark.parametrize(
    'begun',
    [
        b'',
        b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n',
        b'GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n',
        b'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n',
    ],
)
def test_a_connection_without_a_complete_request_is_closed(serve, begun):
    server = serve(request_s=0.5)
    with connected(server.port) as slow:
        slow.sendall(begun)
        assert ends(slow)


def test_single_bytes_do_not_extend_the_time_limit(serve):
    server = serve(request_s=1.0)
    with connected(server.port) as slow:
        slow.sendall(b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ')
        with pytest.raises(OSError):
            for _ in range(200):
                slow.sendall(b'x')
                time.sleep(0.05)
    assert server.closed == {'sends no complete request': 1}


def test_idle_time_between_two_requests_has_the_same_limit(serve):
    server = serve(request_s=1.0)
    with connected(server.port) as kept:
        for _ in range(3):
            kept.sendall(f'GET /nothing HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n'.encode())
            came = b''
            while not came.endswith(b'Not Found'):
                came += kept.recv(4096)
            assert came.startswith(b'HTTP/1.1 404')
            time.sleep(0.4)
        assert ends(kept)


def test_a_page_that_sends_nothing_stays_connected(serve):
    server = serve(request_s=0.3, stalled_s=0.3)
    with connect(address(server)) as quiet:
        quiet.recv(timeout=5)
        time.sleep(2.0)
        server.hub.send({'type': 'still here'})
        assert json.loads(quiet.recv(timeout=5)) == {'type': 'still here'}
    assert server.closed == {}


def test_idle_connections_lock_out_no_page_and_use_a_limited_number_of_files(serve):
    server = serve(connections=8)
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connected(server.port)) for _ in range(100)]
        with connect(address(server)) as client:
            assert json.loads(client.recv(timeout=5))['type'] == 'greeting'
        assert answer(server.url)[0] == 200
        until(lambda: server.closed['too many connections'] >= 92)
        still_open = 0
        for each in idle:
            each.setblocking(False)
            with contextlib.suppress(OSError):
                each.recv(1)
                continue
            try:
                each.getpeername()
                each.sendall(b'G')
                still_open += 1
            except OSError:
                pass
        assert still_open <= 8


@pytest.mark.parametrize('kind', ['text', 'binary'])
def test_a_message_above_the_limit_closes_only_its_own_page(serve, kind):
    show = Echo()
    server = serve(show)
    large = 'x' * (1 << 20) + 'x' if kind == 'text' else bytes((1 << 20) + 1)
    with connect(address(server)) as watcher, connect(address(server), max_size=None) as loud:
        loud.recv(timeout=5)
        watcher.recv(timeout=5)
        with pytest.raises(ConnectionClosed) as closed:
            loud.send(large)
            loud.recv(timeout=5)
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
        server.hub.send({'type': 'still here'})
        assert json.loads(watcher.recv(timeout=5)) == {'type': 'still here'}
    assert show.data == []


def test_speech_up_to_the_limit_is_accepted(serve):
    show = Echo()
    with connect(address(serve(show))) as loud:
        loud.recv(timeout=5)
        loud.send(bytes(1 << 20))
        until(lambda: show.data)
    assert show.data == [bytes(1 << 20)]


@pytest.mark.parametrize('size', [(64 << 10) + 1, 500_000])
def test_a_text_above_its_limit_is_refused_without_parsing(serve, size):
    show = Echo()
    with connect(address(serve(show))) as page_:
        page_.recv(timeout=5)
        page_.send(json.dumps({'type': 'hello', 'more': 'x' * size}))
        refused = json.loads(page_.recv(timeout=5))
        assert refused['type'] == 'refused' and '65536 bytes' in refused['message']
    assert show.messages == []


def test_a_page_that_never_reads_is_closed_and_counted(serve):
    server = serve(stalled_s=1.0)
    with page(server.port):
        until(lambda: server.hub.client_count == 1)
        end_s = time.monotonic() + 30
        while server.hub.client_count and time.monotonic() < end_s:
            server.hub.send(sound_message(0, 0.0, [0.0] * 50_000, 16000))
            time.sleep(0.01)
        assert server.hub.client_count == 0
    assert server.closed == {'does not read': 1}


def test_a_receiver_of_a_file_that_never_reads_is_closed_and_counted(serve):
    server = serve(stalled_s=1.0)
    with connected(server.port) as greedy:
        greedy.sendall(
            f'GET /web/avatar.glb HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n'.encode()
        )
        until(lambda: server.closed == {'does not read': 1})


@pytest.mark.parametrize(
    'data',
    [
        frame(PING, bytes(125)),
        frame(PING, b''),
        frame(TEXT, b'', last=False) + 100 * frame(0, b'', last=False),
        frame(TEXT, b'{"type": "ping", "sent_ms": 1}'),
        frame(BINARY, b''),
    ],
    ids=['full pings', 'empty pings', 'empty pieces', 'questions', 'empty messages'],
)
def test_a_flood_of_small_messages_is_closed_and_counted(serve, data):
    server = serve(cpu_s=0.3, cpu_share=0.01, stalled_s=2.0)
    with page(server.port) as flood:
        flood.settimeout(10)
        with pytest.raises(OSError):
            while True:
                flood.sendall(200 * data)
    until(lambda: server.hub.client_count == 0)
    assert sum(server.closed.values()) == 1 or data[0] == TEXT
