"""Bytes are read as they were appended, from memory or from the disk."""

import subprocess

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.files.spool import Spool


@pytest.mark.parametrize('folder', [None, 'made/when/needed'])
def test_what_is_appended_is_read_in_order(tmp_path, folder):
    spool = Spool(folder and tmp_path / folder)
    expected = b''
    for size in (0, 10, 1 << 20, 3):
        spool.append(bytes([size % 251]) * size)
        expected += bytes([size % 251]) * size
        assert len(spool) == len(expected)
        assert spool.read() == expected


def test_a_full_disk_is_one_line_and_keeps_what_came_before(tmp_path):
    full = tmp_path / 'full'
    full.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', full]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip('mounting a small file system takes root')
    try:
        spool = Spool(full)
        spool.append(b'x' * (1 << 20) + b'y')
        with pytest.raises(InputError, match='cannot store the recording in .*make room'):
            spool.append(bytes(4 << 20))
        assert spool.read() == b'x' * (1 << 20) + b'y'
        del spool
    finally:
        subprocess.run(['umount', full], check=True)
