"""Ports: requested, taken, invalid and free again."""

import contextlib
import socket

import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from diffsheg_model.errors import InputError
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer
from tests.support.page_server import address, answer


def test_a_port_that_is_in_use_gives_way_to_the_next(show):
    first = ViewerServer(show, Hub())
    with contextlib.ExitStack() as stack:
        stack.callback(first.stop)
        assert first.moved == ''
        for _ in range(3):
            next_ = ViewerServer(show, Hub(), port=first.port)
            stack.callback(next_.stop)
            assert next_.port > first.port
            assert next_.moved == f'port {first.port} is taken'
            next_.start()
            assert answer(next_.url)[0] == 200


def test_no_free_port_is_reported_in_one_line(show):
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # somebody else has it: just as well
            stack.enter_context(socket.create_server(('127.0.0.1', 65535)))
        with pytest.raises(InputError, match=r'ports 65535 to 65535: Address already in use'):
            ViewerServer(show, Hub(), port=65535)


@pytest.mark.parametrize('port', [70000, -1])
def test_an_invalid_port_is_refused(show, port):
    with pytest.raises(InputError, match=f'port {port}: must be from 0'):
        ViewerServer(show, Hub(), port=port)


def test_an_address_of_another_machine_is_named(show):
    with pytest.raises(InputError, match='cannot serve the viewer on . port 0: no such address'):
        ViewerServer(show, Hub(), host='.', allow_remote=True)
    with pytest.raises(InputError, match=r'cannot serve the viewer on 192\.0\.2\.1 port 0'):
        ViewerServer(show, Hub(), host='192.0.2.1', allow_remote=True)


def test_a_port_is_free_again_after_stopping(show):
    first = ViewerServer(show, Hub())
    first.start()
    port = first._socket.getsockname()[1]
    with connect(address(first)) as client:
        client.recv(timeout=5)
        first.stop()
        with pytest.raises(ConnectionClosed):
            while True:
                client.recv(timeout=10)
    second = ViewerServer(show, Hub(), port=port)
    second.start()
    second.stop()
