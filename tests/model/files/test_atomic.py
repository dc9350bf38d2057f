"""atomic_path after real failures: full disks, kills, interrupts, second writers."""

import errno
import os
import resource
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.files import atomic as files
from diffsheg_model.files.atomic import (
    WriteError,
    atomic_path,
    check_replaceable,
    open_lock,
    remove_leftovers,
)
from tests.support.paths import ROOT

# A process that writes a folder and dies, or is interrupted, at the nth call that renames or
# exchanges something: before it or after it.
WRITER = """
import os, signal, sys
from pathlib import Path
from diffsheg_model.files import atomic as files

target, calls, when, how = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
seen = 0

def end():
    if how == 'kill':
        os.kill(os.getpid(), signal.SIGKILL)
    raise KeyboardInterrupt

def watched(call):
    def watch(*arguments):
        global seen
        seen += 1
        if seen == calls and when == 'before':
            end()
        result = call(*arguments)
        if seen == calls and when == 'after':
            end()
        return result
    return watch

os.rename, os.replace = watched(os.rename), watched(os.replace)
files.exchange = watched(files.exchange) if sys.argv[5] == 'exchange' else lambda *names: False
with files.atomic_path(target) as folder:
    folder.mkdir()
    (folder / 'model').write_text('new')
"""


def folder_with(path: Path, content: str) -> Path:
    path.mkdir(parents=True)
    (path / 'model').write_text(content)
    return path


def write_folder(path: Path, content: str) -> None:
    with atomic_path(path) as folder:
        folder_with(folder, content)


def write_file(path: Path, size: int) -> None:
    with atomic_path(path) as file:
        file.write_bytes(bytes(size))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('means', ['exchange', 'renames'])
@pytest.mark.parametrize('how', ['kill', 'interrupt'])
@pytest.mark.parametrize('when', ['before', 'after'])
@pytest.mark.parametrize('calls', [1, 2])
def test_a_folder_survives_an_end_at_each_step(tmp_path, means, how, when, calls):
    target = folder_with(tmp_path / 'bundle', 'old')
    command = [sys.executable, '-c', textwrap.dedent(WRITER), target, str(calls), when, how, means]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    reached = means == 'renames' or calls == 1
    assert (ran.returncode != 0) == reached, ran.stderr
    # The next process that writes the same folder finds this.
    files.restore_interrupted(target)
    assert (target / 'model').read_text() in ('old', 'new')
    if how == 'interrupt' or not reached:
        assert names(tmp_path) == ['bundle']
    if reached and when == 'before':
        assert (target / 'model').read_text() == 'old'
    write_folder(target, 'newest')
    assert (target / 'model').read_text() == 'newest'
    remove_leftovers(tmp_path, 'bundle')
    assert names(tmp_path) == ['bundle']


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB; skipped where none may be mounted."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', str(folder)]
    if not shutil.which('mount') or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip('no file system may be mounted here')
    yield folder
    subprocess.run(['umount', str(folder)], check=True)


@pytest.mark.parametrize('kind', ['file', 'folder'])
def test_a_full_disk_leaves_the_old_content(small_disk, kind):
    target = small_disk / 'model'
    if kind == 'folder':
        folder_with(target, 'old')
        content = target / 'model'
    else:
        target.write_text('old')
        content = target
    with pytest.raises(WriteError, match='No space left on device; nothing was changed') as caught:
        write_folder(target, 'n' * 100_000) if kind == 'folder' else write_file(target, 100_000)
    assert caught.value.errno == errno.ENOSPC
    assert content.read_text() == 'old' and names(small_disk) == ['model']


def test_a_limit_on_files_leaves_the_old_content(tmp_path):
    """A limit on file sizes ends a write as a full disk does, without a mount."""
    target = folder_with(tmp_path / 'bundle', 'old')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(WriteError, match='File too large; nothing was changed there'):
            write_folder(target, 'n' * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (target / 'model').read_text() == 'old' and names(tmp_path) == ['bundle']


@pytest.mark.parametrize('exchanges', [True, False])
def test_a_last_rename_that_fails_leaves_the_old_folder(tmp_path, monkeypatch, exchanges):
    """A mount point in the target's place cannot be moved: the system refuses the rename."""
    target = folder_with(tmp_path / 'bundle', 'old')
    mount = ['mount', '--bind', str(target), str(target)]
    if not shutil.which('mount') or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip('nothing may be mounted here')
    if not exchanges:
        monkeypatch.setattr(files, 'exchange', lambda *names: False)
    try:
        with pytest.raises(WriteError, match='nothing was changed there'):
            write_folder(target, 'new')
        assert (target / 'model').read_text() == 'old'
    finally:
        subprocess.run(['umount', str(target)], check=True)
    assert names(tmp_path) == ['bundle'] and (target / 'model').read_text() == 'old'


def fail_once(monkeypatch, function, at, number):
    """Let the call of a function of ``os`` that ``at`` picks fail as the system would."""
    real = getattr(os, function)

    def call(source, destination):
        if at(Path(source), Path(destination)):
            raise OSError(number, os.strerror(number))
        return real(source, destination)

    monkeypatch.setattr(os, function, call)


def test_without_exchange_a_failing_rename_is_rolled_back(tmp_path, monkeypatch):
    target = folder_with(tmp_path / 'bundle', 'old')
    monkeypatch.setattr(files, 'exchange', lambda *names: False)
    fail_once(
        monkeypatch, 'rename', lambda a, b: b == target and a.name == 'bundle', errno.ENOSPC
    )  # fmt: skip
    with pytest.raises(WriteError, match='No space left on device; nothing was changed there'):
        write_folder(target, 'new')
    assert (target / 'model').read_text() == 'old' and names(tmp_path) == ['bundle']


def test_what_cannot_be_moved_back_is_kept_and_named(tmp_path, monkeypatch):
    """A second writer takes the place between the two renames."""
    target = folder_with(tmp_path / 'bundle', 'old')
    monkeypatch.setattr(files, 'exchange', lambda *names: False)
    real = os.rename

    def rename(source, destination):
        real(source, destination)
        if Path(source) == target:
            folder_with(target, 'of another writer')

    monkeypatch.setattr(os, 'rename', rename)
    with pytest.raises(WriteError, match='its earlier content is kept in ') as caught:
        write_folder(target, 'new')
    kept = Path(str(caught.value).rpartition(' ')[2])
    assert (kept / 'model').read_text() == 'old'
    assert (target / 'model').read_text() == 'of another writer'


def test_two_writers_at_once_lose_nothing(tmp_path):
    target = folder_with(tmp_path / 'bundle', 'old')
    with atomic_path(target) as first:
        folder_with(first, 'first')
        write_folder(target, 'second')
        assert (target / 'model').read_text() == 'second'
    assert (target / 'model').read_text() == 'first' and names(tmp_path) == ['bundle']


@pytest.mark.parametrize('old', ['file', 'folder'])
def test_a_file_does_not_replace_a_folder_nor_the_reverse(tmp_path, old):
    target = tmp_path / 'model'
    if old == 'folder':
        folder_with(target, 'old')
    else:
        target.write_text('old')
    with pytest.raises(WriteError, match='nothing was changed there'), atomic_path(target) as path:
        path.write_text('new') if old == 'folder' else path.mkdir()
    assert (target / 'model' if old == 'folder' else target).read_text() == 'old'
    assert names(tmp_path) == ['model']


def test_links_are_replaced_and_what_they_lead_to_stays(tmp_path):
    folder_with(tmp_path / 'elsewhere', 'old')
    (tmp_path / 'link').symlink_to('elsewhere')
    write_folder(tmp_path / 'link', 'new')
    assert (tmp_path / 'link' / 'model').read_text() == 'new'
    assert not (tmp_path / 'link').is_symlink()
    assert (tmp_path / 'elsewhere' / 'model').read_text() == 'old'
    (tmp_path / 'file').symlink_to('elsewhere/model')
    with atomic_path(tmp_path / 'file') as path:
        path.write_text('new')
    assert (tmp_path / 'elsewhere' / 'model').read_text() == 'old'


def test_names_as_long_as_a_file_system_takes(tmp_path):
    longest = tmp_path / ('ü' * 127)
    for content in ('old', 'new'):
        with atomic_path(longest) as path:
            path.write_text(content)
    assert longest.read_text() == 'new'
    too_long = tmp_path / ('n' * 256)
    with pytest.raises(WriteError, match='File name too long'), atomic_path(too_long) as path:
        path.write_text('new')
    assert names(tmp_path) == [longest.name]


@pytest.mark.parametrize('name', ['.', '..', '/'])
def test_a_path_without_a_name_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WriteError, match='name a file or folder in it'), atomic_path(name):
        raise AssertionError
    assert names(tmp_path) == []


def test_devices_and_pipes_are_not_replaced(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for path in ('/dev/null', '/dev/stdout', tmp_path / 'pipe'):
        with pytest.raises(WriteError, match='a device or pipe'), atomic_path(path):
            raise AssertionError
    assert names(tmp_path) == ['pipe']


def test_a_read_only_parent_is_one_line(tmp_path):
    """The test runs as another user, because root ignores permissions."""
    target = folder_with(tmp_path / 'bundle', 'old')
    program = (
        'import os, sys; from diffsheg_model.files.atomic import atomic_path, WriteError\n'
        'if not os.getuid(): os.setuid(65534)\n'
        'try:\n with atomic_path(sys.argv[1]) as path: path.mkdir()\n'
        'except WriteError as error: print(error)\n'
    )
    for folder in tmp_path.parents:
        if not os.getuid() and folder.stat().st_mode & 0o5 != 0o5:
            folder.chmod(0o755)
    tmp_path.chmod(0o555)
    command = [sys.executable, '-c', program, str(target)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    tmp_path.chmod(0o755)
    assert 'Permission denied; choose a writable folder' in ran.stdout, ran.stderr
    assert (target / 'model').read_text() == 'old' and names(tmp_path) == ['bundle']


def test_only_a_folder_of_its_kind_is_replaced(tmp_path):
    check_replaceable(tmp_path / 'absent', 'bundle.json')
    check_replaceable(tmp_path, 'bundle.json')
    (tmp_path / 'thesis.tex').write_text('')
    with pytest.raises(InputError, match=r'holds other files \(it has no bundle.json\)'):
        check_replaceable(tmp_path, 'bundle.json')
    (tmp_path / 'bundle.json').write_text('')
    check_replaceable(tmp_path, 'bundle.json')


def test_a_lock_follows_no_link_and_cuts_nothing(tmp_path):
    (tmp_path / 'precious').write_text('content')
    (tmp_path / '.lock').symlink_to('precious')
    with pytest.raises(OSError, match='symbolic link'):
        open_lock(tmp_path / '.lock')
    with open_lock(tmp_path / 'precious'):
        pass
    assert (tmp_path / 'precious').read_text() == 'content'


def test_content_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    steps = []
    real_fsync, real_exchange = os.fsync, files.exchange

    def fsync(descriptor):
        steps.append(os.readlink(f'/proc/self/fd/{descriptor}').rpartition('/')[2])
        real_fsync(descriptor)

    def exchange(first, second):
        steps.append('exchange')
        return real_exchange(first, second)

    folder_with(tmp_path / 'bundle', 'old')
    monkeypatch.setattr(os, 'fsync', fsync)
    monkeypatch.setattr(files, 'exchange', exchange)
    write_folder(tmp_path / 'bundle', 'new')
    assert steps == ['model', 'bundle', 'exchange', tmp_path.name]


def test_a_disk_that_refuses_to_keep_it_leaves_the_old_content(tmp_path, monkeypatch):
    """Network file systems report a full disk at fsync."""
    target = folder_with(tmp_path / 'bundle', 'old')

    def fsync(descriptor):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, 'fsync', fsync)
    with pytest.raises(WriteError, match='Disk quota exceeded; nothing was changed there'):
        write_folder(target, 'new')
    assert (target / 'model').read_text() == 'old' and names(tmp_path) == ['bundle']
