"""Tables of face weights, written and read back."""

import csv
import re

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import ARKIT_WEIGHTS, BEAT
from diffsheg_model.motion_files import write_face_csv
from diffsheg_model.motion_files.read import read_motion
from tests.support.motions import moving


def test_face_csv_reads_as_a_table(tmp_path):
    motion = moving(start_frame=30)
    write_face_csv(tmp_path / 'face.csv', motion)
    with open(tmp_path / 'face.csv', newline='') as file:
        header, *rows = csv.reader(file)
    assert header == ['time_s', *BEAT.weight_names]
    assert all(re.fullmatch(r'\d+\.\d{6}', value) for row in rows for value in row)
    table = np.array(rows, dtype=float)
    assert np.allclose(table[:, 0], (30 + np.arange(30)) / 15, atol=1e-6)
    assert np.allclose(table[:, 1:], motion.weights, atol=1e-6)
    motion.weights[4, 24] = np.inf
    with pytest.raises(InputError, match='jawOpen is not finite in frame 4'):
        write_face_csv(tmp_path / 'other.csv', motion)
    assert [path.name for path in tmp_path.iterdir()] == ['face.csv']


def test_face_csv_comes_back(tmp_path):
    motion = moving()
    write_face_csv(tmp_path / 'face.csv', motion)
    again = read_motion(tmp_path / 'face.csv')
    assert (again.fps, again.joint_names, again.weight_names) == (15, (), ARKIT_WEIGHTS)
    assert again.rotations.shape == (30, 0, 3)
    assert np.allclose(again.weights, motion.weights, atol=1e-4)
