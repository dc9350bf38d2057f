"""Access rules over real sockets: host, origin and token."""

import json

import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from diffsheg_model.errors import InputError
from diffsheg_model.viewer.app import REFUSED
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer
from tests.support.page_server import address, answer


def test_another_name_for_this_machine_is_refused(server):
    # A browser sends this if the name of another site points to this machine.
    status, text, _ = answer(server.url, Host='evil.example')
    assert status == 403 and 'evil.example' in text


@pytest.mark.parametrize('path', ['', 'web/main.js', 'web/avatar.glb', 'web/', 'nothing', 'socket'])
@pytest.mark.parametrize(
    'headers',
    [
        {'Host': 'evil.example'},
        {'Host': 'evil.example:8090'},
        {'Host': '127.0.0.1.evil.example'},
        {'Host': 'evil@127.0.0.1/'},
        {'Origin': 'http://evil.example'},
        {'Origin': 'null'},
    ],
)
def test_every_path_checks_host_and_origin(server, path, headers):
    status, text, sent = answer(server.url + path, **headers)
    assert status == 403 and 'avatar' not in text
    assert sent['Content-Security-Policy'] and sent['Referrer-Policy'] == 'no-referrer'


@pytest.mark.parametrize(
    'origin', ['http://evil.example', 'null', 'https://127.0.0.1.evil.example', 'file://']
)
def test_pages_of_other_origins_get_nothing(server, origin):
    with pytest.raises(InvalidStatus) as refused, connect(address(server), origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_the_page_itself_is_accepted(server):
    with connect(address(server), origin=server.url.rstrip('/')) as page:
        assert json.loads(page.recv(timeout=5))['type'] == 'greeting'


def test_other_machines_need_permission_and_a_token(show):
    with pytest.raises(InputError, match=r'host 0\.0\.0\.0 can be reached from other machines'):
        ViewerServer(show, Hub(), host='0.0.0.0')
    server = ViewerServer(show, Hub(), host='0.0.0.0', allow_remote=True)
    server.start()
    try:
        # Still asked from this machine only.
        local = server.url.replace('0.0.0.0', '127.0.0.1')
        page, token = local.split('?token=')
        assert len(token) >= 20
        assert answer(local)[0] == 200
        assert answer(page)[0] == 403 and answer(page + '?token=guess')[0] == 403
        socket_ = page.replace('http', 'ws') + 'socket'
        for query in ('', '?token=', '?token=guess'):
            with connect(socket_ + query) as client, pytest.raises(ConnectionClosed) as closed:
                client.recv(timeout=5)
            assert closed.value.rcvd.code == REFUSED
            assert 'needs the token' in closed.value.rcvd.reason
        with connect(f'{socket_}?token={token}') as client:
            assert json.loads(client.recv(timeout=5))['type'] == 'greeting'
    finally:
        server.stop()


def test_a_cookie_keeps_the_token_and_every_path_needs_it(show):
    server = ViewerServer(show, Hub(), host='0.0.0.0', allow_remote=True)
    server.start()
    try:
        first, token = server.url.replace('0.0.0.0', '127.0.0.1').split('?token=')
        assert token not in server.address
        _, page, headers = answer(f'{first}?token={token}')
        assert token not in page
        cookie, *rules = headers['Set-Cookie'].split('; ')
        assert {'HttpOnly', 'SameSite=strict'} <= set(rules)
        socket_ = first.replace('http', 'ws') + 'socket'
        for path in ('', 'web/main.js', 'web/avatar.glb'):
            assert answer(first + path)[0] == 403
            assert answer(first + path, Cookie=cookie[:-1])[0] == 403
            assert answer(first + path, Cookie=cookie)[0] == 200
        with connect(socket_, additional_headers={'Cookie': cookie}) as client:
            assert json.loads(client.recv(timeout=5))['type'] == 'greeting'
        wrong = {'Cookie': cookie.partition('=')[0] + '=guess'}
        with connect(socket_, additional_headers=wrong) as client:
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(timeout=5)
            assert closed.value.rcvd.code == REFUSED
    finally:
        server.stop()
