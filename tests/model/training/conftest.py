"""Shards for the tests of training."""

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from tests.support.training import make_shards


@pytest.fixture(scope='module')
def shards(tmp_path_factory):
    return make_shards(tmp_path_factory.mktemp('shards') / 'made')
