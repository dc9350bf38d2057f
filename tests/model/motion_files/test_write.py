"""Exports: read back by other readers, whole or absent, one clear line when they cannot be made."""

import csv
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, SHOW_SKELETON, human
from diffsheg_model.motion.rotations import matrix_from_rotvec, rotvec_from_euler_xyz
from diffsheg_model.motion.skeleton import bone_ends, forward_kinematics, joint_frames
from diffsheg_model.motion_files import read_npz, write_bvh, write_face_csv, write_npz
from diffsheg_model.outputs import OUTPUT_FILES, write_outputs
from diffsheg_model.pictures.curves import motion_curves, plot_curves, waveform_envelope
from diffsheg_model.pictures.pose_strip import plot_pose_strip
from tests.support.paths import ROOT

RATE = 16000


def moving(format_=BEAT, frames=30, seed=0, start_frame=0) -> Motion:
    """Every joint and weight on its own smooth way, large enough to turn angles over."""
    rng = np.random.default_rng(seed)
    names = format_.joint_names + format_.face_joint_names
    times = np.arange(frames)[:, None, None] / format_.fps
    speed, phase = rng.uniform(1, 4, (2, len(names), 3))
    weights = 0.5 + 0.5 * np.sin(times[:, 0] * rng.uniform(1, 9, len(format_.weight_names)))
    return Motion(
        format_.fps,
        names,
        (1.5 * np.sin(speed * times + phase)).astype(np.float32),
        format_.weight_names,
        weights.astype(np.float32),
        start_frame,
    )


def tone(seconds=2.0) -> np.ndarray:
    times = np.arange(int(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * 3 * times) * np.sin(2 * np.pi * 220 * times)).astype(np.float32)


def png_size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[:24]
    assert header[:8] == b'\x89PNG\r\n\x1a\n'
    return int.from_bytes(header[16:20], 'big'), int.from_bytes(header[20:24], 'big')


# motion.bvh


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


# face.csv


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


# motion.npz


@pytest.mark.parametrize('format_', [BEAT, SHOW], ids=lambda format_: format_.name)
@pytest.mark.parametrize('frames', [0, 1, 30])
def test_npz_comes_back_as_it_was(tmp_path, format_, frames):
    motion = moving(format_, frames, start_frame=11)
    write_npz(tmp_path / 'motion.npz', motion)
    again = read_npz(tmp_path / 'motion.npz')
    assert (again.fps, again.start_frame) == (motion.fps, 11)
    assert again.joint_names == motion.joint_names
    assert again.weight_names == motion.weight_names
    assert np.array_equal(again.rotations, motion.rotations)
    assert np.array_equal(again.weights, motion.weights)
    assert again.rotations.dtype == again.weights.dtype == np.float32
    write_npz(tmp_path / 'again.npz', again)
    assert (tmp_path / 'again.npz').read_bytes() == (tmp_path / 'motion.npz').read_bytes()


def test_npz_of_no_use(tmp_path):
    write_npz(tmp_path / 'good.npz', moving())
    whole = (tmp_path / 'good.npz').read_bytes()
    with pytest.raises(InputError, match=r'cannot read .*absent\.npz: No such file'):
        read_npz(tmp_path / 'absent.npz')
    for name, content in [
        ('empty', b''),
        ('text', b'not an archive'),
        ('cut', whole[: len(whole) // 2]),
        ('spoilt', whole[:300] + bytes(400) + whole[700:]),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f'{name} is not a readable npz'):
            read_npz(tmp_path / name)
    np.save(tmp_path / 'one.npy', np.zeros(3))
    with pytest.raises(InputError, match='is not'):
        read_npz(tmp_path / 'one.npy')
    np.savez(tmp_path / 'other.npz', fps=15.0, rotations=np.zeros((2, 1, 3)))
    with pytest.raises(InputError, match='has no joint_names, weight_names, weights, start_frame'):
        read_npz(tmp_path / 'other.npz')
    fields = dict(np.load(tmp_path / 'good.npz'))
    np.savez(tmp_path / 'short.npz', **{**fields, 'weights': fields['weights'][:5]})
    with pytest.raises(InputError, match=r'short\.npz is not a motion file: .*shape'):
        read_npz(tmp_path / 'short.npz')
    np.savez(tmp_path / 'pickled.npz', **{**fields, 'joint_names': np.array([{}], dtype=object)})
    with pytest.raises(InputError, match=r'pickled\.npz is not a readable npz'):
        read_npz(tmp_path / 'pickled.npz')


# pictures


def test_curves_are_those_of_the_motion():
    motion = moving()
    mouth, blink, speed = motion_curves(motion, BEAT_SKELETON)
    index = {name: i for i, name in enumerate(motion.weight_names)}
    assert np.array_equal(mouth.lines[0][2], motion.weights[:, index['jawOpen']])
    both = motion.weights[:, [index['eyeBlinkLeft'], index['eyeBlinkRight']]]
    assert np.allclose(blink.lines[0][2], both.mean(axis=1))
    assert [line[0] for line in speed.lines] == ['left', 'right']
    assert 'm/s' in speed.title


def test_wrist_speed_of_a_known_swing():
    """A straight left arm that swings at 2 rad/s: the wrist runs 2 x its 0.56 m a second."""
    rotations = np.zeros((31, 3, 3))
    rotations[:, 0, 1] = 2.0 * np.arange(31) / 30
    names = ('LeftArm', 'LeftForeArm', 'RightArm')
    motion = Motion(30.0, names, rotations, (), np.zeros((31, 0)))
    (speed,) = motion_curves(motion, BEAT_SKELETON)
    assert np.allclose(speed.lines[0][2][1:-1], 2 * 0.56, rtol=2e-3)
    assert np.allclose(speed.lines[1][2], 0)


def test_a_flame_motion_has_a_jaw_angle_and_no_blink():
    motion = moving(SHOW)
    mouth, speed = motion_curves(motion, SHOW_SKELETON)
    assert 'jaw angle, °' in mouth.title
    assert np.allclose(mouth.lines[0][2], np.rad2deg(motion.rotations[:, -1, 0]))
    assert 'wrist speed' in speed.title


@pytest.mark.parametrize(
    'format_, frames, audio',
    [
        (BEAT, 30, tone()),
        (SHOW, 30, np.zeros(RATE, np.float32)),
        (SHOW, 1, tone()[:1]),
        (BEAT, 1, tone()[:0]),
    ],
    ids=['speech', 'silence', 'one sample', 'no audio'],
)
def test_pictures_are_drawn(tmp_path, format_, frames, audio):
    motion, skeleton = moving(format_, frames), human(format_.name)
    plot_curves(tmp_path / 'curves.png', motion, skeleton, audio, RATE)
    assert png_size(tmp_path / 'curves.png')[0] == 1430
    plot_pose_strip(tmp_path / 'strip.png', motion, skeleton, audio, RATE, count=5)
    assert png_size(tmp_path / 'strip.png')[0] > 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ['curves.png', 'strip.png']


def test_equal_motions_give_equal_pictures(tmp_path):
    for name in ('a.png', 'b.png'):
        plot_curves(tmp_path / name, moving(), BEAT_SKELETON, tone(), RATE)
    assert (tmp_path / 'a.png').read_bytes() == (tmp_path / 'b.png').read_bytes()
    plot_curves(tmp_path / 'c.png', moving(seed=1), BEAT_SKELETON, tone(), RATE)
    assert (tmp_path / 'a.png').read_bytes() != (tmp_path / 'c.png').read_bytes()


def test_a_strip_needs_poses(tmp_path):
    with pytest.raises(InputError, match='no frames'):
        plot_pose_strip(tmp_path / 'a.png', moving()[:0], BEAT_SKELETON)
    with pytest.raises(InputError, match='count is 0'):
        plot_pose_strip(tmp_path / 'a.png', moving(), BEAT_SKELETON, count=0)


def test_the_envelope_covers_the_whole_recording():
    audio = np.zeros(600 * RATE, np.float32)
    audio[0], audio[-1], audio[99] = -0.5, 0.75, np.nan
    times_s, low, high = waveform_envelope(audio, RATE)
    assert len(times_s) == len(low) == len(high) == 1600
    assert 0 < times_s[0] < times_s[-1] < 600
    assert (low[0], high[-1]) == (-0.5, 0.75)


def test_matplotlib_is_loaded_only_to_draw():
    program = 'import sys, diffsheg_model.motion_files; print("matplotlib" in sys.modules)'
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert done.stdout.strip() == 'False', done.stderr


# all four


def folder_content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob('*.*')}


def test_outputs_are_four_files_that_agree(tmp_path):
    motion = moving()
    folder = tmp_path / 'deep' / 'out'
    paths = write_outputs(folder, motion, BEAT_SKELETON, tone(), RATE)
    assert [path.name for path in paths] == list(OUTPUT_FILES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(OUTPUT_FILES)
    assert [path.name for path in folder.parent.iterdir()] == ['out']
    assert np.array_equal(read_npz(folder / 'motion.npz').weights, motion.weights)
    table = np.loadtxt(folder / 'face.csv', delimiter=',', skiprows=1)
    assert np.allclose(table[:, 1:], motion.weights, atol=1e-6)
    assert (folder / 'motion.bvh').read_text().startswith('HIERARCHY\nROOT Hips\n')
    mask = os.umask(0)
    os.umask(mask)
    assert folder.stat().st_mode & 0o777 == 0o777 & ~mask


def test_a_second_run_replaces_the_files_and_leaves_others(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    write_outputs(tmp_path, moving(), BEAT_SKELETON, tone(), RATE)
    before = folder_content(tmp_path)
    write_outputs(tmp_path, moving(seed=1), BEAT_SKELETON, tone(), RATE)
    after = folder_content(tmp_path)
    assert sorted(after) == sorted([*OUTPUT_FILES, 'notes.txt'])
    assert after['notes.txt'] == b'mine'
    assert all(after[name] != before[name] for name in OUTPUT_FILES)


def test_a_motion_that_cannot_be_written_changes_nothing(tmp_path):
    write_outputs(tmp_path, moving(), BEAT_SKELETON, tone(), RATE)
    before = folder_content(tmp_path)
    broken = moving(seed=2)
    broken.weights[3, 3] = np.nan
    for folder in (tmp_path, tmp_path / 'new'):
        with pytest.raises(InputError, match='browOuterUpLeft is not finite in frame 3'):
            write_outputs(folder, broken, BEAT_SKELETON, tone(), RATE)
        with pytest.raises(InputError, match='no frames'):
            write_outputs(folder, broken[:0], BEAT_SKELETON, tone(), RATE)
    assert folder_content(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_that_cannot_be_put_in_place_puts_the_others_back(tmp_path):
    write_outputs(tmp_path, moving(), BEAT_SKELETON, tone(), RATE)
    (tmp_path / 'curves.png').unlink()
    (tmp_path / 'curves.png').mkdir()
    (tmp_path / 'face.csv').unlink()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(InputError, match=r'curves\.png: it is a folder'):
        write_outputs(tmp_path, moving(seed=1), BEAT_SKELETON, tone(), RATE)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert after == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, 'curves.png'])


def test_folders_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').write_text('here')
    with pytest.raises(InputError, match='it is a file; name a folder'):
        write_outputs(tmp_path / 'file', moving(), BEAT_SKELETON, tone(), RATE)
    with pytest.raises(InputError, match='cannot write .*file/out'):
        write_outputs(tmp_path / 'file' / 'out', moving(), BEAT_SKELETON, tone(), RATE)
    assert [path.name for path in tmp_path.iterdir()] == ['file']


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match='Permission denied; choose a writable folder'):
            write_outputs(tmp_path, moving(), BEAT_SKELETON, tone(), RATE)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize('limit, existing', [(4_000, False), (60_000, True)])
def test_no_room_leaves_nothing_half_written(tmp_path, existing, limit):
    """The system refuses to let any file grow past a limit, as a full disk does."""
    folder = tmp_path / 'out'
    if existing:
        write_outputs(folder, moving(), BEAT_SKELETON, tone(), RATE)
    before = folder_content(tmp_path)
    program = textwrap.dedent(f"""
        import resource, sys
        sys.path.insert(0, {str(ROOT)!r})
        from tests.model.motion_files.test_write import *
        motion, audio = moving(seed=1), tone()
        plot_curves({str(tmp_path / 'warm.png')!r}, motion, BEAT_SKELETON, audio, RATE)
        os.unlink({str(tmp_path / 'warm.png')!r})
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        try:
            write_outputs({str(folder)!r}, motion, BEAT_SKELETON, audio, RATE)
        except InputError as error:
            print(error)
    """)
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r'cannot write .*: File too large; .*\n', done.stdout), done.stdout
    assert folder_content(tmp_path) == before
    assert folder.exists() == existing
