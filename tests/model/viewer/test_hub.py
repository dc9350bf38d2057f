"""Messages from a show to its pages."""

import json

import numpy as np
import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.sync.client import connect

from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.wire_format import HEAD, face_message
from tests.support.page_server import address, until


def test_messages_reach_one_client_or_all_or_all_but_one(server):
    with connect(address(server)) as first, connect(address(server)) as second:
        for page in (first, second):
            page.recv(timeout=5)
        until(lambda: server.hub.client_count == 2)
        one, other = server.hub._clients.values()
        server.hub.send({'to': 'one'}, to=one)
        server.hub.send({'to': 'other'}, but=one)
        server.hub.send({'to': 'all'})
        assert [json.loads(first.recv(timeout=5))['to'] for _ in range(2)] == ['one', 'all']
        assert [json.loads(second.recv(timeout=5))['to'] for _ in range(2)] == ['other', 'all']


def test_a_sleeping_page_delays_no_other(server):
    """One page stops reading; another gets everything, and the sender never waits."""
    sleeping = connect(address(server), max_queue=1, close_timeout=0.1)
    with sleeping as sleeper, connect(address(server)) as reader:
        reader.recv(timeout=5)
        until(lambda: server.hub.client_count == 2)
        large = np.zeros(50_000, np.float32)
        for index in range(400):
            server.hub.send(face_message(0, float(index), large))
            assert HEAD.unpack_from(reader.recv(timeout=10))[4] == index
        until(lambda: server.hub.dropped > 0)
        assert sleeper is not None


def test_sending_without_a_server_does_nothing():
    Hub().send({'type': 'anything'})
