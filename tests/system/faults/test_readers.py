"""Every reader with damaged files for as long as one likes.

DIFFSHEG_FUZZ_SECONDS (10) is the time for each reader, DIFFSHEG_FUZZ_SEED the damage; where it is
not set it is another each time, and named by a failure.
"""

import os
import time

import pytest

from tests.support.fuzz_samples import SAMPLES
from tests.support.fuzzing import fuzz

SECONDS = float(os.environ.get('DIFFSHEG_FUZZ_SECONDS', '10'))
SEED = int(os.environ.get('DIFFSHEG_FUZZ_SEED', time.time_ns() // 10**9))


@pytest.mark.slow
@pytest.mark.parametrize('name', SAMPLES)
def test_damaged_files_are_read_or_refused(name, tmp_path):
    end = time.monotonic() + SECONDS
    fuzz(name, SAMPLES[name](tmp_path), SEED, lambda count: time.monotonic() < end)
