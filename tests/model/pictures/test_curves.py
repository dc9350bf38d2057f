"""Curves of a motion, and their picture."""

import subprocess
import sys

import numpy as np
import pytest

from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, SHOW_SKELETON, human
from diffsheg_model.pictures.curves import motion_curves, plot_curves, waveform_envelope
from diffsheg_model.pictures.pose_strip import plot_pose_strip
from tests.support.motions import RATE, moving, png_size, tone


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
