"""A running server with a show that records what pages send."""

import pytest

from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer
from tests.support.page_server import Echo


@pytest.fixture
def show():
    return Echo()


@pytest.fixture
def server(show):
    made = ViewerServer(show, Hub())
    made.start()
    yield made
    made.stop()
