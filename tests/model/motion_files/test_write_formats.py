"""Live Link Face's table, BEAT's facial json, and the choice between the kinds of files."""

import csv
import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.cli.export import Format
from diffsheg_model.errors import InputError
from diffsheg_model.motion.avatar_rig import JAW_OPEN_RAD
from diffsheg_model.motion.formats import ARKIT_WEIGHTS, BEAT, SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, human
from diffsheg_model.motion_files.facial_json import write_facial_json
from diffsheg_model.motion_files.livelink.csv import COLUMNS, write_livelink_csv
from diffsheg_model.motion_files.livelink.curves import LIVELINK_CURVES, livelink_curves
from diffsheg_model.motion_files.read import read_motion
from diffsheg_model.motion_files.write import (
    FILE_FORMATS,
    MotionContent,
    format_of,
    write_motion,
)
from tests.model.motion_files.test_write import moving, tone
from tests.support.recordings import DATA


def face_of(frames: int = 30, fps: float = 60.0, **weights: float) -> Motion:
    """A still face; weights that are not named are 0."""
    values = np.zeros((frames, len(ARKIT_WEIGHTS)), np.float32)
    for name, value in weights.items():
        values[:, ARKIT_WEIGHTS.index(name)] = value
    return Motion(fps, (), np.zeros((frames, 0, 3), np.float32), ARKIT_WEIGHTS, values)


def bowed(*rotvecs: tuple[float, float, float]) -> Motion:
    """One frame with a neck of two joints and an open mouth."""
    rotations = np.array([rotvecs], np.float32)
    return Motion(60.0, ('Neck', 'Neck1'), rotations, ('jawOpen',), np.full((1, 1), 0.5))


def angle(motion: Motion, name: str) -> float:
    return float(livelink_curves(motion)[0, LIVELINK_CURVES.index(name)])


# Live Link Face


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


def test_the_head_turns_in_the_apps_signs():
    """Right, down and to the left shoulder are positive; the neck's joints add up."""
    assert angle(bowed((0, -0.3, 0), (0, -0.2, 0)), 'HeadYaw') == pytest.approx(0.5)
    assert angle(bowed((0.3, 0, 0), (0.2, 0, 0)), 'HeadPitch') == pytest.approx(0.5)
    assert angle(bowed((0, 0, -0.3), (0, 0, -0.2)), 'HeadRoll') == pytest.approx(0.5)
    motion = bowed((0.2, 0.4, -0.3), (0.1, -0.6, 0.2))
    yaw, pitch, roll = (angle(motion, f'Head{name}') for name in ('Yaw', 'Pitch', 'Roll'))
    whole = Rotation.from_rotvec(motion.rotations[0, 0]) * Rotation.from_rotvec(
        motion.rotations[0, 1]
    )
    again = (
        Rotation.from_rotvec([0, -yaw, 0])
        * Rotation.from_rotvec([pitch, 0, 0])
        * Rotation.from_rotvec([0, 0, -roll])
    )
    assert (whole.inv() * again).magnitude() < 1e-6
    assert angle(face_of(jawOpen=1), 'HeadPitch') == 0


def test_eyes_turn_where_they_look():
    left = face_of(eyeLookInLeft=0.5, eyeLookOutRight=0.5)
    assert angle(left, 'LeftEyeYaw') > 0.2 and angle(left, 'RightEyeYaw') > 0.2
    up = face_of(eyeLookUpLeft=1.0, eyeLookUpRight=1.0)
    assert angle(up, 'LeftEyePitch') == angle(up, 'RightEyePitch') == pytest.approx(-0.41)


@pytest.mark.skipif(not (DATA / 'arkit_face').is_dir(), reason='needs the real recordings')
@pytest.mark.parametrize('name', ['Angry', 'Happy', 'Sad'])
def test_eye_angles_are_near_the_apps_own(name):
    path = DATA / 'arkit_face' / f'iphone_{name}.csv'
    with open(path, newline='') as file:
        header, *rows = csv.reader(file)
    table = np.array([[float(cell) for cell in row[2:]] for row in rows])
    weights = table[:, [header.index(n[0].upper() + n[1:]) - 2 for n in ARKIT_WEIGHTS]]
    frames = len(table)
    motion = Motion(60.0, (), np.zeros((frames, 0, 3)), ARKIT_WEIGHTS, weights)
    curves = livelink_curves(motion)
    for part in ('LeftEyeYaw', 'LeftEyePitch', 'LeftEyeRoll', 'RightEyeYaw', 'RightEyePitch'):
        theirs = table[:, header.index(part) - 2]
        off = curves[:, LIVELINK_CURVES.index(part)] - theirs
        assert np.sqrt(np.mean(off**2)) < 0.04, part


def test_a_flame_motion_moves_jaw_and_head():
    motion = moving(SHOW)
    curves = livelink_curves(motion)
    jaw = np.clip(motion.rotations[:, -1, 0] / JAW_OPEN_RAD, 0, 1)
    assert np.allclose(curves[:, LIVELINK_CURVES.index('JawOpen')], jaw)
    assert curves[:, LIVELINK_CURVES.index('HeadYaw')].std() > 0.1
    others = [i for i, n in enumerate(LIVELINK_CURVES) if 'Head' not in n and n != 'JawOpen']
    assert not curves[:, others].any()


# BEAT's facial json


def test_facial_json_comes_back(tmp_path):
    motion = moving(start_frame=3)
    write_facial_json(tmp_path / 'face.json', motion)
    content = json.loads((tmp_path / 'face.json').read_text())
    assert list(content) == ['names', 'frames']
    assert content['names'] == list(BEAT.weight_names)
    assert list(content['frames'][0]) == ['weights', 'time', 'rotation']
    assert content['frames'][2]['time'] == pytest.approx(5 / 15)
    assert content['frames'][2]['rotation'] == []
    again = read_motion(tmp_path / 'face.json')
    assert (again.fps, again.start_frame) == (15, 3)
    assert np.allclose(again.weights, motion.weights, atol=1e-6)


@pytest.mark.skipif(not (DATA / 'arkit_face').is_dir(), reason='needs the real recordings')
def test_facial_json_has_the_layout_of_beat(tmp_path):
    path = DATA / 'arkit_face' / 'beat_26_reamey_0_103_103.json'
    theirs = json.loads(path.read_text())
    write_facial_json(tmp_path / 'face.json', read_motion(path))
    ours = json.loads((tmp_path / 'face.json').read_text())
    assert list(ours) == list(theirs) and ours['names'] == theirs['names']
    assert len(ours['frames']) == len(theirs['frames'])
    for frame in (0, 1000, 4018):
        one, other = ours['frames'][frame], theirs['frames'][frame]
        assert list(one) == list(other) and one['rotation'] == other['rotation']
        assert one['time'] == pytest.approx(other['time'])
        assert np.allclose(one['weights'], other['weights'], atol=1e-6)


def test_weights_that_a_motion_lacks_are_zero(tmp_path):
    motion = Motion(30.0, (), np.zeros((2, 0, 3)), ('jawOpen',), np.full((2, 1), 0.25))
    write_facial_json(tmp_path / 'face.json', motion)
    first = json.loads((tmp_path / 'face.json').read_text())['frames'][0]['weights']
    assert first[ARKIT_WEIGHTS.index('jawOpen')] == 0.25 and sum(first) == 0.25


# all kinds


def content_of(motion: Motion) -> MotionContent:
    of_show = any(name in motion.joint_names for name in SHOW.joint_names)
    return MotionContent(motion, human('show') if of_show else BEAT_SKELETON, tone(), 16000)


def without(motion: Motion, body: bool = False, face: bool = False) -> Motion:
    """The motion without its body or its face."""
    frames = len(motion)
    names = () if body else motion.joint_names
    rotations = np.zeros((frames, 0, 3), np.float32) if body else motion.rotations
    weights = np.zeros((frames, 0), np.float32) if face else motion.weights
    return Motion(motion.fps, names, rotations, () if face else motion.weight_names, weights)


def test_the_command_offers_the_kinds():
    assert list(Format.__args__) == list(FILE_FORMATS)


@pytest.mark.parametrize('kind', FILE_FORMATS)
@pytest.mark.parametrize('what', ['beat', 'show', 'face', 'body', 'one frame'])
def test_every_kind_takes_what_it_can_hold(tmp_path, kind, what):
    if kind == 'mcap':
        pytest.importorskip('mcap')
    motion = {
        'beat': moving(),
        'show': moving(SHOW),
        'face': without(moving(), body=True),
        'body': without(moving(), face=True),
        'one frame': moving(frames=1),
    }[what]
    path = tmp_path / f'motion{FILE_FORMATS[kind].suffix}'
    needs = FILE_FORMATS[kind].needs
    if needs and needs != what and what in ('face', 'body'):
        with pytest.raises(InputError, match=f'{kind} holds a {needs}, and the motion has none'):
            write_motion(path, content_of(motion), kind)
        assert list(tmp_path.iterdir()) == []
        return
    write_motion(path, content_of(motion), kind)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    # FLAME's coefficients are not ARKit's; one stamp tells no rate.
    if kind != 'glb' and (kind, what) not in (('csv', 'show'), ('mcap', 'one frame')):
        # Timecodes within one second do not tell their rate.
        again = read_motion(path, fps=60 if (kind, what) == ('livelink-csv', 'one frame') else None)
        assert again.duration_s == pytest.approx(motion.duration_s, abs=0.1)


@pytest.mark.parametrize('kind', FILE_FORMATS)
def test_no_kind_takes_what_is_broken(tmp_path, kind):
    path = tmp_path / f'motion{FILE_FORMATS[kind].suffix}'
    motion = moving()
    motion.weights[4, 24] = np.inf
    with pytest.raises(InputError, match='jawOpen is not finite in frame 4'):
        write_motion(path, content_of(motion), kind)
    motion = moving()
    motion.rotations[7, 2, 1] = np.nan
    with pytest.raises(InputError, match='joint Neck1 is not finite in frame 7'):
        write_motion(path, content_of(motion), kind)
    with pytest.raises(InputError, match='has no joint spine1'):
        write_motion(path, MotionContent(moving(SHOW), BEAT_SKELETON, tone(), 16000), kind)
    assert list(tmp_path.iterdir()) == []
    path.mkdir()
    with pytest.raises(InputError, match='it is a folder'):
        write_motion(path, content_of(moving()), kind)


def test_a_suffix_tells_the_kind(tmp_path):
    assert format_of(tmp_path / 'a.CSV') == 'csv'
    assert format_of(tmp_path / 'a.csv', 'livelink-csv') == 'livelink-csv'
    with pytest.raises(InputError, match=r'\.bvh, \.csv, \.json, \.npz, \.mcap, \.glb$'):
        format_of(tmp_path / 'a.fbx')
    with pytest.raises(InputError, match=r'files of format glb end in \.glb'):
        format_of(tmp_path / 'a.csv', 'glb')
