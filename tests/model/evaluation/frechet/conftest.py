"""Shards for auto-encoders."""

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from tests.support.moving_shards import moving_shards


@pytest.fixture(scope='module')
def shards(tmp_path_factory):
    return moving_shards(tmp_path_factory.mktemp('shards') / 'made')
