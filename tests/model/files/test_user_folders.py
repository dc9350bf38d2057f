"""Caches have a folder, whatever HOME is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diffsheg_model.bundle import DEFAULT_BUNDLE
from diffsheg_model.engines.artifact_cache import ArtifactCache
from diffsheg_model.features.speech_encoder import default_folder
from diffsheg_model.files.user_folders import _temporary_cache, cache_home

DRAWS = (
    'from diffsheg_model.pictures.curves import new_figure, save_png; import sys; '
    'save_png(new_figure(1, 1), sys.argv[1])'
)


def test_the_cache_is_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', '/home/of/somebody')
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    assert cache_home() == Path('/home/of/somebody/.cache')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert cache_home() == tmp_path
    monkeypatch.setenv('XDG_CACHE_HOME', 'not/absolute')
    assert cache_home() == Path('/home/of/somebody/.cache')


def test_a_user_without_a_home_has_a_cache(monkeypatch, tmp_path):
    """As in a container that runs under a number that no account has."""
    monkeypatch.delenv('HOME')
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.setattr('os.getuid', lambda: 3_123_456)
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    _temporary_cache.cache_clear()
    assert cache_home().is_absolute() and '3123456' in cache_home().name
    assert default_folder().is_relative_to(cache_home())
    assert ArtifactCache(DEFAULT_BUNDLE).folder.is_relative_to(cache_home())
    _temporary_cache.cache_clear()


@pytest.mark.parametrize('taken', ['link', 'open to all'])
def test_a_cache_that_somebody_else_may_have_made_is_not_used(monkeypatch, tmp_path, taken):
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.setattr('os.path.expanduser', lambda path: path)
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    usual = tmp_path / f'diffsheg-cache-{os.getuid()}'
    if taken == 'link':
        usual.symlink_to(tmp_path)
    else:
        usual.mkdir()
        usual.chmod(0o777)
    _temporary_cache.cache_clear()
    folder = cache_home()
    assert folder != usual and folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700 and cache_home() == folder
    _temporary_cache.cache_clear()


@pytest.mark.parametrize('home', [None, '/no such home', '/dev/null', '/proc'])
def test_a_picture_is_drawn_without_a_home(tmp_path, home):
    environment = {
        name: value for name, value in os.environ.items() if name[:3] not in ('MPL', 'XDG')
    }
    environment['TMPDIR'] = str(tmp_path)
    environment.pop('HOME', None)
    if home is not None:
        environment['HOME'] = home
    picture = tmp_path / 'picture.png'
    ran = subprocess.run(
        [sys.executable, '-c', DRAWS, picture],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, '')
    assert picture.stat().st_size > 100
    assert [path.name for path in tmp_path.iterdir()] == ['picture.png']
    assert not Path('/no such home').exists()
