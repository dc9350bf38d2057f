"""Opens a page in the user's browser, where there is a display to see it on."""

import os
import sys
import webbrowser


def open_browser(url: str) -> bool:
    """Opens the page; False where there is no display or no browser."""
    if sys.platform.startswith('linux') and not (
        os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')
    ):
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False
