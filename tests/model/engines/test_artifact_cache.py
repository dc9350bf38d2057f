"""Artifacts of engines are used only if they are whole and match bundle and device."""

import logging
import os
import pwd
import signal
import stat
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from diffsheg_model.bundle import DEFAULT_BUNDLE
from diffsheg_model.engines.artifact_cache import ArtifactCache, ArtifactKey
from diffsheg_model.errors import InputError
from tests.support.paths import ROOT

KEY = ArtifactKey('step', 'tensorrt', 'fp16', 'NVIDIA RTX 4090', '10.13 driver 580.65', 'abc')
PLAN = bytes(range(256)) * 400

# A process that builds PLAN under KEY, slowly, and leaves a mark each time that it builds.
BUILDER = f"""
    import os, sys, time
    from pathlib import Path
    from diffsheg_model.engines.artifact_cache import ArtifactCache, ArtifactKey

    folder, marks, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])

    def build():
        (marks / str(time.monotonic_ns())).touch()
        time.sleep(seconds)
        return bytes(range(256)) * 400

    if len(sys.argv) > 4:  # after the imports: not everybody may read the checkout
        os.setuid(int(sys.argv[4]))
    print(len(ArtifactCache(Path('unused'), folder).get_or_build({KEY!r}, build)))
    """


def start_builder(folder: Path, marks: Path, seconds: float, *uid: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, '-c', textwrap.dedent(BUILDER), folder, marks, str(seconds), *uid],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def wait_for(condition, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def never() -> bytes:
    raise AssertionError('built although it was kept')


@pytest.fixture
def cache(tmp_path) -> ArtifactCache:
    return ArtifactCache(tmp_path / 'bundle', tmp_path / 'cache')


def files(cache: ArtifactCache) -> list[str]:
    return sorted(path.name for path in cache.folder.iterdir() if path.name != '.lock')


def test_what_was_built_is_kept_under_a_readable_name(cache):
    assert cache.load(KEY) is None
    assert cache.get_or_build(KEY, lambda: PLAN) == PLAN
    assert cache.get_or_build(KEY, never) == PLAN
    (name,) = files(cache)
    assert name.startswith('step-tensorrt-fp16-NVIDIA_RTX_4090-10.13_driver_580.65-')
    cache.remove(KEY)
    assert cache.load(KEY) is None


@pytest.mark.parametrize(
    ('field', 'old_goes'),
    [
        ('version', True),
        ('bundle', True),
        ('options', True),
        ('graph', False),
        ('engine', False),
        ('precision', False),
        ('device', False),
    ],
)
def test_another_key_is_built_anew_and_old_versions_go(field, old_goes, cache):
    cache.store(KEY, PLAN)
    other = replace(KEY, **{field: 'another'})
    assert cache.load(other) is None
    assert cache.get_or_build(other, lambda: b'other') == b'other'
    assert cache.load(KEY) == (None if old_goes else PLAN)
    assert len(files(cache)) == 2 - old_goes


def test_a_key_must_be_whole():
    with pytest.raises(InputError, match=r'ArtifactKey\.device is empty'):
        replace(KEY, device='')


@pytest.mark.parametrize(
    'spoil',
    [
        lambda content: content[: len(content) // 2],
        lambda content: b'',
        lambda content: content[:10],
        lambda content: content[:-7] + bytes([content[-7] ^ 1]) + content[-6:],
        lambda content: b'a plan of somebody else',
    ],
    ids=['cut', 'empty', 'cut header', 'flipped bit', 'foreign'],
)
def test_a_spoilt_file_is_never_used(spoil, cache, caplog):
    cache.store(KEY, PLAN)
    path = cache.folder / KEY.file_name
    path.write_bytes(spoil(path.read_bytes()))
    assert cache.get_or_build(KEY, lambda: b'fresh') == b'fresh'
    assert 'was not made for this engine: it is made again' in caplog.text
    assert cache.load(KEY) == b'fresh'


def test_a_file_under_the_name_of_another_is_never_used(cache):
    cache.store(KEY, PLAN)
    other = replace(KEY, device='NVIDIA RTX 3090')
    (cache.folder / KEY.file_name).rename(cache.folder / other.file_name)
    assert cache.load(other) is None


def test_of_two_processes_one_builds_and_the_other_waits(cache, tmp_path):
    marks = tmp_path / 'marks'
    marks.mkdir()
    processes = [start_builder(cache.folder, marks, 0.5) for _ in range(2)]
    for process in processes:
        output, error = process.communicate(timeout=60)
        assert output == f'{len(PLAN)}\n', error
    assert len(list(marks.iterdir())) == 1
    assert cache.load(KEY) == PLAN


def test_a_killed_build_leaves_nothing_and_hinders_nobody(cache, tmp_path):
    marks = tmp_path / 'marks'
    marks.mkdir()
    process = start_builder(cache.folder, marks, 60)
    wait_for(lambda: any(marks.iterdir()), process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # A process that is killed while it writes leaves this.
    (cache.folder / f'.{KEY.file_name}.abcd1234').mkdir()
    assert cache.get_or_build(KEY, lambda: PLAN) == PLAN
    assert files(cache) == [KEY.file_name]


def test_a_full_disk_costs_one_warning(tmp_path, caplog):
    full = tmp_path / 'full'
    full.mkdir()
    if subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', full], capture_output=True
    ).returncode:
        pytest.skip('mounting a small file system takes root')
    try:
        cache = ArtifactCache(tmp_path, full / 'cache')
        for _ in range(2):
            assert cache.get_or_build(KEY, lambda: PLAN) == PLAN
        assert files(cache) == []
    finally:
        subprocess.run(['umount', full], check=True)
    (record,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert 'nothing is kept for the next start: ' in record.getMessage()
    assert 'No space left on device' in record.getMessage()


def test_a_folder_that_cannot_be_made_costs_one_warning(tmp_path, caplog):
    (tmp_path / 'file').write_text('no folder')
    cache = ArtifactCache(tmp_path, tmp_path / 'file' / 'cache')
    for _ in range(2):
        assert cache.get_or_build(KEY, lambda: PLAN) == PLAN
    cache.remove(KEY)
    assert caplog.text.count('nothing is kept for the next start') == 1


def test_a_read_only_folder_costs_one_warning(cache):
    """The test runs as another user, because root ignores permissions."""
    cache.store(replace(KEY, device='another'), PLAN)
    marks = cache.folder.parent / 'marks'
    marks.mkdir()
    marks.chmod(0o777)
    cache.folder.chmod(0o555)
    uid = () if os.getuid() else (str(pwd.getpwnam('nobody').pw_uid),)
    for folder in cache.folder.parents:
        if uid and folder.stat().st_mode & 0o5 != 0o5:
            folder.chmod(0o755)
    output, error = start_builder(cache.folder, marks, 0, *uid).communicate(timeout=60)
    cache.folder.chmod(0o755)
    assert output == f'{len(PLAN)}\n', error
    assert error.count('nothing is kept for the next start') == 1
    assert len(list(marks.iterdir())) == 1


needs_root = pytest.mark.skipif(os.getuid() != 0, reason='giving files away takes root')


def test_the_folder_is_for_this_user_alone(cache):
    before = os.umask(0o002)
    try:
        cache.get_or_build(KEY, lambda: PLAN)
    finally:
        os.umask(before)
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((cache.folder / KEY.file_name).stat().st_mode) & 0o022 == 0
    assert cache.get_or_build(KEY, never) == PLAN


def give_away(path: Path) -> None:
    os.chown(path, 65534, 65534)


def link(path: Path) -> None:
    path.rename(path.with_suffix('.elsewhere'))
    path.symlink_to(path.with_suffix('.elsewhere'))


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ('spoil', 'reason'),
    [
        pytest.param(
            give_away, 'belongs to user 65534, not to this user or root', marks=needs_root
        ),
        (lambda path: path.chmod(0o664), 'can be written by other users (mode 664'),
        (lambda path: path.chmod(0o646), 'can be written by other users (mode 646'),
        (link, 'is a link'),
        (pipe, 'is not a plain file'),
    ],
    ids=['owner', 'group', 'all', 'link', 'pipe'],
)
def test_a_file_that_others_can_have_written_is_made_again(cache, caplog, spoil, reason):
    cache.store(KEY, PLAN)
    path = cache.folder / KEY.file_name
    spoil(path)
    assert cache.load(KEY) is None
    (record,) = caplog.records
    assert str(path) in record.getMessage() and reason in record.getMessage()
    assert cache.get_or_build(KEY, lambda: b'fresh') == b'fresh'
    assert cache.get_or_build(KEY, never) == b'fresh'
    assert not path.is_symlink() and path.stat().st_uid == os.geteuid()


@pytest.mark.parametrize(
    ('spoil', 'reason'),
    [
        pytest.param(give_away, 'belongs to user 65534', marks=needs_root),
        (lambda path: path.chmod(0o770), 'can be written by other users (mode 770'),
        (lambda path: path.chmod(0o1777), 'can be written by other users (mode 1777'),
    ],
    ids=['owner', 'group', 'all'],
)
def test_a_folder_that_others_can_write_is_not_used(cache, caplog, spoil, reason):
    cache.store(KEY, PLAN)
    spoil(cache.folder)
    before = files(cache)
    for _ in range(2):
        assert cache.get_or_build(KEY, lambda: b'fresh') == b'fresh'
    (record,) = caplog.records
    assert str(cache.folder) in record.getMessage() and reason in record.getMessage()
    assert files(cache) == before


@needs_root
def test_a_user_takes_what_root_has_made(cache, tmp_path):
    """As in a container that is built by root; root opens the folder on purpose."""
    cache.store(KEY, PLAN)
    cache.folder.chmod(0o755)
    marks = tmp_path / 'marks'
    marks.mkdir()
    for folder in cache.folder.parents:
        if folder.stat().st_mode & 0o5 != 0o5:
            folder.chmod(0o755)
    uid = str(pwd.getpwnam('nobody').pw_uid)
    output, error = start_builder(cache.folder, marks, 0, uid).communicate(timeout=60)
    assert output == f'{len(PLAN)}\n', error
    assert list(marks.iterdir()) == []


def test_a_default_folder_that_a_group_could_write_is_taken_back(tmp_path):
    """Earlier versions made it with the umask, on some systems for a group."""
    ArtifactCache(tmp_path / 'alice').store(KEY, PLAN)
    (tmp_path / 'alice.cache').chmod(0o775)
    cache = ArtifactCache(tmp_path / 'alice')
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert cache.get_or_build(KEY, lambda: b'fresh') == b'fresh'


@needs_root
def test_a_default_folder_of_another_user_is_left_for_one_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'home'))
    (tmp_path / 'alice.cache').mkdir()
    give_away(tmp_path / 'alice.cache')
    assert ArtifactCache(tmp_path / 'alice').folder.parent == tmp_path / 'home' / 'diffsheg'


def test_where_things_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'home'))
    assert ArtifactCache(tmp_path / 'alice').folder == tmp_path / 'alice.cache'
    packaged = ArtifactCache(DEFAULT_BUNDLE).folder
    assert packaged.parent == tmp_path / 'home' / 'diffsheg'
    assert packaged.name.startswith('default-')
    assert ArtifactCache(Path('/missing/alice')).folder.parent == tmp_path / 'home' / 'diffsheg'
