"""The log line with the page's address, and opening the page in the user's browser."""

import os
import sys
import webbrowser

from diffsheg_model.viewer.server import ViewerServer


def announce(server: ViewerServer, open_page: bool) -> str:
    """Open the page if asked to, and return a line for the log.

    Logs are copied, published and kept, so the line never contains the token. An address with a
    token is written to stdout instead. It is not passed to a browser either: all users of the
    machine can read a program's arguments.
    """
    has_token = server.url != server.address
    opened = open_page and not has_token and _open_browser(server.url)
    line = f'{"opened" if opened else "open"} {server.address}'
    if server.moved:
        line += f' ({server.moved})'
    if has_token:
        sys.stdout.write(f'the page and its token: {server.url}\n')
        sys.stdout.flush()
        line += ' with the token, which is written to the terminal only'
    return line


def _open_browser(url: str) -> bool:
    """Open a page in the browser; return False if there is no display or no browser."""
    if sys.platform.startswith('linux') and not (
        os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')
    ):
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False
