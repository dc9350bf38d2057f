"""Recordings of published motion and sound."""

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the messages need ROS 2')

from diffsheg_model.errors import InputError
from diffsheg_model.motion.rotations import (
    quaternion_from_rotvec,
    rotvec_from_euler_xyz,
    rotvec_from_quaternion,
    slerp,
)
from diffsheg_model.time_units import NS
from diffsheg_ros.motion_values import FaceMotion, JointMotion
from diffsheg_ros.recording.motion_recording import MotionRecording
from diffsheg_ros.ros.messages import AudioPiece

T0 = 1_700_000_000 * NS
RATE = 16000


def show(recording: MotionRecording, time_ns: int, value: float) -> None:
    times = np.array([time_ns])
    weights = np.array([[value, 1 - value]], np.float32)
    recording.add_face(FaceMotion('u', ('open', 'blink'), times, weights))
    recording.add_joints(JointMotion(('A',), times, np.array([[[value, 0.5, -value]]]), None))


def speak(recording: MotionRecording, first: int, samples: np.ndarray, rate: int = RATE) -> None:
    recording.add_audio(AudioPiece('u', first, rate, samples, T0 + first * NS // rate, False))


def test_motion_begins_with_the_pose_of_the_first_sample():
    recording = MotionRecording()
    speak(recording, 160, np.zeros(1600, np.float32))
    # Uneven times, as of a timer, in any order; 0.5 s of rest before.
    times_s = np.sort(np.random.default_rng(0).uniform(-0.5, 2.0, 400))
    for time_s in np.random.default_rng(1).permutation(times_s):
        show(recording, T0 + round((0.7 + time_s) * NS), max(0.0, time_s) / 2)
    motion = recording.motion(60.0, 0.7)
    assert recording.audio_start_ns == T0
    assert motion.fps == 60 and motion.start_frame == 0
    assert motion.joint_names == ('A',) and motion.weight_names == ('open', 'blink')
    expected = np.arange(len(motion)) / 60 / 2
    assert len(motion) == int(times_s[-1] * 60) + 1
    np.testing.assert_allclose(motion.weights[:, 0], expected, atol=0.01)
    angles = np.stack([expected, np.full_like(expected, 0.5), -expected], axis=-1)
    np.testing.assert_allclose(motion.rotations[:, 0], rotvec_from_euler_xyz(angles), atol=0.01)


def test_angles_beyond_a_full_turn_stay_continuous():
    recording = MotionRecording()
    for index in range(61):
        show(recording, T0 + index * NS // 60, index * 0.2)
    motion = recording.motion(120.0, 0.0)
    around = rotvec_from_euler_xyz([[[5 * 0.2, 0.5, -5 * 0.2]], [[6 * 0.2, 0.5, -6 * 0.2]]])
    halfway = slerp(*quaternion_from_rotvec(around), np.array([0.5]))
    np.testing.assert_allclose(motion.rotations[11], rotvec_from_quaternion(halfway), atol=1e-4)


def test_full_turns_dropped_at_rest_move_nothing():
    recording = MotionRecording()
    for index in range(30):
        time_ns = T0 + index * NS // 60
        recording.add_face(FaceMotion('', ('open',), np.array([time_ns]), np.zeros((1, 1))))
        angles = np.array([[[0.3 + (2 * np.pi if index < 15 else 0.0), 0.5, -0.3]]])
        recording.add_joints(JointMotion(('A',), np.array([time_ns]), angles, None))
    motion = recording.motion(170.0, 0.0)
    still = rotvec_from_euler_xyz([[0.3, 0.5, -0.3]])
    np.testing.assert_allclose(motion.rotations, np.tile(still, (len(motion), 1, 1)), atol=1e-5)


def test_sound_is_placed_at_its_times_with_silence_between():
    recording = MotionRecording()
    speak(recording, 1600, np.full(800, 0.5, np.float32))
    speak(recording, 0, np.full(800, 0.25, np.float32))
    speak(recording, 3200, np.full(800, 0.9, np.float32), rate=8000)
    speak(recording, 800, np.full(400, np.nan, np.float32))
    audio = recording.audio(10.0)
    # The recording begins with its first utterance: sample 1600 gives the time of sample 0.
    assert recording.audio_start_ns == T0
    np.testing.assert_array_equal(audio[:800], 0.25)
    np.testing.assert_array_equal(audio[800:1600], 0)
    np.testing.assert_array_equal(audio[1600:], 0.5)
    assert len(audio) == 2400
    assert len(recording.audio(0.1)) == 1600


def test_a_stamp_far_away_takes_no_memory():
    recording = MotionRecording()
    speak(recording, 0, np.zeros(10, np.float32))
    recording.add_audio(AudioPiece('v', 0, RATE, np.ones(10, np.float32), 2**31 * NS, True))
    assert len(recording.audio(2.0)) == 2 * RATE


def test_an_empty_recording_is_refused():
    recording = MotionRecording()
    with pytest.raises(InputError, match='nothing was published'):
        recording.motion(60.0, 0.0)
    show(recording, T0 - NS, 0.0)
    speak(recording, 0, np.zeros(10, np.float32))
    with pytest.raises(InputError, match='was not published'):
        recording.motion(60.0, 0.0)


def test_rows_with_other_names_are_left_out():
    recording = MotionRecording()
    for index in range(3):
        show(recording, T0 + index * NS, 0.1)
    recording.add_face(FaceMotion('u', ('x',), np.array([T0]), np.ones((1, 1), np.float32)))
    show(recording, T0 + 5 * NS, np.nan)
    assert recording.frames == 3
    assert recording.measured_rate_hz() == pytest.approx(1.0)
    assert recording.measured_rate_hz(T0 + NS // 2) == pytest.approx(1.0)
    assert recording.measured_rate_hz(T0 + 3 * NS) == 0
