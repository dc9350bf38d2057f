"""A client that means harm to a viewer's server.

    python tests/support/hostile_page.py KIND PORT

Prints a line when it has begun, and goes on until it is killed. What is closed, it opens again.
"""

import base64
import contextlib
import itertools
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator

MASK = bytes(4)  # the identity: masked as the protocol demands, and quick
CONTINUED, TEXT, BINARY, PING = 0, 1, 2, 9


def frame(kind: int, data: bytes, *, last: bool = True, length: int | None = None) -> bytes:
    """A websocket frame of a client; `length` may promise more than there is."""
    size = len(data) if length is None else length
    if size < 126:
        head = bytes([0x80 | size])
    elif size < 1 << 16:
        head = struct.pack('>BH', 0x80 | 126, size)
    else:
        head = struct.pack('>BQ', 0x80 | 127, size)
    return bytes([kind | (0x80 if last else 0)]) + head + MASK + data


def connected(port: int) -> socket.socket:
    made = socket.socket()
    # Unread data soon fill the server's own buffers.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.settimeout(5)
    made.connect(('127.0.0.1', port))
    return made


def page(port: int) -> socket.socket:
    """A socket of a page, open; whoever asks never reads from it again."""
    made = connected(port)
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f'GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n'
        f'Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n'
    )
    made.sendall(request.encode())
    if not made.recv(64).startswith(b'HTTP/1.1 101'):
        raise OSError('refused')
    return made


def many(count: int, open_one: Callable[[], socket.socket]) -> Iterator[list[socket.socket]]:
    """Keeps so many sockets open, and looks after them again and again."""
    sockets: list[socket.socket] = []
    while True:
        for each in list(sockets):
            each.setblocking(False)
            try:
                ended = each.recv(1, socket.MSG_PEEK) == b''
            except BlockingIOError:
                ended = False
            except OSError:
                ended = True
            if ended:
                sockets.remove(each)
                each.close()
        for _ in range(count - len(sockets)):
            with contextlib.suppress(OSError):
                sockets.append(open_one())
        yield sockets


def again(work: Callable[[], object]) -> Iterator[None]:
    """Does something that may be cut off, again and again; begins with a yield."""
    while True:
        yield
        with contextlib.suppress(OSError):
            work()


def send_for_ever(port: int, data: bytes, first: bytes = b'') -> None:
    with page(port) as made:
        made.settimeout(10)  # also the largest message gets there, where it is let in
        made.sendall(first)
        for _ in itertools.count():
            made.sendall(data)


def idle(port: int):
    for _ in many(600, lambda: connected(port)):
        time.sleep(0.2)
        yield


def slow_header(port: int):
    text = b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ' + b'x' * 10_000
    for turn, sockets in enumerate(many(200, lambda: connected(port))):
        for each in sockets:
            with contextlib.suppress(OSError):
                each.sendall(text[turn % len(text)].to_bytes())
        time.sleep(0.2)
        yield


def unfinished(port: int):
    def open_one() -> socket.socket:
        made = page(port)
        made.settimeout(1.0)
        made.sendall(frame(BINARY, bytes(15 << 20), length=(16 << 20) - 1))
        return made

    for _ in many(32, open_one):
        time.sleep(0.1)
        yield


def unfinished_pieces(port: int):
    piece = frame(CONTINUED, bytes(60_000), last=False)

    def open_one() -> socket.socket:
        made = page(port)
        made.settimeout(1.0)
        made.sendall(frame(BINARY, b'', last=False) + 250 * piece)
        return made

    for _ in many(32, open_one):
        time.sleep(0.1)
        yield


def huge_text(port: int):
    data = frame(TEXT, b'[' + b'1,' * ((8 << 20) - 8) + b'1]')  # just below 16 MiB
    yield from again(lambda: send_for_ever(port, data))


def large_text(port: int):
    data = frame(TEXT, b'[' + b'1,' * 32_000 + b'1]')
    yield from again(lambda: send_for_ever(port, data))


def small_text(port: int):
    data = frame(TEXT, b'{"type": "ping", "sent_ms": 1}')
    yield from again(lambda: send_for_ever(port, 500 * data))


def ping_flood(port: int):
    yield from again(lambda: send_for_ever(port, 500 * frame(PING, bytes(125))))


def empty_pieces(port: int):
    data = 5000 * frame(CONTINUED, b'', last=False)
    yield from again(lambda: send_for_ever(port, data, frame(BINARY, b'', last=False)))


def never_reading(port: int):
    for _ in many(31, lambda: page(port)):
        time.sleep(0.1)
        yield


def greedy(port: int):
    request = f'GET /web/avatar.glb HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n'.encode()

    def open_one() -> socket.socket:
        made = connected(port)
        made.sendall(request)
        return made

    for _ in many(200, open_one):
        time.sleep(0.1)
        yield


def request_flood(port: int):
    request = f'GET /web/avatar.glb HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n'.encode()

    def work() -> None:
        with connected(port) as made:
            made.settimeout(0.5)
            made.sendall(20 * request)
            made.recv(1000)

    yield from again(work)


def come_and_go(port: int):
    def work() -> None:
        with page(port):
            pass

    yield from again(work)


def noise(port: int):
    def work() -> None:
        with connected(port) as made:
            made.sendall(os.urandom(5000))
        with page(port) as made:
            made.sendall(os.urandom(5000))

    yield from again(work)


KINDS = (
    idle, slow_header, unfinished, unfinished_pieces, huge_text, large_text, small_text, ping_flood,
    empty_pieces, never_reading, greedy, request_flood, come_and_go, noise,
)  # fmt: skip


def main() -> None:
    kind = next(kind for kind in KINDS if kind.__name__ == sys.argv[1])
    work = kind(int(sys.argv[2]))
    next(work)
    print('begun', flush=True)
    for _ in work:
        pass


if __name__ == '__main__':
    main()
