"""The viewer's server over real sockets: its files, many pages, random bytes."""

import json
import random
import re
import socket
import threading

import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from diffsheg_model.advice import install_advice
from diffsheg_model.errors import InputError
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer
from tests.support.page_server import address, answer, until


def test_the_page_and_all_that_it_needs_come_from_here(server):
    status, page, headers = answer(server.url)
    assert status == 200 and '<canvas id="stage"' in page
    assert "default-src 'self'" in headers['Content-Security-Policy']
    assert 'http://' not in page and 'https://' not in page
    for name in ('main.js', 'style.css', 'vendor/three.js', 'avatar.glb'):
        assert answer(f'{server.url}web/{name}')[0] == 200
    assert answer(f'{server.url}web/../__init__.py')[0] == 404
    assert answer(f'{server.url}web/%2e%2e/__init__.py')[0] == 404


def test_it_listens_on_this_machine_alone(server):
    host, port = server._socket.getsockname()
    assert host == '127.0.0.1' and server.url == f'http://127.0.0.1:{port}/'
    assert answer(server.url.replace('127.0.0.1', 'localhost'))[0] == 200


def test_random_bytes_do_not_harm_the_others(server, show):
    """Fuzz of the socket: raw TCP and websocket frames of any kind."""
    chance = random.Random(7)
    port = server._socket.getsockname()[1]
    with connect(address(server)) as watcher:
        watcher.recv(timeout=5)
        for _ in range(60):
            kind = chance.randrange(3)
            if kind == 0:
                with socket.create_connection(('127.0.0.1', port)) as raw:
                    raw.sendall(chance.randbytes(chance.randrange(1, 2000)))
                continue
            try:
                with connect(address(server), close_timeout=0.2) as page:
                    for _ in range(chance.randrange(1, 30)):
                        data = chance.randbytes(chance.randrange(0, 5000))
                        page.send(data if kind == 1 else data.decode('latin-1'))
                    if chance.random() < 0.5:
                        page.socket.close()
            except (ConnectionClosed, OSError):
                pass
        server.hub.send({'type': 'still here'})
        assert json.loads(watcher.recv(timeout=10)) == {'type': 'still here'}
    until(lambda: server.hub.client_count == 0)


def test_fifty_pages_come_and_go(server, show):
    for _ in range(50):
        with connect(address(server)) as page:
            page.recv(timeout=5)
    until(lambda: len(show.left) == 50)
    assert server.hub.client_count == 0
    assert threading.active_count() < 20


def test_missing_packages_are_named_with_the_command_to_install_them(show, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'starlette', None)
    with pytest.raises(InputError, match=re.escape(install_advice('viewer'))):
        ViewerServer(show, Hub())
