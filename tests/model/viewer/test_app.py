"""Answers of the web application: headers, refusals, invalid messages."""

import contextlib
import json

import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from diffsheg_model.viewer.app import MOST_MISTAKES, REFUSED
from diffsheg_model.viewer.connections import ConnectionLimits
from tests.support.page_server import address, answer, until


def test_every_answer_has_the_security_headers(server):
    for path in ('', 'web/main.js', 'nothing'):
        headers = answer(server.url + path)[2]
        assert headers['Referrer-Policy'] == 'no-referrer'
        assert headers['X-Content-Type-Options'] == 'nosniff'
        assert "frame-ancestors 'none'" in headers['Content-Security-Policy']


def test_too_many_pages_are_refused(server):
    with contextlib.ExitStack() as stack:
        for _ in range(ConnectionLimits.pages - 1):
            stack.enter_context(connect(address(server)))
        with connect(address(server)):
            until(lambda: server.hub.client_count == ConnectionLimits.pages)
            with connect(address(server)) as page, pytest.raises(ConnectionClosed) as closed:
                page.recv(timeout=5)
            assert closed.value.rcvd.code == REFUSED
            assert (
                f'{ConnectionLimits.pages} pages are connected already' in closed.value.rcvd.reason
            )
        until(lambda: server.hub.client_count == ConnectionLimits.pages - 1)
        with connect(address(server)) as page:
            assert json.loads(page.recv(timeout=5))['type'] == 'greeting'


def test_a_ping_is_answered_with_the_time_of_the_show(server):
    with connect(address(server)) as page:
        page.recv(timeout=5)
        page.send('{"type": "ping", "sent_ms": 3.5}')
        pong = json.loads(page.recv(timeout=5))
        assert pong == {'type': 'pong', 'sent_ms': 3.5, 'now_s': 12.5}


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('nonsense', 'not JSON'),
        ('[]', 'object with a type'),
        ('{"type": 3}', 'object with a type'),
        ('{"type": "fly"}', 'unknown: fly'),
        ('{"type": "ping"}', 'sent_ms'),
        ('{"type": "ping", "sent_ms": NaN}', 'sent_ms'),
        ('{"type": "ping", "sent_ms": "now"}', 'sent_ms'),
        ('{"type": "ping", "sent_ms": 1' + 400 * '0' + '}', 'sent_ms'),
        pytest.param('[' * 50_000, 'not JSON', id='deeply nested'),
        pytest.param('[' * 100_000, 'at most 65536 bytes', id='too long'),
    ],
)
def test_an_invalid_message_is_answered_with_the_reason(server, show, text, words):
    with connect(address(server)) as page:
        page.recv(timeout=5)
        page.send(text)
        refused = json.loads(page.recv(timeout=5))
        assert refused['type'] == 'refused' and words in refused['message']
        # It goes on.
        page.send('{"type": "hello"}')
        until(lambda: show.messages)


def test_a_page_that_sends_only_invalid_messages_is_disconnected(server):
    with connect(address(server)) as page:
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(MOST_MISTAKES + 1):
                page.send('nonsense')
                page.recv(timeout=5)
            for _ in range(2):
                page.recv(timeout=5)
        assert closed.value.rcvd.code == 1008
