"""Numbers of threads and processes."""

import os

import pytest

from diffsheg_model.cli.main import main
from diffsheg_model.errors import InputError
from diffsheg_model.threads import MAX_THREADS, process_count, thread_count


@pytest.mark.parametrize('count', [-1, MAX_THREADS + 1, 100_000, 10**30])
def test_absurd_numbers_are_refused_before_anything_starts(count):
    with pytest.raises(InputError, match=f'threads = {count}: must be 0'):
        thread_count(count)
    with pytest.raises(InputError, match=f'--workers {count}: must be from 1'):
        process_count(count)


def test_sensible_numbers_are_taken():
    assert thread_count(MAX_THREADS) == process_count(MAX_THREADS) == MAX_THREADS
    assert thread_count() >= 1 and process_count() >= 1


@pytest.mark.parametrize('command', ['prepare', 'corpus'])
def test_commands_refuse_them_in_one_line(command, tmp_path, capsys):
    source = [str(tmp_path)] if command == 'prepare' else []
    assert main([command, *source, '-o', str(tmp_path / 'out'), '--workers', '100000']) == 2
    shown = capsys.readouterr().err
    assert '--workers 100000: must be from 1 to 256, or 0 for one a core' in shown
    assert not (tmp_path / 'out').exists()


def test_threads_leave_a_core_to_the_rest():
    cores = len(os.sched_getaffinity(0))
    assert thread_count() == max(1, cores - 1)
    assert thread_count(7) == 7
    with pytest.raises(InputError, match='threads = -1: must be 0'):
        thread_count(-1)
    os.sched_setaffinity(0, (allowed := sorted(os.sched_getaffinity(0)))[:1])
    try:
        assert thread_count() == 1
    finally:
        os.sched_setaffinity(0, allowed)
