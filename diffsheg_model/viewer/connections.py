"""The connections to the server: counted, timed and bounded, from the first byte on.

A connection that is no page yet, such as an idle one or an unfinished request, costs a file
descriptor and memory. There is a limit of those; when it is reached, one gives way to the newest,
the longest idle first, so whoever fills the limit keeps no page out. Pages have a limit of their
own; see `app`.
"""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass

logger = logging.getLogger(__name__)

Peer = tuple[str, int]

#: The limits are checked so often, seconds.
_CHECK_S = 0.5
#: A connection that was closed in order gets so long to send its last bytes.
_CLOSING_S = 5.0


@dataclass(frozen=True)
class ConnectionLimits:
    """What a connection may cost.

    Attributes:
        pages: pages that look on at the same time.
        connections: connections that are no page.
        request_s: time for a whole request, and for its token; idle time between two requests.
        stalled_s: time in which a receiver takes nothing.
        outgoing_bytes: bytes that wait for one receiver.
        message_bytes: largest binary message from a page.
        text_bytes: largest text from a page.
        read_bytes: bytes that are read from a connection before it is another one's turn.
        cpu_s: processor time that a connection may use at once.
        cpu_share: share of a processor that it may use for long.
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
    """What is known of one connection; all times by the monotonic clock, seconds."""

    def __init__(self, transport: asyncio.Transport, now_s: float) -> None:
        self.transport = transport
        self.opened_s = now_s
        self.is_page = False
        self.waiting_s: float | None = now_s  # since when a request is owed; None in an answer
        self.stalled_s: float | None = None  # since when the receiver takes nothing
        self.closing_s: float | None = None
        self.spent_s = 0.0  # of processor time, less what was earned since
        self.spent_at_s = now_s


class Connections:
    """All connections of a server; belongs to the server's thread.

    Attributes:
        limits: what a connection may cost.
        buffer: where the bytes of whichever connection is read arrive.
        closed: connections that were closed for a reason, by that reason.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.buffer = bytearray(limits.read_bytes)
        self.closed: Counter[str] = Counter()
        # Each may be sent a file, which is open too: together a quarter of what is allowed.
        self._most = max(1, min(limits.connections, _descriptors() // 8))
        self._open: dict[Peer, _Connection] = {}

    def opened(self, transport: asyncio.Transport) -> None:
        """Take a new connection, or the next protocol of one; another may have to go for it."""
        peer = _peer(transport)
        known = self._open.get(peer)
        if known is not None and known.transport is transport:
            return
        others = [each for each in self._open.values() if not each.is_page]
        self._open[peer] = _Connection(transport, time.monotonic())
        if len(others) >= self._most:
            self._close(min(others, key=_worth), 'too many connections')

    def lost(self, transport: asyncio.Transport) -> None:
        """Forget a connection that is gone."""
        peer = _peer(transport)
        known = self._open.get(peer)
        if known is not None and known.transport is transport:
            del self._open[peer]

    def asked(self, peer: Peer | None) -> None:
        """Note that a connection has sent a whole request and now waits for its answer."""
        known = self._open.get(peer) if peer else None
        if known is not None:
            known.waiting_s = None

    def answered(self, peer: Peer | None) -> None:
        """Note that a connection has its answer and owes the next request."""
        known = self._open.get(peer) if peer else None
        if known is not None:
            known.waiting_s = time.monotonic()
            known.is_page = False

    def welcomed(self, peer: Peer | None) -> None:
        """Note that a connection is a page."""
        known = self._open.get(peer) if peer else None
        if known is not None:
            known.waiting_s = None
            known.is_page = True

    def stalled(self, transport: asyncio.Transport, is_stalled: bool) -> None:
        """Note that the receiver has stopped, or goes on, to take what is sent."""
        known = self._open.get(_peer(transport))
        if known is not None:
            known.stalled_s = time.monotonic() if is_stalled else None

    def worked(self, peer: Peer | None, cpu_s: float) -> None:
        """Charge processor time to a connection; too much, or too much unread, closes it."""
        known = self._open.get(peer) if peer else None
        if known is None:
            return
        now_s = time.monotonic()
        earned_s = (now_s - known.spent_at_s) * self.limits.cpu_share
        known.spent_s = max(0.0, known.spent_s - earned_s) + cpu_s
        known.spent_at_s = now_s
        if known.spent_s > self.limits.cpu_s:
            self._close(known, 'sends more than can be heard')
        elif known.transport.get_write_buffer_size() > self.limits.outgoing_bytes:
            self._close(known, 'does not read')

    def refuse(self, transport: asyncio.Transport, reason: str) -> None:
        """Close a connection for a reason."""
        known = self._open.get(_peer(transport))
        if known is not None:
            self._close(known, reason)

    async def watch(self) -> None:
        """Close what has used up its time, for ever."""
        while True:
            await asyncio.sleep(_CHECK_S)
            now_s = time.monotonic()
            for known in tuple(self._open.values()):
                reason = self._overdue(known, now_s)
                if reason:
                    self._close(known, reason)

    def _overdue(self, known: _Connection, now_s: float) -> str:
        """Why a connection is closed now; empty where it is not."""
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
            return 'sends no whole request'
        return ''

    def _close(self, known: _Connection, reason: str) -> None:
        self.closed[reason] += 1
        logger.debug('viewer: a connection is closed: it %s', reason)
        # Forgotten at once: the transport tells of its end only later.
        for peer, each in tuple(self._open.items()):
            if each is known:
                del self._open[peer]
        known.transport.abort()


def _worth(connection: _Connection) -> tuple[bool, float]:
    """Sorts connections that are no page: the idle ones first, the longest idle of all."""
    waiting_s = connection.waiting_s
    return waiting_s is None, connection.opened_s if waiting_s is None else waiting_s


def _peer(transport: asyncio.Transport) -> Peer:
    """The address that a request of this connection names as its client."""
    address = transport.get_extra_info('peername') or ('', id(transport))
    return str(address[0]), int(address[1])


def _descriptors() -> int:
    """The files that this process may have open."""
    try:
        import resource
    except ModuleNotFoundError:  # no Unix
        return 512
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
