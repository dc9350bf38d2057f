"""The TCP port of the page: the requested one, or the next one that is free."""

import errno
import socket

from diffsheg_model.errors import InputError

#: The port that is requested by default.
DEFAULT_PORT = 8090
#: Number of ports to try, with the requested one.
TRIED_PORTS = 100
#: Connections that the system holds until the server accepts them.
BACKLOG = 64
#: Bytes of the system's buffers of a connection, each way: the cost of a page that stops reading.
_SYSTEM_BUFFER = 256 << 10


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the requested port, or on the next free one.

    Args:
        host: address to bind to.
        port: the requested port, 0 to 65535; 0 takes any free one.

    Raises:
        InputError: The port or the address cannot be used, or all tried ports are taken.
    """
    if not 0 <= port <= 65535:
        raise InputError(f'port {port}: must be from 0 (any that is free) to 65535')
    last = min(port + TRIED_PORTS - 1, 65535) if port else 0
    for tried in range(port, last + 1):
        try:
            return _listen(host, tried)
        except (OSError, UnicodeError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            if taken and tried < last:
                continue
            reason = getattr(error, 'strerror', None) or 'no such address'
            ports = f'ports {port} to {last}' if taken and port else f'port {tried}'
            raise InputError(
                f'cannot serve the viewer on {host} {ports}: {reason}; '
                'choose another port (0: any that is free)'
            ) from error
    raise AssertionError('unreachable')


def _listen(host: str, port: int) -> socket.socket:
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit both sizes.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SYSTEM_BUFFER)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SYSTEM_BUFFER)
        made.bind(address)
        # Listen at once: until then a second process could bind the same port.
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made
