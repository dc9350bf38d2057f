"""diffsheg prepare beside what would end it: crashes, hangs, kills, full disks, names."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diffsheg_model.data.shards import open_shards
from tests.support.made_recordings import (
    light_take,
    report_of,
    run_prepare,
    write_live_link,
    write_wav,
)
from tests.support.paths import ROOT


def test_a_killed_run_leaves_whole_takes_and_is_resumed(tmp_path):
    source, shards = tmp_path / 'beat', tmp_path / 'shards'
    light_take(source, '1_a_0_0_0', 10.0)
    for number in range(1, 90):
        for suffix in ('wav', 'json'):
            os.link(source / f'1_a_0_0_0.{suffix}', source / f'1_a_0_{number}_{number}.{suffix}')
    arguments = [source, '-o', shards, '--workers', '1']
    command = [sys.executable, '-m', 'diffsheg_model.cli.main', 'prepare', *map(str, arguments)]
    killed = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        while len(list(shards.glob('*/take.json'))) < 2 and killed.poll() is None:
            time.sleep(0.01)
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    finished = sorted(path.parent for path in shards.glob('[!.]*/take.json'))
    assert 2 <= len(finished) < 90
    inodes = {path: (path / 'motion.npy').stat().st_ino for path in finished}
    # what a kill in the middle of a take leaves
    leftover = shards / '.1_a_0_89_89.abcdefgh' / '1_a_0_89_89'
    leftover.mkdir(parents=True)
    (leftover / 'mel.npy').write_bytes(b'half')
    assert not (shards / 'dataset.json').exists()
    for path in source.iterdir():  # all the rest would take long
        if path.stem not in ('1_a_0_88_88', '1_a_0_89_89') and shards / path.stem not in inodes:
            path.unlink()
    assert run_prepare(source, '-o', shards) == 0
    for path, inode in inodes.items():
        assert (path / 'motion.npy').stat().st_ino == inode
    takes = {take.path.name for take in open_shards(shards).takes}
    assert takes == {path.stem for path in source.glob('*.wav')}
    assert [path.name for path in shards.glob('.*')] == ['.prepare.json.lock']


def many_takes(source: Path, count: int) -> None:
    light_take(source, '1_a_0_0_0', 10.0)
    for number in range(1, count):
        for suffix in ('wav', 'json'):
            os.link(source / f'1_a_0_0_0.{suffix}', source / f'1_a_0_{number}_{number}.{suffix}')


def start(source: Path, shards: Path, **environment: str) -> subprocess.Popen:
    arguments = ['prepare', str(source), '-o', str(shards), '--workers', '2']
    return subprocess.Popen(
        [sys.executable, '-m', 'diffsheg_model.cli.main', *arguments],
        cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_an_interrupt_ends_all_workers(tmp_path):
    source, shards = tmp_path / 'beat', tmp_path / 'shards'
    many_takes(source, 300)
    process = start(source, shards)
    try:
        while len(list(shards.glob('*/take.json'))) < 2 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and 'Traceback' not in shown
    assert 2 <= len(list(shards.glob('[!.]*/take.json'))) < 300
    assert [path.name for path in shards.glob('.*')] == ['.prepare.json.lock']


def test_a_worker_that_is_killed_costs_no_take(tmp_path):
    """The system kills any process when memory is short; its take is made again."""
    source, shards = tmp_path / 'beat', tmp_path / 'shards'
    many_takes(source, 20)
    process = start(source, shards)
    try:
        while len(list(shards.glob('*/take.json'))) < 2 and process.poll() is None:
            time.sleep(0.01)
        os.kill(a_worker_of(process.pid), signal.SIGKILL)
        _, shown = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0 and 'Traceback' not in shown
    assert '20 takes prepared' in shown and '; 0 skipped' in shown
    assert len(open_shards(shards).takes) == 20
    assert [path.name for path in shards.glob('.*')] == ['.prepare.json.lock']


def test_workers_end_with_a_killed_parent(tmp_path):
    """Else they would write into a folder that the next run believes to be its own."""
    source, shards = tmp_path / 'beat', tmp_path / 'shards'
    many_takes(source, 300)
    process = start(source, shards)
    try:
        while len(list(shards.glob('*/take.json'))) < 2 and process.poll() is None:
            time.sleep(0.01)
        worker = a_worker_of(process.pid)
    finally:
        process.kill()
        process.wait()
    deadline = time.monotonic() + 60
    while is_running(worker):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


# Runs in every process at its start: whoever opens the file of a bad take fails in its way.
HOOK = """
import ctypes, os, signal, sys, time

def hook(event, arguments):
    if event != 'open' or not str(arguments[0]).endswith('_0_1_1.json'):
        return
    name = str(arguments[0]).rpartition('/')[2].split('_')[1]
    if name == 'exits':
        os._exit(9)
    if name == 'killed':
        os.kill(os.getpid(), signal.SIGKILL)
    if name == 'crashes':
        ctypes.string_at(0)
    if name == 'hangs':
        time.sleep(3600)
    if name == 'raises':
        raise ZeroDivisionError('by chance')
    if name == 'recurses':
        raise RecursionError('too deep')
    if name == 'eats':
        bytearray(1 << 45)

sys.addaudithook(hook)
"""
BAD = {
    'exits': 'ended its worker process (status 9)',
    'killed': 'its worker process was killed by SIGKILL (out of memory?)',
    'crashes': 'its worker process was killed by SIGSEGV',
    'raises': 'by chance',
    'recurses': 'nested too deeply',
    'eats': 'takes more memory than',
    'hangs': 'did not end within 1',
}


@pytest.mark.parametrize('workers', [1, 3])
def test_takes_that_end_their_process_are_skipped_and_named(tmp_path, workers):
    source, shards, hooks = tmp_path / 'beat', tmp_path / 'shards', tmp_path / 'hooks'
    for number, name in enumerate(('good', *BAD, 'fine'), start=1):
        light_take(source, f'{number}_{name}_0_1_1')
    hooks.mkdir()
    (hooks / 'sitecustomize.py').write_text(HOOK)
    program = (
        'import sys; from diffsheg_model.data.recordings import prepare\n'
        'prepare.TAKE_LIMIT_S = 15.0\n'
        'from diffsheg_model.cli.main import main; sys.exit(main(sys.argv[1:]))'
    )
    ran = subprocess.run(
        [sys.executable, '-c', program, 'prepare', source, '-o', shards, '--workers', str(workers)],
        cwd=ROOT, env={**os.environ, 'PYTHONPATH': f'{hooks}:{ROOT}'},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0 and 'Traceback' not in ran.stderr, ran.stderr
    assert [take.path.name for take in open_shards(shards).takes] == [
        '1_good_0_1_1', '9_fine_0_1_1',
    ]  # fmt: skip
    reasons = {take['name']: take['reason'] for take in report_of(shards)['skipped']}
    assert [name.split('_')[1] for name in reasons] == list(BAD)
    for name, reason in reasons.items():
        assert BAD[name.split('_')[1]] in reason
        assert f'{name}: skipped: {reason}' in ran.stderr
    # Those that were skipped are tried again, and the others kept.
    inode = (shards / '1_good_0_1_1' / 'motion.npy').stat().st_ino
    assert run_prepare(source, '-o', shards) == 0
    assert len(open_shards(shards).takes) == 9
    assert (shards / '1_good_0_1_1' / 'motion.npy').stat().st_ino == inode
    assert [path.name for path in shards.glob('.*')] == ['.prepare.json.lock']


def test_a_table_that_is_cut_is_skipped(tmp_path, capsys):
    """Live Link Face killed in the middle of a row, and rows that hold no numbers."""
    source, shards = tmp_path / 'source', tmp_path / 'shards'
    for name in ('cut', 'good', 'words'):
        write_wav(source / f'{name}.wav', 4.0)
        write_live_link(source / f'{name}.csv', 4.0)
    table = source / 'cut.csv'
    table.write_text(table.read_text().rstrip()[:-200])
    table = source / 'words.csv'
    rows = table.read_text().splitlines()
    table.write_text('\n'.join([*rows[:-1], '99:99:99:' + '9' * 320 + rows[-1][11:]]))
    assert run_prepare(source, '-o', shards) == 0
    assert 'Traceback' not in capsys.readouterr().err
    report = report_of(shards)
    outcomes = {take['name'] for take in report['prepared'] + report['skipped']}
    assert outcomes == {'cut', 'good', 'words'}
    assert 'good' in {take['name'] for take in report['prepared']}
    assert all(take['reason'] for take in report['skipped'])


def a_worker_of(parent: int) -> int:
    """A process that the parent's fork server made."""
    parents = {}
    for status in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = status.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        parents[int(status.parent.name)] = int(fields[1])
    return next(
        pid for pid, server in parents.items() if server != parent and parents.get(server) == parent
    )


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 300 kB; skipped where none may be mounted."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', str(folder)]
    if not shutil.which('mount') or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip('no file system may be mounted here')
    yield folder
    subprocess.run(['umount', str(folder)], check=True)


def test_a_full_disk_is_one_line_and_the_takes_on_it_are_whole(small_disk, tmp_path, capsys):
    for number in range(1, 5):
        light_take(tmp_path / 'beat', f'{number}_a_0_1_1')
    assert run_prepare(tmp_path / 'beat', '-o', small_disk / 'shards') == 2
    shown = capsys.readouterr().err
    assert shown.startswith('error: cannot write ') and shown.count('\n') == 1
    assert 'No space left on device' in shown
    shards = small_disk / 'shards'
    whole = [path.parent.name for path in shards.glob('*/take.json')]
    assert whole == ['1_a_0_1_1']
    assert sorted(path.name for path in shards.iterdir()) == [
        '.prepare.json.lock', '1_a_0_1_1', 'prepare.json',
    ]  # fmt: skip
    subprocess.run(['mount', '-o', 'remount,size=3m', str(small_disk)], check=True)
    assert run_prepare(tmp_path / 'beat', '-o', shards) == 0
    assert len(open_shards(shards).takes) == 4


@pytest.mark.parametrize('limit', [100, 50_000], ids=['recipe', 'take'])
def test_a_disk_that_takes_no_more_is_one_line(tmp_path, limit):
    """A limit on file sizes ends a write as a full disk does, without a mount."""
    light_take(tmp_path / 'beat', '1_wayne_0_1_1')
    shards = tmp_path / 'shards'

    def confine() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    arguments = ['prepare', str(tmp_path / 'beat'), '-o', str(shards), '--workers', '1']
    ran = subprocess.run(
        [sys.executable, '-m', 'diffsheg_model.cli.main', *arguments],
        cwd=ROOT, capture_output=True, text=True, preexec_fn=confine, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr.startswith('error: cannot write ') and 'File too large' in ran.stderr
    assert ran.stderr.count('\n') == 1
    assert not list(shards.glob('*/*')) and not list(shards.glob('.1_*'))
