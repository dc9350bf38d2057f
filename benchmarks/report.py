"""Prints a table and, where JSON names a file, writes its rows there."""

import json
import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from diffsheg_model.evaluation.machine import machine


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
