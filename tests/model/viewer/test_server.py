"""The viewer's server over real sockets: who may look, what is refused, what is never lost."""

import contextlib
import json
import random
import re
import socket
import threading
import time
import urllib.error
import urllib.request

import numpy as np
import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from diffsheg_model.advice import install_advice
from diffsheg_model.errors import InputError
from diffsheg_model.viewer.announce import announce
from diffsheg_model.viewer.client import LIMIT, Client
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import MOST_CLIENTS, MOST_MISTAKES, REFUSED, ViewerServer
from diffsheg_model.viewer.show import Source, greeting
from diffsheg_model.viewer.wire_format import (
    BODY,
    HEAD,
    SOUND,
    body_message,
    face_message,
    sound_message,
)


class Echo:
    """A show that remembers what pages say and refuses what it does not know."""

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


@pytest.fixture
def show():
    return Echo()


@pytest.fixture
def server(show):
    made = ViewerServer(show, Hub())
    made.start()
    yield made
    made.stop()


def address(server: ViewerServer) -> str:
    return server.url.replace('http', 'ws') + 'socket'


def until(condition, limit_s: float = 10.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, 'it has not come to that in time'
        time.sleep(0.01)


def answer(url: str, **headers: str) -> tuple[int, str, dict]:
    """Status, text and headers of a request; '_' in a header's name stands for '-'."""
    request = urllib.request.Request(
        url, headers={name.replace('_', '-'): value for name, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode('utf-8', 'replace'), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


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


def test_another_name_for_this_machine_is_refused(server):
    # What a browser sends after another site's name was made to point here.
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
def test_every_path_asks_for_whom_and_from_where(server, path, headers):
    status, text, sent = answer(server.url + path, **headers)
    assert status == 403 and 'avatar' not in text
    assert sent['Content-Security-Policy'] and sent['Referrer-Policy'] == 'no-referrer'


def test_every_answer_keeps_to_itself(server):
    for path in ('', 'web/main.js', 'nothing'):
        headers = answer(server.url + path)[2]
        assert headers['Referrer-Policy'] == 'no-referrer'
        assert headers['X-Content-Type-Options'] == 'nosniff'
        assert "frame-ancestors 'none'" in headers['Content-Security-Policy']


@pytest.mark.parametrize(
    'origin', ['http://evil.example', 'null', 'https://127.0.0.1.evil.example', 'file://']
)
def test_pages_of_other_origins_get_nothing(server, origin):
    with pytest.raises(InvalidStatus) as refused, connect(address(server), origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_the_page_itself_is_welcome(server):
    with connect(address(server), origin=server.url.rstrip('/')) as page:
        assert json.loads(page.recv(timeout=5))['type'] == 'greeting'


def test_other_machines_need_leave_and_a_token(show):
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


def test_the_token_is_kept_by_a_cookie_and_asked_for_on_every_path(show):
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


def test_the_token_is_written_to_the_terminal_and_to_no_log(show, capsys, caplog):
    server = ViewerServer(show, Hub(), host='0.0.0.0', allow_remote=True)
    try:
        line = announce(server, open_page=True)
        token = server.url.partition('token=')[2]
        assert server.address in line and token not in line
        assert server.url in capsys.readouterr().out and token not in caplog.text
    finally:
        server.stop()


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


def test_no_free_port_is_said_in_one_line(show):
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # somebody else has it: just as well
            stack.enter_context(socket.create_server(('127.0.0.1', 65535)))
        with pytest.raises(InputError, match=r'ports 65535 to 65535: Address already in use'):
            ViewerServer(show, Hub(), port=65535)


@pytest.mark.parametrize('port', [70000, -1])
def test_a_port_that_is_none_is_refused(show, port):
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


def test_motion_and_sound_arrive_bit_for_bit_at_ten_pages(server):
    weights = np.linspace(0, 1, 51, dtype=np.float32)
    quaternions = np.random.default_rng(0).standard_normal((47, 4)).astype(np.float32)
    samples = np.random.default_rng(1).uniform(-1, 1, 640).astype(np.float32)
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(connect(address(server))) for _ in range(10)]
        for page in pages:
            assert json.loads(page.recv(timeout=5))['sources'][0]['joint_names'] == ['Neck']
        until(lambda: server.hub.client_count == 10)
        server.hub.send(face_message(0, 1.25, weights))
        server.hub.send(body_message(1, 1.5, quaternions))
        server.hub.send(sound_message(0, 1.75, samples, 16000, muted=True))
        for page in pages:
            face, body, sound = (page.recv(timeout=5) for _ in range(3))
            assert np.array_equal(np.frombuffer(face, '<f4', offset=16), weights)
            assert HEAD.unpack_from(body) == (BODY, 1, 0, 0, 1.5)
            assert np.array_equal(np.frombuffer(body, '<f4', offset=16).reshape(47, 4), quaternions)
            assert HEAD.unpack_from(sound) == (SOUND, 0, 1, 16000, 1.75)
            assert np.array_equal(np.frombuffer(sound, '<f4', offset=16), samples)
    until(lambda: server.hub.client_count == 0)


def test_a_message_for_one_reaches_one_and_all_but_one_the_others(server):
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


def test_too_many_pages_are_sent_away(server):
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_CLIENTS - 1):
            stack.enter_context(connect(address(server)))
        with connect(address(server)):
            until(lambda: server.hub.client_count == MOST_CLIENTS)
            with connect(address(server)) as page, pytest.raises(ConnectionClosed) as closed:
                page.recv(timeout=5)
            assert closed.value.rcvd.code == REFUSED
            assert f'{MOST_CLIENTS} pages are connected already' in closed.value.rcvd.reason
        until(lambda: server.hub.client_count == MOST_CLIENTS - 1)
        with connect(address(server)) as page:
            assert json.loads(page.recv(timeout=5))['type'] == 'greeting'


def test_the_clock_is_told(server):
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
        ('[' * 100_000, 'not JSON'),
    ],
)
def test_what_makes_no_sense_is_answered_with_the_reason(server, show, text, words):
    with connect(address(server)) as page:
        page.recv(timeout=5)
        page.send(text)
        refused = json.loads(page.recv(timeout=5))
        assert refused['type'] == 'refused' and words in refused['message']
        # It goes on.
        page.send('{"type": "hello"}')
        until(lambda: show.messages)


def test_a_page_that_only_talks_nonsense_is_sent_away(server):
    with connect(address(server)) as page:
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(MOST_MISTAKES + 1):
                page.send('nonsense')
                page.recv(timeout=5)
            for _ in range(2):
                page.recv(timeout=5)
        assert closed.value.rcvd.code == 1008


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
                with connect(address(server)) as page:
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


def test_a_page_that_does_not_read_loses_old_motion_and_nothing_else():
    client = Client(1)
    client.put('first')
    for index in range(LIMIT + 50):
        client.put(face_message(0, float(index), np.zeros(1)))
    client.put('last')
    assert client.dropped == 52
    waiting = list(client._waiting)
    assert waiting[0] == 'first' and waiting[-1] == 'last' and len(waiting) == LIMIT
    times = [HEAD.unpack_from(message)[4] for message in waiting[1:-1]]
    assert times == list(np.arange(52.0, LIMIT + 50))


def test_a_page_that_slept_through_a_speech_still_gets_what_it_must_know():
    client = Client(1)
    client.put('greeting')
    for index in range(2 * LIMIT):
        client.put(sound_message(0, float(index), np.zeros(1), 16000))
    client.put('stop_sound')
    assert [item for item in client._waiting if isinstance(item, str)] == ['greeting', 'stop_sound']


def test_a_sleeping_page_holds_up_nobody(server):
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


def test_sending_to_nobody_is_free():
    Hub().send({'type': 'anything'})


def test_without_its_packages_it_says_what_to_install(show, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'starlette', None)
    with pytest.raises(InputError, match=re.escape(install_advice('viewer'))):
        ViewerServer(show, Hub())
