"""Tables in text files: commas, semicolons or tabs, decimal points or commas, a header line."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.encodings import decode
from diffsheg_model.motion_files.track import read_text
from diffsheg_model.untrusted.budget import check_budget
from diffsheg_model.untrusted.reading import reader

_DELIMITERS = ',;\t|'
_HEADER_BYTES = 100_000
# Bytes of memory for each.
_CELL_BYTES, _ROW_BYTES = 60, 90
_QUOTED = re.compile(r'"[^"]*"')
_TOLD = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
"""The line in which Excel names the separator of the cells."""


@dataclass(frozen=True)
class Table:
    """A table's cells as text.

    Attributes:
        path: the file.
        header: names of the columns, without the spaces around them.
        rows: cells of every row that is not blank. A row may have fewer cells than the header.
        lines: number of the line on which each row ends, counted from 1.
    """

    path: Path
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, index: int) -> list[str]:
        """Return the cells of a column; an empty text for a row that is too short."""
        return [row[index].strip() if index < len(row) else '' for row in self.rows]


@reader('a table')
def read_table(path: Path) -> Table:
    """Read a table with a header line.

    Blank lines and lines with # before the header are skipped.

    Raises:
        InputError: the file cannot be read, has no rows, or a row has more cells than the header.
    """
    delimiter, begin, text = _layout(read_text(path))
    # A cell of a few digits takes ten times its own size.
    needed = _CELL_BYTES * text.count(delimiter) + _ROW_BYTES * text.count('\n')
    check_budget(needed, len(text), str(path))
    cells = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for row in cells:
            if any(cell.strip() for cell in row):
                found.append((begin + cells.line_num, row))
    except csv.Error as error:
        raise InputError(
            f'{path}: is not a table (line {begin + cells.line_num}: {error}); export it again'
        ) from error
    if len(found) < 2:
        raise InputError(f'{path}: has no rows; record or export it again')
    (_, header), *body = found
    for line, row in body:
        if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            raise InputError(f'{path}: {_too_many(line, row, header, delimiter)}')
    return Table(
        path, [name.strip() for name in header], [row for _, row in body], [n for n, _ in body]
    )


def header_of(path: Path) -> list[str]:
    """Return the names of a table's columns; an empty list if the file is not text."""
    if not path.is_file():  # opening a pipe would wait
        return []
    try:
        with path.open('rb') as file:
            data = file.read(_HEADER_BYTES)
    except OSError:
        return []
    text = decode(data, is_whole=len(data) < _HEADER_BYTES)
    if text is None:
        return []
    delimiter, _, text = _layout(text)
    try:
        first = next(csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [name.strip() for name in first]


def number(cell: str) -> float:
    """Return a cell's number, with a decimal point or comma; NaN for other text."""
    cell = cell.strip()
    if ',' in cell:
        if cell.rfind('.') > cell.rfind(',') or cell.count(',') > 1:
            cell = cell.replace(',', '')
        else:
            cell = cell.replace('.', '').replace(',', '.')
    try:
        return float(cell)
    except ValueError:
        return np.nan


def _layout(text: str) -> tuple[str, int, str]:
    """Return the separator, the number of lines before the header, and the rest of the text."""
    lines, begin, told = text.split('\n', 20), 0, ''
    for line in lines[:20]:
        if match := _TOLD.fullmatch(line):
            told = match[1]
        elif line.strip() and not line.lstrip().startswith('#'):
            break
        begin += 1
    if begin >= min(20, len(lines)):
        return ',', 0, text
    rest = '\n'.join(lines[begin:])
    header = _QUOTED.sub('', lines[begin])
    counts = {mark: header.count(mark) for mark in _DELIMITERS}
    delimiter = told or max(counts, key=lambda mark: counts[mark])
    if not told and not counts[delimiter]:
        delimiter = ' ' if len(header.split()) > 1 else ','
    return delimiter, begin, rest


def _too_many(line: int, row: list[str], header: list[str], delimiter: str) -> str:
    filled = [cell.strip() for cell in row if cell.strip()]
    if delimiter == ',' and all(
        re.fullmatch(r'[-+]?[\d:;.]+(?:[eE][-+]?\d+)?', cell) for cell in filled
    ):
        return (
            f'decimal commas in line {line}, where commas separate the cells too; save it with '
            f'semicolons between the cells, or with decimal points'
        )
    return f'line {line} has {len(row)} cells under {len(header)} names; export it again'
