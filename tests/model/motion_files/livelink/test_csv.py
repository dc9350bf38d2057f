"""Live Link Face's tables, read back and against the app's own."""

import csv

import numpy as np
import pytest

from diffsheg_model.motion.formats import ARKIT_WEIGHTS
from diffsheg_model.motion_files.livelink.csv import COLUMNS, write_livelink_csv
from diffsheg_model.motion_files.read import read_motion
from tests.model.motion_files.test_facial_json import face_of
from tests.support.motions import moving
from tests.support.recordings import DATA


def test_live_link_table_reads_as_the_motion(tmp_path):
    motion = moving(start_frame=15)
    write_livelink_csv(tmp_path / 'face.csv', motion)
    with open(tmp_path / 'face.csv', newline='') as file:
        header, *rows = csv.reader(file)
    assert header[:2] == ['Timecode', 'BlendshapeCount'] and len(header) == 63
    assert len(rows) == 120
    assert [row[0] for row in rows[:2]] == ['00:00:01:00.000', '00:00:01:01.000']
    assert rows[60][0] == '00:00:02:00.000'
    assert {row[1] for row in rows} == {'61'}
    table = {name: np.array([float(row[i]) for row in rows]) for i, name in enumerate(header) if i}
    for index, name in enumerate(ARKIT_WEIGHTS):
        column = table[name[0].upper() + name[1:]]
        # Every fourth row is a frame of the motion.
        assert np.allclose(column[::4], motion.weights[:, index], atol=1e-6)
    assert not table['TongueOut'].any()
    assert np.abs(table['HeadPitch']).max() > 0.1
    again = read_motion(tmp_path / 'face.csv')
    assert (again.fps, again.weight_names) == (60, ARKIT_WEIGHTS)
    assert np.allclose(again.weights[::4], motion.weights, atol=1e-5)


@pytest.mark.skipif(not (DATA / 'arkit_face').is_dir(), reason='needs the real recordings')
def test_the_columns_and_timecodes_are_the_apps(tmp_path):
    with open(DATA / 'arkit_face' / 'iphone_Sad.csv', newline='') as file:
        header, first, *_ = csv.reader(file)
    assert header == ['Timecode', 'BlendshapeCount', *COLUMNS]
    write_livelink_csv(tmp_path / 'face.csv', face_of())
    with open(tmp_path / 'face.csv', newline='') as file:
        ours = list(csv.reader(file))
    assert ours[0] == header
    assert [len(cell) for cell in ours[1][:1]] == [len(first[0])]
    assert ours[1][1] == first[1]
