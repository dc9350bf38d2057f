"""The command line run in this process, and a motion file for it."""

import pytest

from diffsheg_model.cli.main import main
from diffsheg_model.motion_files import (
    write_npz,
)
from tests.support.motions import moving


def run(capfd, *arguments: object) -> tuple[int, str]:
    """The exit status and what was said on stderr."""
    status = main([str(argument) for argument in arguments])
    return status, capfd.readouterr().err


@pytest.fixture
def motion_npz(tmp_path):
    write_npz(tmp_path / 'motion.npz', moving())
    return tmp_path / 'motion.npz'
