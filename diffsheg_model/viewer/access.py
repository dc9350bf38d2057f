"""Who may look: this machine alone, unless the user says otherwise and gives a token.

A page of another site cannot read the motion or use the microphone through us: a browser says in
`Origin` where a page comes from, and in `Host` which name it asked for, so a foreign name that was
made to point to this machine (DNS rebinding) is refused as well.
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
    """What a request must bring.

    Attributes:
        token: what the first address must carry, and later the cookie; empty on loopback.
    """

    token: str = ''

    def refusal(self, headers: Mapping[str, str]) -> str:
        """Return why a request is not answered; empty where it is.

        Args:
            headers: of the request, by lower-case name.
        """
        host = headers.get('host', '')
        name = _name_of(host)
        if not name:
            return 'this viewer answers requests that name their host'
        if not self.token and not is_loopback(name):
            return f'this viewer serves this machine alone, not {host[:100]}'
        origin = headers.get('origin')
        if origin is not None and origin.partition('://')[2] != host:
            return f'pages of {origin[:100]} may not look here'
        return ''

    def lack(self, query: Mapping[str, str], cookies: Mapping[str, str], port: int) -> str:
        """Return what a request lacks; empty where it lacks nothing.

        Args:
            query: of its address.
            cookies: that it brings.
            port: of the server, which the cookie is named after.
        """
        if not self.token:
            return ''
        given = (query.get('token', ''), cookies.get(cookie_name(port), ''))
        # Both are compared, each in constant time.
        fits = [hmac.compare_digest(text.encode(), self.token.encode()) for text in given]
        return '' if any(fits) else _NEEDED


def cookie_name(port: int) -> str:
    """Return the name of the cookie that keeps the token.

    Cookies are shared by all ports of a host, so two viewers need two names.
    """
    return f'diffsheg_viewer_{port}'


def access_for(host: str, allow_remote: bool) -> Access:
    """Return the rules for a server that binds to `host`.

    Raises:
        InputError: `host` is no address of this machine alone and `allow_remote` was not given.
    """
    if is_loopback(host):
        return Access()
    if not allow_remote:
        raise InputError(
            f'host {host} can be reached from other machines: use 127.0.0.1, or say so with '
            'allow_remote (the page then needs the token that is printed with its address)'
        )
    return Access(secrets.token_urlsafe(16))


def is_loopback(host: str) -> bool:
    """Return True if an address belongs to this machine alone."""
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str:
    """The name in a `Host` header, without the port; empty where it is none."""
    if any(letter in host for letter in '@/?#\\ ,'):
        return ''
    try:
        parts = urlsplit(f'//{host}')
        _ = parts.port  # raises for a port that is none
        return parts.hostname or ''
    except ValueError:
        return ''
