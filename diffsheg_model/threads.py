"""Numbers of CPU threads and of worker processes."""

import os

from diffsheg_model.errors import InputError

#: Largest number of threads accepted: more than any machine has cores.
MAX_THREADS = 256


def thread_count(threads: int = 0) -> int:
    """Return the number of CPU threads for an engine.

    Args:
        threads: 1 or more is returned unchanged. 0 stands for all but one of the cores that this
            process may use, and at least 1; the last core is left to features and playout. The
            cores are those of the process affinity (taskset, a container's cpuset). A container's
            CPU quota (docker --cpus) is not an affinity: give a number there.

    Raises:
        InputError: less than 0, or more than `MAX_THREADS`.
    """
    if not 0 <= threads <= MAX_THREADS:
        raise InputError(
            f'threads = {threads}: must be 0 (all cores but one) or 1 to {MAX_THREADS}'
        )
    return threads or max(1, _usable_cores() - 1)


def process_count(workers: int = 0) -> int:
    """Return the number of worker processes: the given number, or for 0 one for each core.

    Raises:
        InputError: less than 0, or more than `MAX_THREADS`.
    """
    if not 0 <= workers <= MAX_THREADS:
        raise InputError(
            f'--workers {workers}: must be from 1 to {MAX_THREADS}, or 0 for one a core'
        )
    return workers or _usable_cores()


def _usable_cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
