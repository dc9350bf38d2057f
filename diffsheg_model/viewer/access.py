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


@dataclass(frozen=True)
class Access:
    """What a request must bring.

    Attributes:
        token: what the address must carry; empty on loopback.
    """

    token: str = ''

    def refusal(self, headers: Mapping[str, str]) -> str:
        """Why a request for the page or its socket is not answered; empty where it is.

        Args:
            headers: of the request, by lower-case name.
        """
        host = headers.get('host', '')
        if not self.token and not is_loopback(_name_of(host)):
            return f'this viewer serves this machine alone, not {host or "a nameless host"}'
        origin = headers.get('origin')
        if origin is not None and origin.partition('://')[2] != host:
            return f'pages of {origin} may not look here'
        return ''

    def lack(self, query: Mapping[str, str]) -> str:
        """What the query of an address lacks; empty where it lacks nothing."""
        given = query.get('token', '')
        if self.token and not hmac.compare_digest(given.encode(), self.token.encode()):
            return 'this viewer needs the token of the address that it printed: ?token=...'
        return ''


def access_for(host: str, allow_remote: bool) -> Access:
    """The rules for a server that binds to `host`.

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
    """Whether an address belongs to this machine alone."""
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str:
    """The name in a `Host` header, without the port; empty where it is none."""
    try:
        return urlsplit(f'//{host}').hostname or ''
    except ValueError:
        return ''
