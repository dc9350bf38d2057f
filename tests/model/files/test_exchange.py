"""Two paths exchange their places in one step, or nothing changes."""

import ctypes

import pytest

from diffsheg_model.files.exchange import exchange


def test_two_folders_exchange_their_places(tmp_path):
    one, two = tmp_path / 'one', tmp_path / 'two'
    for folder in (one, two):
        folder.mkdir()
        (folder / folder.name).touch()
    if not exchange(one, two):
        pytest.skip('this file system does not support it')
    assert (one / 'two').exists() and (two / 'one').exists()


def test_a_missing_path_is_an_error_that_names_it_and_changes_nothing(tmp_path):
    (tmp_path / 'one').touch()
    with pytest.raises(FileNotFoundError, match='two'):
        exchange(tmp_path / 'one', tmp_path / 'two')
    assert (tmp_path / 'one').exists()


def test_a_system_without_the_exchange_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(ctypes, 'CDLL', lambda *arguments, **options: object())
    assert not exchange(tmp_path / 'one', tmp_path / 'two')
