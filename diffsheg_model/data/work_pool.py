"""Jobs in worker processes: a job that fails, hangs or kills its worker does not affect others."""

import contextlib
import math
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from multiprocessing import connection
from multiprocessing.context import ForkServerContext
from types import FrameType
from typing import Any

from diffsheg_model.data.memory import available_bytes, limit_memory
from diffsheg_model.errors import InputError, one_line

#: Share of the available memory for all workers together.
_MEMORY_PART = 0.8
#: Bytes that every worker may take, however many there are.
_LEAST_BYTES = 1 << 29
#: Seconds for a worker to remove its unfinished files before it is killed.
_PATIENCE_S = 5.0


class JobFailed(RuntimeError):
    """A job that raised another exception than InputError, or died with its worker.

    Attributes:
        retry: True if it may succeed alone, because others may have used the memory.
    """

    def __init__(self, message: str, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


@dataclass(frozen=True)
class Job:
    """A call in another process.

    Attributes:
        call: a function at module level, so that it can be pickled.
        arguments: its arguments, which can be pickled.
        limit_s: seconds after which the job counts as hanging and its worker is killed.
    """

    call: Callable[..., Any]
    arguments: tuple[Any, ...]
    limit_s: float = math.inf


@dataclass(frozen=True)
class Done:
    """Result of a job.

    Attributes:
        index: index of the job.
        value: returned value; None if it failed.
        error: an InputError that it raised, or JobFailed; None if it did not fail.
        retried: True if this was its second run; the first may have left files.
    """

    index: int
    value: Any = None
    error: InputError | JobFailed | None = None
    retried: bool = False


def run_jobs(
    jobs: Sequence[Job], workers: int, module: str, *, fresh: bool = False
) -> Generator[Done, None, None]:
    """Run jobs in worker processes and yield their results in any order.

    The workers share most of the available memory. A job that exceeds its share, or that kills its
    worker, runs once more at the end, alone and with all of that memory. Closing the generator ends
    all workers. Scripts must call this below ``if __name__ == '__main__'``, because it starts
    processes.

    Args:
        jobs: jobs of any number.
        workers: number of processes, 1 or more.
        module: the module of the jobs, imported once for all workers.
        fresh: True to start a new process for each job.
    """
    context = multiprocessing.get_context('forkserver')
    # Not fork, which copies locks in any state.
    context.set_forkserver_preload([module])
    again = []
    count = max(1, min(workers, len(jobs)))
    for done in _run(context, jobs, range(len(jobs)), count, fresh):
        if isinstance(done.error, JobFailed) and done.error.retry:
            again.append(done.index)
        else:
            yield done
    for index in again:
        for done in _run(context, jobs, [index], 1, fresh):
            yield replace(done, retried=True)


def _run(
    context: ForkServerContext, jobs: Sequence[Job], indices: Iterable[int], count: int, fresh: bool
) -> Generator[Done, None, None]:
    waiting = deque(indices)
    available = available_bytes()
    share = None
    if available is not None:
        share = max(_LEAST_BYTES, int(_MEMORY_PART * available / count))
    workers: dict[connection.Connection, _Worker] = {}
    try:
        while waiting or workers:
            while waiting and len(workers) < count:
                worker = _Worker(context, share)
                workers[worker.connection] = worker
                worker.give(waiting[0], jobs[waiting.popleft()])
            first = min(worker.deadline for worker in workers.values())
            limit_s = None if first == math.inf else max(0.0, first - time.monotonic())
            ready = connection.wait(list(workers), limit_s)
            for worker in list(workers.values()):
                if worker.connection in ready:
                    done = worker.collect()
                elif time.monotonic() >= worker.deadline:
                    done = worker.give_up()
                else:
                    continue
                if waiting and not fresh and not isinstance(done.error, JobFailed):
                    worker.give(waiting[0], jobs[waiting.popleft()])
                else:
                    # A worker that ran out of memory is not used again either.
                    workers.pop(worker.connection).end()
                yield done
    finally:
        for worker in workers.values():
            worker.process.terminate()
        for worker in workers.values():
            worker.end()


class _Worker:
    """Handle of a worker process, which runs one job after another.

    Args:
        context: context that starts the process.
        memory_bytes: memory limit of the process; None for none.
    """

    def __init__(self, context: ForkServerContext, memory_bytes: int | None) -> None:
        self.deadline = math.inf
        self._index = -1
        self._limit_s = math.inf
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, memory_bytes), daemon=True)
        self.process.start()
        theirs.close()

    def give(self, index: int, job: Job) -> None:
        self._index, self._limit_s = index, job.limit_s
        self.deadline = time.monotonic() + job.limit_s
        with contextlib.suppress(OSError):  # it has died: `collect` finds out
            self.connection.send((job.call, job.arguments))

    def collect(self) -> Done:
        """Return the result of the current job; the worker may have died."""
        try:
            value, error = self.connection.recv()
        except Exception:  # no answer, or a truncated one
            self.process.join(_PATIENCE_S)
            return Done(self._index, error=JobFailed(_death(self.process.exitcode), retry=True))
        return Done(self._index, value, error)

    def give_up(self) -> Done:
        self.process.kill()
        return Done(self._index, error=JobFailed(f'did not end within {self._limit_s:.0f} s'))

    def end(self) -> None:
        """End the worker; kill it if it does not end in time."""
        self.connection.close()
        self.process.join(_PATIENCE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(_PATIENCE_S)


def _death(status: int | None) -> str:
    if status is None or status >= 0:
        return f'ended its worker process (status {status})'
    name = signal.Signals(-status).name
    hint = ' (out of memory?)' if status == -signal.SIGKILL else ''
    return f'its worker process was killed by {name}{hint}'


def _work(parent: connection.Connection, memory_bytes: int | None) -> None:
    """Run jobs until the parent closes the connection; main function of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if memory_bytes is not None:
        limit_memory(memory_bytes)
    while True:
        try:
            call, arguments = parent.recv()
        except EOFError:
            return
        answer = _answer(call, arguments, memory_bytes)
        try:
            parent.send(answer)
        except OSError:
            return
        except Exception as error:
            parent.send((None, JobFailed(f'its result cannot be sent: {one_line(error)}')))


def _answer(
    call: Callable[..., Any], arguments: tuple[Any, ...], memory_bytes: int | None
) -> tuple[Any, InputError | JobFailed | None]:
    try:
        return call(*arguments), None
    except InputError as error:
        return None, error
    except MemoryError as error:
        most = 'the limit' if memory_bytes is None else f'{memory_bytes / 1e9:.1f} GB'
        return None, JobFailed(f'takes more memory than {most} ({one_line(error)})', retry=True)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # Rust libraries raise a panic that is no Exception
        return None, JobFailed(one_line(error))


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _end_with_parent() -> None:
    """End this process when its parent has ended: no one waits for the job any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
