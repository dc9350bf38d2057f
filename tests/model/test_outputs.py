"""The four files of a generation: all there or none, whatever goes wrong."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from diffsheg_model.motion_files import read_npz
from diffsheg_model.outputs import OUTPUT_FILES, write_outputs
from tests.support.motions import RATE, moving, tone
from tests.support.paths import ROOT


def folder_content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob('*.*')}


def test_outputs_are_four_files_that_agree(tmp_path):
    motion = moving()
    folder = tmp_path / 'deep' / 'out'
    paths = write_outputs(folder, motion, BEAT_SKELETON, tone(), RATE)
    assert [path.name for path in paths] == list(OUTPUT_FILES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(OUTPUT_FILES)
    assert [path.name for path in folder.parent.iterdir()] == ['out']
    assert np.array_equal(read_npz(folder / 'motion.npz').weights, motion.weights)
    table = np.loadtxt(folder / 'face.csv', delimiter=',', skiprows=1)
    assert np.allclose(table[:, 1:], motion.weights, atol=1e-6)
    assert (folder / 'motion.bvh').read_text().startswith('HIERARCHY\nROOT Hips\n')
    mask = os.umask(0)
    os.umask(mask)
    assert folder.stat().st_mode & 0o777 == 0o777 & ~mask


def test_a_second_run_replaces_the_files_and_leaves_others(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    write_outputs(tmp_path, moving(), BEAT_SKELETON, tone(), RATE)
    before = folder_content(tmp_path)
    write_outputs(tmp_path, moving(seed=1), BEAT_SKELETON, tone(), RATE)
    after = folder_content(tmp_path)
    assert sorted(after) == sorted([*OUTPUT_FILES, 'notes.txt'])
    assert after['notes.txt'] == b'mine'
    assert all(after[name] != before[name] for name in OUTPUT_FILES)


def test_a_motion_that_cannot_be_written_changes_nothing(tmp_path):
    write_outputs(tmp_path, moving(), BEAT_SKELETON, tone(), RATE)
    before = folder_content(tmp_path)
    broken = moving(seed=2)
    broken.weights[3, 3] = np.nan
    for folder in (tmp_path, tmp_path / 'new'):
        with pytest.raises(InputError, match='browOuterUpLeft is not finite in frame 3'):
            write_outputs(folder, broken, BEAT_SKELETON, tone(), RATE)
        with pytest.raises(InputError, match='no frames'):
            write_outputs(folder, broken[:0], BEAT_SKELETON, tone(), RATE)
    assert folder_content(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_that_cannot_be_put_in_place_puts_the_others_back(tmp_path):
    write_outputs(tmp_path, moving(), BEAT_SKELETON, tone(), RATE)
    (tmp_path / 'curves.png').unlink()
    (tmp_path / 'curves.png').mkdir()
    (tmp_path / 'face.csv').unlink()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(InputError, match=r'curves\.png: it is a folder'):
        write_outputs(tmp_path, moving(seed=1), BEAT_SKELETON, tone(), RATE)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert after == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, 'curves.png'])


def test_folders_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').write_text('here')
    with pytest.raises(InputError, match='it is a file; name a folder'):
        write_outputs(tmp_path / 'file', moving(), BEAT_SKELETON, tone(), RATE)
    with pytest.raises(InputError, match='cannot write .*file/out'):
        write_outputs(tmp_path / 'file' / 'out', moving(), BEAT_SKELETON, tone(), RATE)
    assert [path.name for path in tmp_path.iterdir()] == ['file']


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match='Permission denied; choose a writable folder'):
            write_outputs(tmp_path, moving(), BEAT_SKELETON, tone(), RATE)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize('limit, existing', [(4_000, False), (60_000, True)])
def test_no_room_leaves_nothing_half_written(tmp_path, existing, limit):
    """The system refuses to let any file grow past a limit, as a full disk does."""
    folder = tmp_path / 'out'
    if existing:
        write_outputs(folder, moving(), BEAT_SKELETON, tone(), RATE)
    before = folder_content(tmp_path)
    program = textwrap.dedent(f"""
        import resource, sys
        sys.path.insert(0, {str(ROOT)!r})
        from diffsheg_model.pictures.curves import plot_curves
        from tests.model.test_outputs import *
        motion, audio = moving(seed=1), tone()
        plot_curves({str(tmp_path / 'warm.png')!r}, motion, BEAT_SKELETON, audio, RATE)
        os.unlink({str(tmp_path / 'warm.png')!r})
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        try:
            write_outputs({str(folder)!r}, motion, BEAT_SKELETON, audio, RATE)
        except InputError as error:
            print(error)
    """)
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r'cannot write .*: File too large; .*\n', done.stdout), done.stdout
    assert folder_content(tmp_path) == before
    assert folder.exists() == existing
