"""Description of the machine that figures were measured on."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Return a description of this machine: processor, cores, memory, Python."""
    cpuinfo = Path('/proc/cpuinfo')
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    model = next(
        (line.split(':')[1].strip() for line in lines if line.startswith('model name')),
        platform.machine(),
    )
    gib = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    return f'{model}, {os.cpu_count()} cores, {gib:.0f} GiB, Python {platform.python_version()}'
