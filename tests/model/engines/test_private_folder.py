"""Only files and folders that no other user can have written are read."""

import os
import stat

import pytest

from diffsheg_model.engines.private_folder import (
    Untrusted,
    check_private,
    make_private,
    read_private,
)


def test_a_made_folder_is_for_this_user_alone(tmp_path):
    folder = tmp_path / 'a' / 'b'
    make_private(folder)
    make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    check_private(folder)
    (folder / 'file').write_bytes(b'content')
    assert read_private(folder, 'file') == b'content'
    with pytest.raises(FileNotFoundError):
        read_private(folder, 'missing')


def test_what_others_can_write_is_refused_with_its_path(tmp_path):
    folder = tmp_path / 'folder'
    make_private(folder)
    (folder / 'file').touch()
    (folder / 'file').chmod(0o666)
    with pytest.raises(Untrusted, match='can be written by other users') as caught:
        read_private(folder, 'file')
    assert caught.value.path == folder / 'file'
    folder.chmod(0o777)
    for refused in (lambda: check_private(folder), lambda: read_private(folder, 'file')):
        with pytest.raises(Untrusted, match='mode 777; chmod go-w') as caught:
            refused()
        assert caught.value.path == folder


def test_links_and_pipes_are_refused(tmp_path):
    folder = tmp_path / 'folder'
    make_private(folder)
    (folder / 'link').symlink_to('/etc/passwd')
    os.mkfifo(folder / 'pipe', 0o600)
    for name, reason in (('link', 'is a link'), ('pipe', 'is not a plain file')):
        with pytest.raises(Untrusted, match=reason):
            read_private(folder, name)
