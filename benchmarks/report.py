"""Prints a table and, where JSON names a file, writes its rows there."""

import json
import os
import platform
from pathlib import Path

from rich.console import Console
from rich.table import Table


def machine() -> str:
    """This machine in words: processor, cores, memory."""
    model = next(
        (
            line.split(':')[1].strip()
            for line in Path('/proc/cpuinfo').read_text().splitlines()
            if line.startswith('model name')
        ),
        platform.machine(),
    )
    gib = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    return f'{model}, {os.cpu_count()} cores, {gib:.0f} GiB, Python {platform.python_version()}'


def report(title: str, rows: list[dict[str, object]]) -> None:
    """Shows ``rows`` as a table under ``title``; JSON=file in the environment keeps them."""
    # A table that is cut is of no use, whatever the terminal's width.
    console = Console(width=max(120, Console().width))
    table = Table(title=title, caption=machine(), caption_justify='left')
    for column in rows[0]:
        table.add_column(column, justify='left' if isinstance(rows[0][column], str) else 'right')
    for row in rows:
        table.add_row(
            *(f'{cell:.4g}' if isinstance(cell, float) else str(cell) for cell in row.values())
        )
    console.print(table)
    if path := os.environ.get('JSON'):
        Path(path).write_text(json.dumps({'machine': machine(), 'rows': rows}, indent=1) + '\n')
        console.print(f'rows written to {path}')
