"""Readers of damaged files succeed or raise one InputError, soon and with little memory.

These tests use some damaged files for each reader. `make test-faults` uses others, for minutes.
"""

import importlib
import re

import pytest

from diffsheg_model.untrusted.reading import READERS
from tests.support.fuzz_samples import SAMPLES
from tests.support.fuzzing import fuzz
from tests.support.paths import ROOT

PACKAGE = ROOT / 'diffsheg_model'
FILES = 40


def test_every_reader_has_a_sample():
    for path in sorted(PACKAGE.rglob('*.py')):
        if re.search(r'^@reader\(', path.read_text(encoding='utf-8'), re.MULTILINE):
            parts = path.relative_to(PACKAGE).with_suffix('').parts
            importlib.import_module('.'.join(('diffsheg_model', *parts)))
    names = {name.removeprefix('diffsheg_model.') for name in READERS}
    assert names
    assert {name for name in names if not any(key.startswith(name) for key in SAMPLES)} == set()
    assert {key for key in SAMPLES if not any(key.startswith(name) for name in names)} == set()


def test_every_file_of_the_folder_of_readers_stands_behind_the_border():
    unguarded = []
    folders = (PACKAGE / 'motion_files', PACKAGE / 'data' / 'recordings')
    for path in sorted(path for folder in folders for path in folder.rglob('*.py')):
        if path.name == 'read.py':  # calls the guarded readers
            continue
        lines = path.read_text(encoding='utf-8').splitlines()
        for before, line in zip(lines, lines[1:], strict=False):
            if re.match(r'def read(_\w+)?\(', line) and not before.startswith('@reader('):
                unguarded.append(f'{path.name}: {line}')
    assert unguarded == []


@pytest.mark.parametrize('name', SAMPLES)
def test_damaged_files_are_read_or_refused(name, tmp_path):
    sample = SAMPLES[name](tmp_path)
    fuzz(name, sample, 0, lambda count: count < FILES)
