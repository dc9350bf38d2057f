"""The line that says where the page is, without the token; that goes to the terminal alone."""

import sys

from diffsheg_model.viewer.browser import open_browser
from diffsheg_model.viewer.server import ViewerServer


def announce(server: ViewerServer, open_page: bool) -> str:
    """Open the page where that is wanted, and return a line for the log.

    A log is copied, published and kept. So an address with a token is written to stdout instead,
    and never handed to a browser as an argument, which all users of the machine could read.
    """
    has_token = server.url != server.address
    opened = open_page and not has_token and open_browser(server.url)
    line = f'{"opened" if opened else "open"} {server.address}'
    if server.moved:
        line += f' ({server.moved})'
    if has_token:
        sys.stdout.write(f'the page and its token: {server.url}\n')
        sys.stdout.flush()
        line += ' with the token, which is written to the terminal only'
    return line
