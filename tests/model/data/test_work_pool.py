"""Jobs that fail, hang or kill their worker, beside jobs that do not."""

import ctypes
import os
import signal
import time
from contextlib import closing

import pytest

from diffsheg_model.data import work_pool
from diffsheg_model.data.memory import available_bytes
from diffsheg_model.data.work_pool import Job, JobFailed, run_jobs
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import WriteError

MODULE = 'diffsheg_model.data.work_pool'


def double(number):
    return 2 * number


def leave(status):
    os._exit(status)


def crash():
    ctypes.string_at(0)


def hang():
    time.sleep(3600)


def refuse(message):
    raise InputError(message)


def fill_the_disk():
    raise WriteError('cannot write x', 28)


def fail():
    raise KeyError('missing')


def give_what_cannot_be_sent():
    return lambda: None


def die_the_first_time(marker):
    if not os.path.exists(marker):
        open(marker, 'w').close()
        os.kill(os.getpid(), signal.SIGKILL)
    return 'alive'


def take(memory_bytes):
    return len(bytearray(memory_bytes))


def pid_of_worker():
    return os.getpid()


def results(jobs, workers, **options):
    return {done.index: done for done in run_jobs(jobs, workers, MODULE, **options)}


@pytest.mark.parametrize('workers', [1, 2])
def test_only_the_jobs_that_fail_fail(workers):
    bad = [
        (Job(leave, (7,)), 'ended its worker process (status 7)'),
        (Job(crash, ()), 'its worker process was killed by SIGSEGV'),
        (Job(hang, (), limit_s=3.0), 'did not end within 3 s'),
        (Job(fail, ()), "KeyError: 'missing'"),
        (Job(give_what_cannot_be_sent, ()), 'its result cannot be sent'),
    ]
    jobs = [job for pair in bad for job in (Job(double, (21,)), pair[0])]
    done = results(jobs, workers)
    assert sorted(done) == list(range(10))
    for number, (_, message) in enumerate(bad):
        assert done[2 * number].value == 42 and done[2 * number].error is None
        error = done[2 * number + 1].error
        assert isinstance(error, JobFailed) and str(error).startswith(message)


def test_unusable_input_stays_what_it_was():
    done = results([Job(refuse, ('mute.wav: empty',)), Job(fill_the_disk, ())], 1)
    assert type(done[0].error) is InputError and str(done[0].error) == 'mute.wav: empty'
    assert isinstance(done[1].error, WriteError) and done[1].error.errno == 28


def test_a_job_whose_worker_was_killed_by_others_runs_again(tmp_path):
    jobs = [Job(die_the_first_time, (str(tmp_path / f'{n}'),)) for n in range(3)]
    done = results(jobs, 2).values()
    assert {(job.value, job.retried) for job in done} == {('alive', True)}


def test_memory_is_limited_and_a_job_alone_may_take_more(monkeypatch):
    if available_bytes() is None or not os.path.exists('/proc/self/status'):
        pytest.skip('this system does not say how much memory there is')
    monkeypatch.setattr(work_pool, 'available_bytes', lambda: 2_500_000_000)
    jobs = [Job(take, (1_500_000_000,)), Job(take, (1 << 40,)), Job(take, (1000,))]
    done = results(jobs, 2)  # 1 GB each, then 2 GB
    assert done[0].value == 1_500_000_000 and done[2].value == 1000
    assert str(done[1].error).startswith('takes more memory than 2.0 GB (MemoryError')


def test_a_process_for_each_job_where_asked_for():
    jobs = [Job(pid_of_worker, ())] * 4
    assert len({done.value for done in results(jobs, 2, fresh=True).values()}) == 4
    assert len({done.value for done in results(jobs, 1).values()}) == 1


def test_closing_ends_workers_that_are_busy():
    jobs = [Job(pid_of_worker, ()), Job(hang, ()), Job(hang, ())]
    with closing(run_jobs(jobs, 1, MODULE)) as running:
        pid = next(running).value
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_to_do():
    assert results([], 4) == {}
