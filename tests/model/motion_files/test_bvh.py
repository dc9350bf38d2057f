"""BVH files, read back by another reader and by our own."""

import re

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, SHOW_SKELETON, human
from diffsheg_model.motion.rotations import matrix_from_rotvec, rotvec_from_euler_xyz
from diffsheg_model.motion.skeleton import bone_ends, forward_kinematics, joint_frames
from diffsheg_model.motion_files import write_bvh
from diffsheg_model.motion_files.read import read_motion
from tests.support.made_recordings import (
    swing,
    write_body,
)
from tests.support.motions import moving


@pytest.mark.parametrize('format_', [BEAT, SHOW], ids=lambda format_: format_.name)
def test_bvh_says_the_same_to_another_reader(tmp_path, format_):
    """Names, tree, offsets, frame time, every joint's orientation and place, by pybvh."""
    pybvh = pytest.importorskip('pybvh')
    motion, skeleton = moving(format_), human(format_.name)
    write_bvh(tmp_path / 'motion.bvh', motion, skeleton)
    read = pybvh.read_bvh_file(tmp_path / 'motion.bvh', world_up='+y')

    assert sorted(read.joint_names) == sorted(skeleton.names)
    assert read.frame_time == pytest.approx(1 / 15, abs=1e-8)
    assert read.frame_count == len(motion)
    assert set(read.euler_orders) == {'XYZ'}
    for node in read.nodes:
        if node.name in skeleton.names and node.parent is not None:
            joint = skeleton.index(node.name)
            assert node.parent.name == skeleton.names[skeleton.parents[joint]]
            assert np.allclose(node.offset, 100 * skeleton.offsets_m[joint], atol=1e-5)

    order = skeleton.indices(read.joint_names)
    ours = skeleton.full_pose(motion.joint_names, motion.rotations)[:, order]
    theirs = rotvec_from_euler_xyz(read.joint_angles)
    assert np.allclose(matrix_from_rotvec(theirs), matrix_from_rotvec(ours), atol=1e-6)
    positions = forward_kinematics(skeleton, motion.joint_names, motion.rotations)
    assert np.allclose(read.joint_positions() / 100, positions[:, order], atol=1e-6)

    ends = bone_ends(skeleton, *joint_frames(skeleton, motion.joint_names, motion.rotations))
    leaves = [joint for joint in range(len(skeleton.names)) if not skeleton.children(joint)]
    tips = [read.joint_tips[skeleton.names[joint]] for joint in leaves]
    assert np.allclose(read.node_positions()[:, tips] / 100, ends[:, leaves], atol=1e-6)


def test_bvh_has_the_layout_of_beat(tmp_path):
    write_bvh(tmp_path / 'motion.bvh', moving(), BEAT_SKELETON)
    text = (tmp_path / 'motion.bvh').read_text()
    assert tuple(re.findall(r'(?:ROOT|JOINT) (\S+)', text)) == BEAT_SKELETON.names
    assert text.count('CHANNELS 3 Xrotation Yrotation Zrotation') == 74
    assert 'CHANNELS 6 Xposition Yposition Zposition Xrotation Yrotation Zrotation' in text
    head, rows = text.split('Frame Time: 0.066666667\n')
    assert head.endswith('Frames: 30\n')
    values = np.array([[float(value) for value in row.split()] for row in rows.splitlines()])
    assert values.shape == (30, 3 + 3 * 75)
    assert np.array_equal(values[:, :6], np.tile([0, 95, 0, 0, 0, 0], (30, 1)))
    assert not re.search(r'-0\.0+\b', text)
    assert np.abs(np.diff(values, axis=0)).max() < 180


def test_joints_without_motion_stand_at_rest(tmp_path):
    pybvh = pytest.importorskip('pybvh')
    motion = Motion(15.0, ('Neck',), np.zeros((3, 1, 3)), (), np.zeros((3, 0)))
    write_bvh(tmp_path / 'motion.bvh', motion, BEAT_SKELETON)
    read = pybvh.read_bvh_file(tmp_path / 'motion.bvh', world_up='+y')
    rotvec = rotvec_from_euler_xyz(read.joint_angles)
    assert np.allclose(rotvec, np.tile(BEAT_SKELETON.rest, (3, 1, 1)), atol=1e-6)


def test_bvh_refusals(tmp_path):
    motion = moving()
    with pytest.raises(InputError, match='no frames'):
        write_bvh(tmp_path / 'a.bvh', motion[:0], BEAT_SKELETON)
    with pytest.raises(InputError, match='has no joint Spine, Neck'):
        write_bvh(tmp_path / 'a.bvh', motion, SHOW_SKELETON)
    motion.rotations[7, 2, 1] = np.nan
    with pytest.raises(InputError, match='joint Neck1 is not finite in frame 7'):
        write_bvh(tmp_path / 'a.bvh', motion, BEAT_SKELETON)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('format_', [BEAT, SHOW], ids=lambda format_: format_.name)
def test_bvh_holds_the_body_of_either_skeleton(tmp_path, format_):
    motion, skeleton = moving(format_), human(format_.name)
    write_bvh(tmp_path / 'motion.bvh', motion, skeleton)
    again = read_motion(tmp_path / 'motion.bvh')
    assert (again.fps, again.weight_names, again.weights.shape) == (15, (), (30, 0))
    assert sorted(again.joint_names) == sorted(skeleton.names)
    ours = skeleton.full_pose(motion.joint_names, motion.rotations)
    theirs = skeleton.full_pose(again.joint_names, again.rotations)
    assert np.allclose(matrix_from_rotvec(theirs), matrix_from_rotvec(ours), atol=1e-5)


def test_fps_replaces_a_wrong_rate_in_the_header(tmp_path):
    rotations = write_body(tmp_path / 'take.bvh', seconds=2.0, fps=120.0)
    assert read_motion(tmp_path / 'take.bvh').duration_s == 2
    slow = read_motion(tmp_path / 'take.bvh', fps=15)
    assert (slow.fps, slow.duration_s, len(slow)) == (15, 16, len(rotations))
    spine = slow.rotations[:, slow.joint_names.index('Spine')]
    assert np.allclose(spine, swing(240, 120.0)[:, 0], atol=1e-5)


def test_a_bvh_with_other_frames_than_it_says(tmp_path, caplog):
    write_bvh(tmp_path / 'take.bvh', moving(), BEAT_SKELETON)
    text = (tmp_path / 'take.bvh').read_text().replace('Frames: 30', 'Frames: 31')
    (tmp_path / 'take.bvh').write_text(text)
    assert len(read_motion(tmp_path / 'take.bvh')) == 30
    assert 'take.bvh states 31 frames, but has 30' in caplog.text
