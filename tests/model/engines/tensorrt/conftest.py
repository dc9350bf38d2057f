"""Bundles that all tests of TensorRT run with."""

import pytest

from diffsheg_model.bundle import Bundle


@pytest.fixture(scope='module', params=['beat', 'show'])
def bundle(request) -> Bundle:
    """Return a bundle of each kind."""
    return request.getfixturevalue('tiny_bundle' if request.param == 'beat' else 'show_bundle')
