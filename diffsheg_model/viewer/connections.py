"""Limits on the server's connections: number, time, memory and processor time.

A connection that is not a page, such as an idle one or an unfinished request, costs a file
descriptor and memory. Their number is limited. At the limit the newest connection replaces
another, the longest idle one first, so a client that fills the limit locks out no page. The number
of pages has a limit of its own; see `app`.
"""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass

logger = logging.getLogger(__name__)

Peer = tuple[str, int]

#: Reason to close a connection without a complete request. Browsers keep idle connections, so this
#: happens in normal use.
NO_REQUEST = 'sends no complete request'

#: Seconds between checks of the time limits.
_CHECK_S = 0.5
#: Seconds that a connection may take to send its last bytes after it was closed.
_CLOSING_S = 5.0


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits on what a connection may cost.

    Attributes:
        pages: pages at the same time.
        connections: connections that are not pages.
        request_s: seconds for a whole request with its token, and of idleness between two.
        stalled_s: seconds in which a receiver reads nothing.
        outgoing_bytes: bytes that wait for one receiver.
        message_bytes: size of a binary message from a page.
        text_bytes: size of a text message from a page.
        read_bytes: bytes that are read from a connection at a time.
        cpu_s: seconds of processor time that a connection may use at once.
        cpu_share: share of a processor that a connection may use permanently.
    """

    pages: int = 32
    connections: int = 128
    request_s: float = 10.0
    stalled_s: float = 15.0
    outgoing_bytes: int = 4 << 20
    message_bytes: int = 1 << 20
    text_bytes: int = 64 << 10
    read_bytes: int = 8 << 10
    cpu_s: float = 2.0
    cpu_share: float = 0.2


class _Connection:
    """The state of one connection; all times are of the monotonic clock, seconds."""

    def __init__(self, transport: asyncio.Transport, now_s: float) -> None:
        self.transport = transport
        self.opened_s = now_s
        self.is_page = False
        self.waiting_s: float | None = now_s  # since then for a request; None while answering
        self.stalled_s: float | None = None  # since then the receiver reads nothing
        self.closing_s: float | None = None
        self.spent_s = 0.0  # processor time used, less the permanent share since then
        self.spent_at_s = now_s


class Connections:
    """All connections of a server; used in the server's thread only.

    Attributes:
        limits: what a connection may cost.
        buffer: the common read buffer of all connections.
        closed: number of connections closed by this class, by reason.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.buffer = bytearray(limits.read_bytes)
        self.closed: Counter[str] = Counter()
        # A connection needs a second descriptor while it is sent a file. Together they use at most
        # a quarter of the descriptors of the process.
        self._most = max(1, min(limits.connections, _descriptors() // 8))
        self._open: dict[Peer, _Connection] = {}

    def opened(self, transport: asyncio.Transport) -> None:
        """Add a connection; at the limit, close another. A change of protocol adds nothing."""
        peer = _peer(transport)
        known = self._open.get(peer)
        if known is not None and known.transport is transport:
            return
        others = [each for each in self._open.values() if not each.is_page]
        self._open[peer] = _Connection(transport, time.monotonic())
        if len(others) >= self._most:
            self._close(min(others, key=_keep_order), 'too many connections')

    def lost(self, transport: asyncio.Transport) -> None:
        """Remove a connection that has ended."""
        peer = _peer(transport)
        known = self._open.get(peer)
        if known is not None and known.transport is transport:
            del self._open[peer]

    def request_received(self, peer: Peer | None) -> None:
        """Note that a whole request has arrived: no time limit until its response is sent."""
        known = self._open.get(peer) if peer else None
        if known is not None:
            known.waiting_s = None

    def response_sent(self, peer: Peer | None) -> None:
        """Note that a response was sent: the time limit for the next request begins."""
        known = self._open.get(peer) if peer else None
        if known is not None:
            known.waiting_s = time.monotonic()
            known.is_page = False

    def page_accepted(self, peer: Peer | None) -> None:
        """Note that a connection is a page from now on."""
        known = self._open.get(peer) if peer else None
        if known is not None:
            known.waiting_s = None
            known.is_page = True

    def stalled(self, transport: asyncio.Transport, is_stalled: bool) -> None:
        """Note that the receiver has stopped reading, or reads again."""
        known = self._open.get(_peer(transport))
        if known is not None:
            known.stalled_s = time.monotonic() if is_stalled else None

    def charge(self, peer: Peer | None, cpu_s: float) -> None:
        """Charge processor time to a connection; close it if it used or left unread too much."""
        known = self._open.get(peer) if peer else None
        if known is None:
            return
        now_s = time.monotonic()
        earned_s = (now_s - known.spent_at_s) * self.limits.cpu_share
        known.spent_s = max(0.0, known.spent_s - earned_s) + cpu_s
        known.spent_at_s = now_s
        if known.spent_s > self.limits.cpu_s:
            self._close(known, 'sends too much')
        elif known.transport.get_write_buffer_size() > self.limits.outgoing_bytes:
            self._close(known, 'does not read')

    def close(self, transport: asyncio.Transport, reason: str) -> None:
        """Close a connection for a reason."""
        known = self._open.get(_peer(transport))
        if known is not None:
            self._close(known, reason)

    async def enforce_time_limits(self) -> None:
        """Close connections that exceed a time limit; never returns."""
        while True:
            await asyncio.sleep(_CHECK_S)
            now_s = time.monotonic()
            for known in tuple(self._open.values()):
                reason = self._overdue(known, now_s)
                if reason:
                    self._close(known, reason)

    def _overdue(self, known: _Connection, now_s: float) -> str:
        """Return the reason to close a connection now; empty if there is none."""
        limits = self.limits
        if known.transport.is_closing():
            if known.closing_s is None:
                known.closing_s = now_s
            return 'does not read' if now_s - known.closing_s > _CLOSING_S else ''
        if known.transport.get_write_buffer_size() > limits.outgoing_bytes:
            return 'does not read'
        if known.stalled_s is not None and now_s - known.stalled_s > limits.stalled_s:
            return 'does not read'
        if known.waiting_s is not None and now_s - known.waiting_s > limits.request_s:
            return NO_REQUEST
        return ''

    def _close(self, known: _Connection, reason: str) -> None:
        self.closed[reason] += 1
        logger.debug('viewer: closing a connection that %s', reason)
        # Remove it at once: the transport reports its end only later.
        for peer, each in tuple(self._open.items()):
            if each is known:
                del self._open[peer]
        known.transport.abort()


def _keep_order(connection: _Connection) -> tuple[bool, float]:
    """Return a key that sorts idle connections first, the longest idle before all others."""
    waiting_s = connection.waiting_s
    return waiting_s is None, connection.opened_s if waiting_s is None else waiting_s


def _peer(transport: asyncio.Transport) -> Peer:
    """Return the client address of a connection, as its requests name it."""
    address = transport.get_extra_info('peername') or ('', id(transport))
    return str(address[0]), int(address[1])


def _descriptors() -> int:
    """Return how many files this process may have open."""
    try:
        import resource
    except ModuleNotFoundError:  # not Unix
        return 512
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
