"""Access rules: requests of this machine only, or of other machines with a token.

Pages of other sites can neither read the motion nor use the microphone through this server. The
header `Origin` says which site a page comes from, and `Host` which name the browser asked for. So
a foreign name that points to this machine (DNS rebinding) is refused too.
"""

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from diffsheg_model.errors import InputError

_NEEDED = 'this viewer needs the token of the address that it printed: ?token=...'


@dataclass(frozen=True)
class Access:
    """The rules for a request.

    Attributes:
        token: the token that the first address must contain, and later the cookie; empty on
            loopback.
    """

    token: str = ''

    def origin_problem(self, headers: Mapping[str, str]) -> str:
        """Return the reason to refuse a request for its host or origin; empty if both are right.

        Args:
            headers: the request's headers, by lower-case name.
        """
        host = headers.get('host', '')
        name = _name_of(host)
        if not name:
            return 'this viewer needs a valid Host header'
        if not self.token and not is_loopback(name):
            return f'this viewer serves this machine only, not {host[:100]}'
        origin = headers.get('origin')
        if origin is not None and origin.partition('://')[2] != host:
            return f'pages of {origin[:100]} have no access to this viewer'
        return ''

    def token_problem(self, query: Mapping[str, str], cookies: Mapping[str, str], port: int) -> str:
        """Return the reason to refuse a request without the token; empty if it has the token.

        Args:
            query: the query of the request's address.
            cookies: the request's cookies.
            port: the server's port, which is part of the cookie's name.
        """
        if not self.token:
            return ''
        given = (query.get('token', ''), cookies.get(cookie_name(port), ''))
        # Compare both in constant time, so that the time tells nothing about the token.
        fits = [hmac.compare_digest(text.encode(), self.token.encode()) for text in given]
        return '' if any(fits) else _NEEDED


def cookie_name(port: int) -> str:
    """Return the name of the cookie with the token.

    All ports of a host share their cookies, so two viewers need two names.
    """
    return f'diffsheg_viewer_{port}'


def access_for(host: str, allow_remote: bool) -> Access:
    """Return the rules for a server that binds to `host`.

    Raises:
        InputError: `host` is not a loopback address and `allow_remote` is False.
    """
    if is_loopback(host):
        return Access()
    if not allow_remote:
        raise InputError(
            f'host {host} can be reached from other machines: use 127.0.0.1, or set '
            'allow_remote (the page then needs the token that is printed with its address)'
        )
    return Access(secrets.token_urlsafe(16))


def is_loopback(host: str) -> bool:
    """Return True if only this machine can reach an address."""
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str:
    """Return the name in a `Host` header, without the port; empty if the header is invalid."""
    if any(letter in host for letter in '@/?#\\ ,'):
        return ''
    try:
        parts = urlsplit(f'//{host}')
        _ = parts.port  # raises ValueError for an invalid port
        return parts.hostname or ''
    except ValueError:
        return ''
