"""Files that readers must refuse, and the check that the refusal is one line and costs little."""

import tracemalloc

import numpy as np
import pytest

from diffsheg_model.errors import InputError, printable
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.read import read_motion


def refusal(path, read=read_motion) -> str:
    """Return the error line of a refused file, once checked that the refusal took little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            read(path)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = path.stat().st_size if path.is_file() else 0
    assert taken < (96 << 20) + 10 * size, f'{taken / 1e6:.0f} MB'
    line = str(caught.value)
    assert line.isprintable() and printable(path.name) in line
    return line


def moving(frames: int) -> Motion:
    """Return a motion in which every joint is turned and every weight is set."""
    shape = (frames, len(BEAT.joint_names), 3)
    weights = np.full((frames, len(BEAT.weight_names)), 0.25, np.float32)
    return Motion(
        15.0, BEAT.joint_names, np.full(shape, 0.1, np.float32), BEAT.weight_names, weights
    )
