"""Clips: times, frames, poses, and files that cannot be shown."""

import numpy as np
import pytest
import soundfile

from diffsheg_model.errors import InputError
from diffsheg_model.motion.rotations import quaternion_from_rotvec
from diffsheg_model.motion_files import write_npz
from diffsheg_model.viewer.clip import Clip, load_clips
from tests.support.ramp_motion import ramp_motion


def test_a_motion_may_begin_later_than_the_sound():
    clip = Clip('a', ramp_motion(frames=10, fps=10.0, start_frame=20))
    assert clip.end_s == 3.0 and clip.time_s(0) == 2.0
    assert clip.frames(0.0, 2.05) == range(0, 1)
    assert clip.frames(2.05, 9.0) == range(1, 10)


def test_poses_are_interpolated_and_stay_within_the_motion():
    motion = ramp_motion(frames=10, fps=10.0)
    clip = Clip('a', motion)
    weights, quaternions = clip.pose(0.25)
    assert weights == pytest.approx([0.25])
    expected = quaternion_from_rotvec(np.full(3, 0.25))
    assert np.abs(quaternions[0] @ expected) == pytest.approx(1.0)
    assert clip.pose(-5.0)[0] == pytest.approx([0.0])
    assert clip.pose(5.0)[0] == pytest.approx([0.9])


def test_every_frame_belongs_to_one_interval():
    clip = Clip('a', ramp_motion(frames=100, fps=29.97))
    edges = np.sort(np.random.default_rng(3).uniform(0, 4, 50))
    frames = [
        frame
        for start, end in zip([0.0, *edges], [*edges, 10.0], strict=True)
        for frame in clip.frames(start, end)
    ]
    assert frames == list(range(100))


def test_another_skeleton_is_refused_with_the_file_and_the_joint(tmp_path):
    path = tmp_path / 'robot.npz'
    write_npz(path, ramp_motion(joints=('left_wheel',)))
    with pytest.raises(InputError, match=r'robot\.npz: .*left_wheel'):
        load_clips([path], None, None)


def test_the_sound_is_that_of_the_files_or_the_given_one(tmp_path):
    motion, speech = tmp_path / 'a.npz', tmp_path / 'a.wav'
    write_npz(motion, ramp_motion())
    soundfile.write(speech, np.full(800, 0.25), 8000)
    clips, sound, rate = load_clips([motion, motion], None, None)
    assert [clip.name for clip in clips] == ['a.npz', 'a.npz'] and len(sound) == 0
    _, sound, rate = load_clips([motion], speech, None)
    assert rate == 8000 and sound == pytest.approx(np.full(800, 0.25))
