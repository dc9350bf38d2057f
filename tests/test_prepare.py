"""diffsheg prepare: shards out of recordings, reports, resume, kills and full disks."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_recordings import (
    write_beat_take,
    write_body,
    write_facial_json,
    write_live_link,
    write_show_take,
    write_wav,
)
from recordings import DATA

from diffsheg_model.cli.main import main
from diffsheg_model.errors import InputError
from diffsheg_model.formats import BEAT, SHOW
from diffsheg_model.prepare import PrepareOptions, prepare
from diffsheg_model.readers.recording import ReadOptions
from diffsheg_model.training.shards import open_shards

ROOT = Path(__file__).parents[1]


def run(*arguments: object) -> int:
    return main(['prepare', *map(str, arguments), '--workers', '1'])


def report_of(folder: Path) -> dict:
    return json.loads((folder / 'report.json').read_text())


def light_take(folder: Path, name: str, seconds: float = 4.0) -> None:
    """Sound and face only: quick to make and to read."""
    write_wav(folder / f'{name}.wav', seconds)
    write_facial_json(folder / f'{name}.json', seconds)


def bytes_of(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob('*')) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_beat_becomes_shards(tmp_path, caplog):
    caplog.set_level('INFO')
    write_beat_take(tmp_path / 'beat' / '2')
    light_take(tmp_path / 'beat' / '4', '4_lawrence_0_1_1', 3.0)
    assert run(tmp_path / 'beat', '-o', tmp_path / 'shards') == 0
    shards = open_shards(tmp_path / 'shards')
    assert shards.format == BEAT and shards.speaker_names[3] == 'lawrence'
    whole, face = shards.takes
    assert (whole.path.name, face.path.name) == ('2_scott_0_1_1', '4_lawrence_0_1_1')
    assert (whole.speaker, face.speaker) == (1, 3)
    assert len(whole.motion) == len(whole.mel) == 60 and len(face.motion) == 45
    assert whole.valid.all()
    assert not face.valid[:141].any() and face.valid[141:].all()
    assert face.lacking[:141].all()
    assert whole.semantic is not None and whole.semantic.max() == np.float32(0.9)
    assert 'non-commercial' in whole.licence
    words = json.loads((whole.path / 'words.json').read_text())
    assert words[0] == [0.5, 1.25, 'say']
    samples, rate = soundfile.read(whole.path / 'audio.wav')
    assert (len(samples), rate) == (64000, 16000)
    # statistics of what was captured only
    np.testing.assert_allclose(shards.mean[:141], whole.motion[:, :141].mean(axis=0), atol=1e-5)
    both = np.concatenate([whole.motion[:, 141:], face.motion[:, 141:]])
    np.testing.assert_allclose(shards.std[141:], both.std(axis=0), atol=1e-5)
    report = report_of(tmp_path / 'shards')
    assert report['kind'] == 'beat' and report['skipped'] == []
    assert report['prepared'][1]['notes'] == ['no bvh: the body is masked']
    assert '2 takes prepared, 0.00 h; 0 skipped' in caplog.text


@pytest.mark.parametrize('kind', ['show', 'livelink'])
def test_other_kinds_become_shards(tmp_path, kind):
    source = tmp_path / 'source'
    if kind == 'show':
        write_show_take(source / 'seth' / 'v', 'clip')
    else:
        write_wav(source / 'a.wav', 4.0, 44100)
        write_live_link(source / 'a.csv', 4.0)
    assert run(source, '-o', tmp_path / 'shards') == 0
    shards = open_shards(tmp_path / 'shards')
    (take,) = shards.takes
    if kind == 'show':
        assert shards.format == SHOW and take.speaker == 2 and take.path.name == 'seth-v-clip'
        assert take.valid[:39].all() and not take.valid[39:129].any() and take.valid[129:].all()
    else:
        assert shards.format == BEAT and take.speaker == 0
        assert take.valid[141:].all() and not take.valid[:141].any()


def spoilt_source(folder: Path) -> None:
    """One good take, and one of each kind of fault."""
    for number, name in enumerate(
        ('good', 'nowav', 'nopair', 'duration', 'nan', 'joints', 'broken', 'short', 'mute'), start=1
    ):
        light_take(folder, f'{number}_{name}_0_1_1', 1.0 if name == 'short' else 3.0)
    (folder / '2_nowav_0_1_1.wav').unlink()
    (folder / '3_nopair_0_1_1.json').unlink()
    write_facial_json(folder / '4_duration_0_1_1.json', 2.0)
    face = folder / '5_nan_0_1_1.json'
    face.write_text(face.read_text().replace('[0.5,', '[NaN,', 1))
    write_body(folder / '6_joints_0_1_1.bvh', 3.0, 60)
    body = folder / '6_joints_0_1_1.bvh'
    body.write_text(body.read_text().replace('JOINT RightArm\n', 'JOINT Wing\n'))
    (folder / '7_broken_0_1_1.json').write_bytes(b'\xff\xfe\x00')
    (folder / '9_mute_0_1_1.wav').write_bytes(b'not audio at all')


def test_every_reason_to_skip_is_reported(tmp_path, caplog):
    caplog.set_level('INFO')
    spoilt_source(tmp_path / 'beat')
    assert run(tmp_path / 'beat', '-o', tmp_path / 'shards') == 0
    report = report_of(tmp_path / 'shards')
    assert [take['name'] for take in report['prepared']] == ['1_good_0_1_1']
    reasons = {take['name'].split('_')[1]: take['reason'] for take in report['skipped']}
    expected = {
        'nowav': 'no 2_nowav_0_1_1.wav beside its motion',
        'nopair': 'no 3_nopair_0_1_1.bvh and no 3_nopair_0_1_1.json beside its wav',
        'duration': 'durations disagree: 3.00 s of sound, but 4_duration_0_1_1.json has 120 frames',
        'nan': 'NaN in frame 0 of browDownLeft (1 such frames)',
        'joints': "another set of joints: lacks 1 of BEAT's 47 (RightArm)",
        'broken': 'is not text',
        'short': 'too short to train on: 1.00 s, a window of beat is 2.27 s',
        'mute': 'not a readable audio file',
    }
    assert reasons.keys() == expected.keys()
    for name, reason in expected.items():
        assert reason in reasons[name]
        assert f'skipped: {reasons[name]}' in caplog.text
    assert len(open_shards(tmp_path / 'shards').takes) == 1


def test_nothing_to_prepare_is_an_error_and_still_reported(tmp_path, capsys):
    write_wav(tmp_path / 'beat' / '1_wayne_0_1_1.wav')
    write_wav(tmp_path / 'beat' / '2_scott_0_1_1.wav', 1.0)
    (tmp_path / 'beat' / '2_scott_0_1_1.json').write_text('{}')
    assert run(tmp_path / 'beat', '-o', tmp_path / 'shards', '--kind', 'beat') == 2
    assert 'none of 2 takes could be prepared; see' in capsys.readouterr().err
    assert len(report_of(tmp_path / 'shards')['skipped']) == 2
    assert not (tmp_path / 'shards' / 'dataset.json').exists()


def test_run_again_keeps_what_is_done_and_tries_the_rest(tmp_path, caplog):
    source, shards = tmp_path / 'beat', tmp_path / 'shards'
    for number in (1, 2, 3):
        light_take(source, f'{number}_a_0_1_1')
    (source / '2_a_0_1_1.json').rename(tmp_path / 'away.json')
    assert run(source, '-o', shards) == 0
    done = (shards / '1_a_0_1_1' / 'motion.npy').stat()
    assert len(report_of(shards)['skipped']) == 1
    (tmp_path / 'away.json').rename(source / '2_a_0_1_1.json')
    # a take that was damaged since then is made anew
    cut = shards / '3_a_0_1_1' / 'mel.npy'
    whole = cut.read_bytes()
    cut.write_bytes(whole[:1000])
    assert run(source, '-o', shards) == 0
    assert '3_a_0_1_1/mel.npy: cut or corrupt' in caplog.text
    assert cut.read_bytes() == whole
    after = (shards / '1_a_0_1_1' / 'motion.npy').stat()
    assert (after.st_ino, after.st_mtime_ns) == (done.st_ino, done.st_mtime_ns)
    report = report_of(shards)
    assert report['skipped'] == [] and report['prepared'][0]['notes'] == [
        'no bvh: the body is masked'
    ]
    assert len(open_shards(shards).takes) == 3


def test_many_workers_write_the_same_bytes(tmp_path):
    for number in range(1, 4):
        light_take(tmp_path / 'beat', f'{number}_a_0_1_1')
    prepare(tmp_path / 'beat', tmp_path / 'one', PrepareOptions(), workers=1)
    prepare(tmp_path / 'beat', tmp_path / 'two', PrepareOptions(), workers=2)
    assert bytes_of(tmp_path / 'one') == bytes_of(tmp_path / 'two')


def test_a_part_may_be_chosen_and_options_are_kept(tmp_path, capsys):
    for number in range(1, 4):
        light_take(tmp_path / 'beat', f'{number}_a_0_1_1')
    shards = tmp_path / 'shards'
    options = ['-o', shards, '--only', '1_*', '--only', '3_*', '--speaker', 0, '--licence', 'mine']
    assert run(tmp_path / 'beat', *options) == 0
    takes = open_shards(shards).takes
    assert [take.path.name[0] for take in takes] == ['1', '3']
    assert {take.speaker for take in takes} == {0} and takes[0].licence == 'mine'
    assert run(tmp_path / 'beat', *options[:-4], '--speaker', 1) == 2
    assert 'holds shards made with another speaker' in capsys.readouterr().err


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
    assert run(source, '-o', shards) == 0
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
        'import sys; from diffsheg_model import prepare; prepare.TAKE_LIMIT_S = 15.0\n'
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
    assert run(source, '-o', shards) == 0
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
    assert run(source, '-o', shards) == 0
    assert 'Traceback' not in capsys.readouterr().err
    report = report_of(shards)
    outcomes = {take['name'] for take in report['prepared'] + report['skipped']}
    assert outcomes == {'cut', 'good', 'words'}
    assert 'good' in {take['name'] for take in report['prepared']}
    assert all(take['reason'] for take in report['skipped'])


@pytest.mark.parametrize(
    'names',
    [('a/b', 'a-b'), ('a-b/c', 'a/b-c'), ('Take', 'take'), ('dataset.json', 'x'), ('é', 'e\u0301')],
)
def test_takes_that_would_share_a_name_are_both_prepared(tmp_path, caplog, names):
    source, shards = tmp_path / 'source', tmp_path / 'shards'
    for seconds, name in zip((3.0, 4.0), names, strict=True):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav(source / f'{name}.wav', seconds)
        write_live_link(source / f'{name}.csv', seconds)
    for _ in range(2):  # and again, to the same names
        assert run(source, '-o', shards) == 0
        takes = open_shards(shards).takes
        assert sorted(len(take.motion) for take in takes) == [45, 60]
        folded = {take.path.name.casefold() for take in takes}
        assert len(folded) == 2 and 'dataset.json' not in folded
    if 'x' not in names:
        (line,) = {record.getMessage() for record in caplog.records if 'share' in record.msg}
        assert all(f'{name}.csv' in line for name in names)


def test_a_path_longer_than_a_name_may_be_is_prepared(tmp_path):
    source = tmp_path / 'source' / ('f' * 150) / ('g' * 150)
    source.mkdir(parents=True)
    write_wav(source / 'a.wav', 3.0)
    write_live_link(source / 'a.csv', 3.0)
    assert run(tmp_path / 'source', '-o', tmp_path / 'shards') == 0
    assert len(open_shards(tmp_path / 'shards').takes) == 1


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
    assert run(tmp_path / 'beat', '-o', small_disk / 'shards') == 2
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
    assert run(tmp_path / 'beat', '-o', shards) == 0
    assert len(open_shards(shards).takes) == 4


@pytest.mark.parametrize('limit', [100, 50_000], ids=['recipe', 'take'])
def test_a_disk_that_takes_no_more_is_one_line(tmp_path, limit):
    """Where nothing may be mounted: a limit on files ends a write as a full disk does."""
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


def test_two_runs_do_not_share_a_folder(tmp_path):
    import fcntl

    light_take(tmp_path / 'beat', '1_wayne_0_1_1')
    shards = tmp_path / 'shards'
    shards.mkdir()
    with (shards / '.prepare.json.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match='another diffsheg prepare is at work there'):
            prepare(tmp_path / 'beat', shards, PrepareOptions(), workers=1)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nowhere'], 'no such folder'), (['.'], 'no recordings that are known'),
        (['.', '--kind', 'show'], 'has no recordings of kind show'),
        (['.', '--kind', 'facegood'], 'has no blendshape_names.npy'),
        (['.', '--kind', 'zoo'], 'zoo'), (['.', '--fps', '0'], '--fps 0.0: must be from 1'),
        (['.', '--tolerance', 'nan'], '--tolerance nan: must be above 0'),
        (['.', '--speaker', '-2'], '--speaker -2: must be 0 or more'),
    ],
)  # fmt: skip
def test_bad_options_are_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments, '-o', tmp_path.parent / 'out') == 2
    shown = capsys.readouterr().err
    assert shown.startswith('error: ') and message in shown and shown.count('\n') == 1
    assert not (tmp_path.parent / 'out').exists()


def test_shards_are_kept_apart_from_recordings(tmp_path):
    light_take(tmp_path, '1_wayne_0_1_1')
    with pytest.raises(InputError, match='choose a folder outside of the recordings'):
        prepare(tmp_path, tmp_path / 'shards', PrepareOptions(), workers=1)


def test_a_folder_of_two_kinds_must_be_told(tmp_path):
    light_take(tmp_path / 'both', '1_wayne_0_1_1')
    write_show_take(tmp_path / 'both', 'clip', 3.0)
    with pytest.raises(InputError, match=r'several kinds \(show, beat\): choose one by --kind'):
        prepare(tmp_path / 'both', tmp_path / 'shards', PrepareOptions(), workers=1)
    only_beat = PrepareOptions(kind='beat', reading=ReadOptions(tolerance_s=1.0))
    assert len(prepare(tmp_path / 'both', tmp_path / 'shards', only_beat, workers=1).prepared) == 1


def test_training_starts_on_prepared_shards(tmp_path):
    """On made takes, and on the real one where it is present."""
    pytest.importorskip('torch')
    pytest.importorskip('lightning')
    from test_training import TINY

    write_beat_take(tmp_path / 'made')
    light_take(tmp_path / 'made', '4_lawrence_0_1_1')
    arguments = ['--preset', 'beat', '-o', tmp_path / 'run']
    for source in filter(Path.is_dir, (tmp_path / 'made', DATA / 'beat_scott')):
        shards = tmp_path / f'shards-{source.name}'
        assert run(source, '-o', shards) == 0
        arguments += ['--data', shards]
    # The network of other tests: tracing another one takes half a minute.
    for setting in (
        'network.conv_frames=7', 'network.output=clean', *TINY, 'batches.batch_size=4',
        'batches.workers=0', 'run.max_steps=2', 'run.accelerator=cpu',
    ):  # fmt: skip
        arguments += ['--set', setting]
    assert main(['train', *map(str, arguments)]) == 0
    bundle = json.loads((tmp_path / 'run' / 'bundle' / 'bundle.json').read_text())
    assert 'takes: BEAT: non-commercial research only' in json.dumps(bundle)
