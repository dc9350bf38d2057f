"""A training run that is killed or runs out of disk, for real: a process of its own."""

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.training import TINY, make_shards

pytest.importorskip('lightning')


def command(shards: Path, run: Path, *settings: str) -> list[str]:
    words = [sys.executable, '-W', 'ignore', '-m', 'diffsheg_model.cli.main', 'train']
    words += ['--data', str(shards), '-o', str(run)]
    for setting in (*TINY, *settings):
        words += ['--set', setting]
    return words


@pytest.fixture(scope='module')
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shards(tmp_path_factory.mktemp('shards') / 'made')


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_last_checkpoint(shards: Path, tmp_path: Path) -> None:
    run = tmp_path / 'run'
    settings = ('run.checkpoint_minutes=0.005', 'run.max_steps=100000')
    process = subprocess.Popen(
        command(shards, run, *settings),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while len(list(run.glob('checkpoints/*.ckpt'))) < 1:
        assert process.poll() is None, 'the run ended by itself'
        assert time.monotonic() < deadline, 'no checkpoint came'
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (run / 'bundle').exists()
    kept = max(int(path.stem) for path in run.glob('checkpoints/*.ckpt'))
    before = set((run / 'tensorboard').iterdir())
    again = command(shards, run, f'run.max_steps={kept + 3}')
    result = subprocess.run([*again, '--resume'], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert (run / 'bundle' / 'bundle.json').is_file()

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logs = set((run / 'tensorboard').glob('*tfevents*')) - before
    assert len(logs) == 1
    (log,) = logs
    events = EventAccumulator(str(log))
    events.Reload()
    assert [event.step for event in events.Scalars('train/loss')] == [kept, kept + 1, kept + 2]


def test_a_full_disk_is_said_in_one_line(shards: Path, tmp_path: Path) -> None:
    """No file may grow beyond 100 kB, as if the disk were full when a checkpoint is written."""
    run = tmp_path / 'run'
    result = subprocess.run(
        command(shards, run, 'run.max_steps=3'),
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert result.returncode == 2
    errors = [line for line in result.stderr.splitlines() if line.startswith('error: ')]
    assert len(errors) == 1
    assert 'Traceback' not in result.stderr
    assert f'cannot write to {run}' in errors[0]
    assert 'make room and go on with --resume' in errors[0]
    assert not (run / 'bundle').exists()
