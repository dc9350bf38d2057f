"""One reader for every file that holds a motion."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.bundle import DEFAULT_BUNDLE
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import ARKIT_WEIGHTS, BEAT, SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, SHOW_SKELETON
from diffsheg_model.motion_files import write_bvh, write_npz
from diffsheg_model.motion_files.read import read_motion, read_motion_and_sound, skeleton_for
from diffsheg_model.motion_files.write import MotionContent, format_of, write_motion
from tests.support.made_recordings import (
    weights,
    write_live_link,
)
from tests.support.motions import moving, tone
from tests.support.recordings import DATA


def test_npz_is_read_as_it_was_written(tmp_path):
    motion = moving(start_frame=7)
    write_npz(tmp_path / 'motion.NPZ', motion)
    again, audio, rate = read_motion_and_sound(tmp_path / 'motion.NPZ')
    assert np.array_equal(again.rotations, motion.rotations)
    assert np.array_equal(again.weights, motion.weights)
    assert (again.fps, again.start_frame, len(audio), rate) == (15, 7, 0, 16000)


def test_mcap_brings_its_sound(tmp_path):
    pytest.importorskip('mcap')
    from diffsheg_model.motion_files.mcap.motion import write_mcap

    motion = moving()
    write_mcap(tmp_path / 'motion.mcap', motion, tone(), 16000)
    again, audio, rate = read_motion_and_sound(tmp_path / 'motion.mcap')
    assert (len(again), again.fps, rate) == (30, 15, 16000)
    assert np.allclose(again.weights, motion.weights, atol=1e-6)
    assert np.allclose(audio, tone(), atol=1e-4)
    assert read_motion(tmp_path / 'motion.mcap', fps=30).duration_s == pytest.approx(2, abs=0.1)


def test_a_table_of_live_link_face_is_put_on_even_frames(tmp_path):
    write_live_link(tmp_path / 'take.csv', lost=(30, 31))
    again = read_motion(tmp_path / 'take.csv')
    assert (again.fps, len(again), again.weight_names) == (60, 240, ARKIT_WEIGHTS)
    assert np.allclose(again.weights, weights(240, 60), atol=1e-3)
    assert read_motion(tmp_path / 'take.csv', fps=30).duration_s == pytest.approx(8, abs=0.1)


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('absent.npz', None, 'no such file'),
        ('motion.fbx', b'', r'motion files end in \.npz, \.mcap, \.bvh, \.csv, \.json'),
        ('motion', b'', 'motion files end in'),
        ('motion.npz', b'zip', 'not a readable npz'),
        ('motion.bvh', b'HIERARCHY', 'not a BVH'),
        ('motion.csv', b'time_s,left\n0,1\n', 'none of its 2 columns is an ARKit blendshape'),
        ('motion.json', b'{}', r"is not a facial json of BEAT \(no 'names'\)"),
        ('motion.json', b'[1]', 'is not a facial json of BEAT'),
        ('motion.json', b'{"frames": [{"time": 1}], "names": []}', 'is not a facial json of BEAT'),
    ],
)
def test_what_is_no_motion_is_refused_in_one_line(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_motion(tmp_path / name)
    assert name in str(caught.value) and '\n' not in str(caught.value)


def test_other_refusals(tmp_path):
    motion = moving()
    write_npz(tmp_path / 'none.npz', motion[:0])
    with pytest.raises(InputError, match='its motion has no frames'):
        read_motion(tmp_path / 'none.npz')
    with pytest.raises(
        InputError, match=r'^0 frames a second of a motion file: must be from 1 to 1000'
    ):
        read_motion(tmp_path / 'none.npz', fps=0)
    with pytest.raises(InputError, match='is a folder'):
        read_motion(tmp_path)
    motion.rotations[3, 5, 0] = np.nan
    write_npz(tmp_path / 'nan.npz', motion)
    with pytest.raises(InputError, match=r'nan\.npz: .* RightForeArm is not finite in frame 3'):
        read_motion(tmp_path / 'nan.npz')
    write_bvh(tmp_path / 'other.bvh', moving(), BEAT_SKELETON)
    text = (tmp_path / 'other.bvh').read_text().replace('JOINT Neck1', 'JOINT Giraffe')
    (tmp_path / 'other.bvh').write_text(text)
    with pytest.raises(InputError, match=r'other\.bvh: .*has no joint Giraffe'):
        read_motion(tmp_path / 'other.bvh')


def test_the_skeleton_follows_from_the_joints():
    path = Path('motion.npz')
    assert skeleton_for(path, BEAT.joint_names).names == BEAT_SKELETON.names
    assert skeleton_for(path, ()).names == BEAT_SKELETON.names
    assert skeleton_for(path, SHOW.joint_names) is SHOW_SKELETON
    assert skeleton_for(path, BEAT.joint_names, DEFAULT_BUNDLE).names == BEAT_SKELETON.names
    with pytest.raises(InputError, match=r'^motion\.npz: .* has no joint left_knee'):
        skeleton_for(path, ('left_knee',), DEFAULT_BUNDLE)
    with pytest.raises(InputError, match=r'^motion\.npz: .* has no joint Tail'):
        skeleton_for(path, ('Spine', 'Tail'))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'fps': 0.0}, 'has 0 frames a second: must be from 1 to 10000'),
        ({'fps': 0.5}, 'has 0.5 frames a second: must be from 1 to 10000'),
        ({'fps': np.nan}, 'has nan frames a second'),
        ({'fps': 1e12}, 'has 1e'),
        ({'start_frame': -1}, 'begins with frame -1'),
        ({'start_frame': 10**300}, 'begins with frame 1000'),
        ({'joint_names': ('Hips',) * 47}, 'has Hips twice'),
        ({'weight_names': ('jawOpen',) * 51}, 'has jawOpen twice'),
    ],
)
def test_times_and_names_that_no_format_holds(tmp_path, change, message):
    motion = dataclasses.replace(moving(), **change)
    fields = {field.name: getattr(motion, field.name) for field in dataclasses.fields(motion)}
    fields['start_frame'] = float(motion.start_frame)
    np.savez(tmp_path / 'motion.npz', **fields)
    with pytest.raises(InputError, match=rf'motion\.npz: .*{re.escape(message)}'):
        read_motion(tmp_path / 'motion.npz')


def test_a_motion_of_nothing(tmp_path):
    nothing = Motion(15.0, (), np.zeros((5, 0, 3), np.float32), (), np.zeros((5, 0), np.float32))
    write_npz(tmp_path / 'nothing.npz', nothing)
    with pytest.raises(InputError, match='neither a body nor a face'):
        read_motion(tmp_path / 'nothing.npz')


def test_faces_with_jumping_times_are_refused(tmp_path):
    rows = [f'{time_s},0.5' for time_s in (0.0, 0.1, 0.2, 1e9)]
    (tmp_path / 'face.csv').write_text('\n'.join(['time_s,jawOpen', *rows]))
    frames = [{'weights': [0.5], 'time': time_s} for time_s in (0.0, 0.1, 0.2, 1e9)]
    (tmp_path / 'face.json').write_text(json.dumps({'names': ['jawOpen'], 'frames': frames}))
    for name in ('face.csv', 'face.json'):
        with pytest.raises(InputError, match=f'{name}: the times of its 4 frames jump'):
            read_motion(tmp_path / name)
        assert len(read_motion(tmp_path / name, fps=10)) == 4


@pytest.mark.skipif(not (DATA / 'beat_scott').is_dir(), reason='needs the real recordings')
def test_real_recordings():
    body = read_motion(DATA / 'beat_scott' / '2_scott_0_1_1.bvh', fps=15)
    assert (len(body), len(body.joint_names)) == (957, 75)
    assert body.duration_s == pytest.approx(64, abs=0.5)
    table = read_motion(DATA / 'arkit_face' / 'iphone_Sad.csv')
    assert (table.fps, table.weight_names) == (60, ARKIT_WEIGHTS)
    face = read_motion(DATA / 'arkit_face' / 'beat_26_reamey_0_103_103.json')
    assert (face.fps, len(face), face.start_frame) == (60, 4019, 1)


@pytest.mark.parametrize('name', ['a.npz', 'a.bvh', 'a.csv', 'a.json', 'a.glb', 'a.mcap'])
@pytest.mark.parametrize('fps', [0.5, 0.03, 0.0, np.nan, 1e6])
def test_no_writer_writes_a_rate_that_no_motion_has(tmp_path, name, fps):
    motion = dataclasses.replace(moving(), fps=fps)
    parts = MotionContent(motion, BEAT_SKELETON, np.zeros(0, np.float32), 16000)
    with pytest.raises(InputError, match='frames a second: must be from 1 to 10000'):
        write_motion(tmp_path / name, parts, format_of(tmp_path / name))
    assert list(tmp_path.iterdir()) == []
