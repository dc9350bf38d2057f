"""Unreal's side of Live Link: a socket that receives packets, and their fields."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest


class Receiver:
    """A UDP socket on loopback, in Unreal's place."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Room for a second of packets: the test may read them late on a busy machine.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(('127.0.0.1', 0))
        self.target = f'127.0.0.1:{self._socket.getsockname()[1]}'

    def receive(self, limit_s: float = 5.0) -> bytes | None:
        """Return the next packet, or None after so many seconds."""
        self._socket.settimeout(limit_s)
        try:
            return self._socket.recv(2048)
        except TimeoutError:
            return None

    def waiting(self) -> list[bytes]:
        """Return all packets that have arrived."""
        packets = []
        while (packet := self.receive(0.2)) is not None:
            packets.append(packet)
        return packets

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def other() -> Any:
    """PyLiveLinkFace, another implementation of the packets."""
    return pytest.importorskip('pylivelinkface')


def decoded(other: Any, packet: bytes) -> Any:
    """Return the face in a packet, by the other implementation."""
    there, face = other.PyLiveLinkFace.decode(packet)
    assert there
    return face
