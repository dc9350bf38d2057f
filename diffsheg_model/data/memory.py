"""Memory of this machine and limits on the memory of a process."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path('/sys/fs/cgroup')


def available_bytes() -> int | None:
    """Return the available memory of the machine, or of its container if that is less.

    Returns:
        Bytes; None if the system does not report it.
    """
    known = [*_machine(), *_container()]
    return max(0, min(known)) if known else None


def limit_memory(more_bytes: int) -> None:
    """Limit further allocations of this process; beyond the limit MemoryError is raised.

    There is no limit where the system does not report the memory of a process.
    """
    held = next(_numbers(Path('/proc/self/status'), 'VmData:'), None)
    if held is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = held * 1024 + more_bytes
    for other in (soft, hard):
        if other != resource.RLIM_INFINITY:
            limit = min(limit, other)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _machine() -> Iterator[int]:
    for kibibytes in _numbers(Path('/proc/meminfo'), 'MemAvailable:'):
        yield kibibytes * 1024


def _container() -> Iterator[int]:
    """Yield the free bytes of this process's control group and of its parents."""
    try:
        lines = Path('/proc/self/cgroup').read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(':', 2)
        if controllers == '':
            top, limit, usage = _CGROUPS, 'memory.max', 'memory.current'
        elif 'memory' in controllers.split(','):
            top, limit, usage = (
                _CGROUPS / 'memory',
                'memory.limit_in_bytes',
                'memory.usage_in_bytes',
            )
        else:
            continue
        group = top / path.lstrip('/')
        while group.is_relative_to(top):
            with contextlib.suppress(OSError, ValueError):
                # Without a limit the file holds the word 'max'.
                free = int((group / limit).read_text()) - int((group / usage).read_text())
                # The kernel reclaims cached file pages when memory is short.
                yield free + sum(_numbers(group / 'memory.stat', 'inactive_file'))
            if group == top:
                break
            group = group.parent


def _numbers(path: Path, name: str) -> Iterator[int]:
    """Yield the numbers after a name in a file of names and numbers."""
    try:
        text = path.read_text()
    except OSError:
        return
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == name:
            yield int(words[1])
