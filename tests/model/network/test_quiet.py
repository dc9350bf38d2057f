"""Suppression of warnings and log lines while other libraries work."""

import logging
import warnings

import pytest

from diffsheg_model.network.quiet import quiet


def test_warnings_and_lesser_log_lines_are_suppressed(caplog):
    noisy, other = logging.getLogger('noisy'), logging.getLogger('other')
    with warnings.catch_warnings(), caplog.at_level(logging.INFO):
        warnings.simplefilter('error')
        with quiet('noisy'):
            warnings.warn('unwanted', stacklevel=1)
            noisy.warning('unwanted')
            noisy.error('an error')
            other.warning('of another library')
    assert caplog.messages == ['an error', 'of another library']


def test_levels_return_after_an_exception():
    log = logging.getLogger('noisy')
    log.setLevel(logging.DEBUG)
    with pytest.raises(ValueError, match='x'), quiet('noisy'):
        raise ValueError('x')
    assert log.level == logging.DEBUG
