"""How many CPU threads networks run on."""

import os

from diffsheg_model.errors import InputError


def thread_count(threads: int = 0) -> int:
    """The number of threads that is meant.

    Args:
        threads: 1 or more is taken as it is. 0 is all but one of the cores that this process may
            use (its affinity: taskset, a container's cpuset), and at least 1: features, playout
            and the rest of a robot's node take up to a core of their own. A container's CPU quota
            (docker --cpus) is no affinity; give the number there.

    Raises:
        InputError: less than 0.
    """
    if threads < 0:
        raise InputError(f'threads = {threads}: must be 0 (all cores but one) or more')
    return threads or max(1, _usable_cores() - 1)


def _usable_cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
