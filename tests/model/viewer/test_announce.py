"""The log line with the address of the page."""

import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from diffsheg_model.viewer.announce import announce
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer


def test_the_token_goes_to_the_terminal_and_to_no_log(show, capsys, caplog):
    server = ViewerServer(show, Hub(), host='0.0.0.0', allow_remote=True)
    try:
        line = announce(server, open_page=True)
        token = server.url.partition('token=')[2]
        assert server.address in line and token not in line
        assert server.url in capsys.readouterr().out and token not in caplog.text
    finally:
        server.stop()
