"""Numbers of CPU threads and of worker processes."""

import os

from diffsheg_model.errors import InputError

#: More threads than any machine has cores; an engine starts as many as it is told.
MAX_THREADS = 256


def thread_count(threads: int = 0) -> int:
    """The number of threads that is meant.

    Args:
        threads: 1 or more is taken as it is. 0 is all but one of the cores that this process may
            use (its affinity: taskset, a container's cpuset), and at least 1: features, playout
            and the rest of a robot's node take up to a core of their own. A container's CPU quota
            (docker --cpus) is no affinity; give the number there.

    Raises:
        InputError: less than 0, or more than `MAX_THREADS`.
    """
    if not 0 <= threads <= MAX_THREADS:
        raise InputError(
            f'threads = {threads}: must be 0 (all cores but one) or 1 to {MAX_THREADS}'
        )
    return threads or max(1, _usable_cores() - 1)


def process_count(workers: int = 0) -> int:
    """Return how many worker processes to start: as many as given, or one a core for 0.

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
