"""Conversions between arrays and ROS messages; units, order and names as the messages state them.

Times are integer nanoseconds of one clock. A human joint is three revolute joints `<joint>_x`,
`<joint>_y`, `<joint>_z`. Their angles (radians, R = Rx Ry Rz) are the last axis of `angles`.
Functions that read raise InputError for a message with parts that do not fit together.
"""

from array import array
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration, Time
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from diffsheg_model.errors import InputError
from diffsheg_model.motion.revolute_joints import human_names, revolute_names
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.motion_values import FaceMotion, JointMotion
from diffsheg_ros.msg import AudioChunk, Emphasis, FaceBlendshapes, FacePoint, FaceTrajectory
from diffsheg_ros.topic_values import (
    MAX_SOUND_STAMP_S,
    check_names,
    check_utterance_id,
    duration_ns,
    stamp_ns,
)


def to_stamp(time_ns: int) -> Time:
    """Return nanoseconds as a message's time.

    Raises:
        ValueError: the time is outside 0 to 2**31 seconds.
    """
    seconds, nanoseconds = divmod(int(time_ns), NS)
    if not 0 <= seconds < 2**31:
        raise ValueError(f'time_ns = {time_ns}: a ROS time must be from 0 to 2**31 seconds')
    return Time(sec=seconds, nanosec=nanoseconds)


def from_stamp(stamp: Time) -> int:
    """Return a message's time in nanoseconds.

    Raises:
        InputError: the time is out of range; see `stamp_ns`.
    """
    return stamp_ns(stamp.sec, stamp.nanosec)


def to_duration(duration_ns: int) -> Duration:
    """Return nanoseconds, which may be negative, as a message's duration."""
    seconds, nanoseconds = divmod(int(duration_ns), NS)
    return Duration(sec=seconds, nanosec=nanoseconds)


def from_duration(duration: Duration) -> int:
    """Return a message's duration in nanoseconds.

    Raises:
        InputError: the duration is out of range; see `duration_ns`.
    """
    return duration_ns(duration.sec, duration.nanosec)


def audio_chunk(piece: AudioPiece) -> AudioChunk:
    """Make the message of a piece of speech.

    Raises:
        ValueError: the samples are not one channel.
    """
    if np.ndim(piece.samples) != 1:
        raise ValueError(f'samples must have shape (n,), got {np.shape(piece.samples)}')
    return AudioChunk(
        # Just after a simulation's start, speech may begin before time 0: it is sent unstamped.
        header=Header(stamp=to_stamp(max(0, piece.start_ns))),
        utterance_id=piece.utterance_id,
        first_sample=int(piece.first_sample),
        sample_rate=int(piece.sample_rate),
        samples=_floats('f', piece.samples),
        end_of_utterance=bool(piece.end),
    )


def read_audio_chunk(message: AudioChunk) -> AudioPiece:
    """Read a chunk without a check of its samples, which stay in the message's memory.

    Raises:
        InputError: the stamp is out of range.
    """
    samples = np.frombuffer(message.samples, dtype=np.float32)
    samples.flags.writeable = False
    return AudioPiece(
        utterance_id=message.utterance_id,
        first_sample=message.first_sample,
        sample_rate=message.sample_rate,
        samples=samples,
        start_ns=_sound_stamp(message.header.stamp),
        end=message.end_of_utterance,
    )


def read_emphasis(message: Emphasis) -> tuple[int, float, float]:
    """Read a span: its begin, ns, its length, s, and its gain.

    Raises:
        InputError: the stamp is out of range. `Emphases` checks length and gain.
    """
    return _sound_stamp(message.header.stamp), message.duration, message.gain


def face_blendshapes(
    names: Sequence[str], weights: np.ndarray, *, time_ns: int, utterance_id: str = ''
) -> FaceBlendshapes:
    """Make the message of the face at one moment.

    Args:
        names: W names.
        weights: (W,) 0 to 1.
        time_ns: the moment.
        utterance_id: the utterance that is spoken, if any.
    """
    _check_shape('weights', weights, (len(names),))
    return FaceBlendshapes(
        header=Header(stamp=to_stamp(time_ns)),
        utterance_id=utterance_id,
        names=list(names),
        weights=_floats('f', weights),
    )


def read_face_blendshapes(message: FaceBlendshapes) -> FaceMotion:
    """Read the face at one moment, as one frame.

    Raises:
        InputError: there are not as many weights as names, or names or stamp are out of range.
    """
    check_names('FaceBlendshapes', message.names)
    check_utterance_id(message.utterance_id)
    _check_count('FaceBlendshapes', 'weights', message.weights, message.names)
    return FaceMotion(
        utterance_id=message.utterance_id,
        names=tuple(message.names),
        times_ns=np.array([from_stamp(message.header.stamp)]),
        weights=np.array(message.weights, dtype=np.float32)[np.newaxis],
    )


def face_trajectory(
    names: Sequence[str], weights: np.ndarray, times_ns: Sequence[int], *, utterance_id: str
) -> FaceTrajectory:
    """Make the message of planned face motion.

    Args:
        names: W names.
        weights: (F, W) 0 to 1.
        times_ns: (F,) when each frame is shown, rising; the first is the message's stamp.
        utterance_id: the utterance that is spoken.
    """
    _check_shape('weights', weights, (len(times_ns), len(names)))
    start_ns = _start_of(times_ns)
    return FaceTrajectory(
        header=Header(stamp=to_stamp(start_ns)),
        utterance_id=utterance_id,
        names=list(names),
        points=[
            FacePoint(weights=_floats('f', row), time_from_start=to_duration(time - start_ns))
            for row, time in zip(weights, times_ns, strict=True)
        ],
    )


def read_face_trajectory(message: FaceTrajectory) -> FaceMotion:
    """Read planned face motion.

    Raises:
        InputError: a point has not as many weights as there are names, or names or times are out
            of range.
    """
    check_names('FaceTrajectory', message.names)
    check_utterance_id(message.utterance_id)
    for point in message.points:
        _check_count('FaceTrajectory', 'weights', point.weights, message.names)
    weights = np.array([point.weights for point in message.points], dtype=np.float32)
    return FaceMotion(
        utterance_id=message.utterance_id,
        names=tuple(message.names),
        times_ns=_point_times(message),
        weights=weights.reshape(len(message.points), len(message.names)),
    )


def joint_state(
    joint_names: Sequence[str],
    angles: np.ndarray,
    *,
    time_ns: int,
    velocities: np.ndarray | None = None,
) -> JointState:
    """Make the message of the body at one moment.

    Args:
        joint_names: J names of human joints.
        angles: (J, 3) radians.
        time_ns: the moment.
        velocities: (J, 3) radians per second.
    """
    shape = (len(joint_names), 3)
    _check_shape('angles', angles, shape)
    message = JointState(
        header=Header(stamp=to_stamp(time_ns)),
        name=revolute_names(joint_names),
        position=_floats('d', angles),
    )
    if velocities is not None:
        _check_shape('velocities', velocities, shape)
        message.velocity = _floats('d', velocities)
    return message


def read_joint_state(message: JointState) -> JointMotion:
    """Read the body at one moment, as one frame.

    Raises:
        InputError: the joints are not human joints, or not as many as positions or velocities, or
            names or stamp are out of range.
    """
    check_names('JointState', message.name)
    joint_names = human_names(message.name)
    _check_count('JointState', 'positions', message.position, message.name)
    velocities = None
    if message.velocity:
        _check_count('JointState', 'velocities', message.velocity, message.name)
        velocities = np.array(message.velocity).reshape(1, -1, 3)
    return JointMotion(
        joint_names=joint_names,
        times_ns=np.array([from_stamp(message.header.stamp)]),
        angles=np.array(message.position).reshape(1, -1, 3),
        velocities=velocities,
    )


def joint_trajectory(
    joint_names: Sequence[str],
    angles: np.ndarray,
    velocities: np.ndarray,
    times_ns: Sequence[int],
) -> JointTrajectory:
    """Make the message of planned body motion.

    Args:
        joint_names: J names of human joints.
        angles: (F, J, 3) radians, continuous in time.
        velocities: (F, J, 3) radians per second.
        times_ns: (F,) when each frame is shown, rising. The first is the message's stamp, at which
            a controller joins it to the trajectory that it plays.
    """
    shape = (len(times_ns), len(joint_names), 3)
    _check_shape('angles', angles, shape)
    _check_shape('velocities', velocities, shape)
    start_ns = _start_of(times_ns)
    return JointTrajectory(
        header=Header(stamp=to_stamp(start_ns)),
        joint_names=revolute_names(joint_names),
        points=[
            JointTrajectoryPoint(
                positions=_floats('d', position),
                velocities=_floats('d', velocity),
                time_from_start=to_duration(time - start_ns),
            )
            for position, velocity, time in zip(angles, velocities, times_ns, strict=True)
        ],
    )


def read_joint_trajectory(message: JointTrajectory) -> JointMotion:
    """Read planned body motion.

    Raises:
        InputError: the joints are not human joints, the numbers of positions or velocities do not
            fit, or names or times are out of range.
    """
    check_names('JointTrajectory', message.joint_names)
    joint_names = human_names(message.joint_names)
    shape = (len(message.points), len(joint_names), 3)
    with_velocities = bool(message.points) and bool(message.points[0].velocities)
    for point in message.points:
        _check_count('JointTrajectory', 'positions', point.positions, message.joint_names)
        if with_velocities:
            _check_count('JointTrajectory', 'velocities', point.velocities, message.joint_names)
    return JointMotion(
        joint_names=joint_names,
        times_ns=_point_times(message),
        angles=np.array([point.positions for point in message.points]).reshape(shape),
        velocities=np.array([point.velocities for point in message.points]).reshape(shape)
        if with_velocities
        else None,
    )


def _sound_stamp(stamp: Time) -> int:
    """Return the stamp of sound, ns; one near the end of ROS time is moved away from it."""
    return min(from_stamp(stamp), MAX_SOUND_STAMP_S * NS)


def _floats(typecode: str, values: np.ndarray) -> array:
    """Return a float array for a message; rclpy takes an `array` whole, not number by number."""
    flat = array(typecode)
    flat.frombytes(np.ascontiguousarray(values, dtype=typecode).tobytes())
    return flat


def _start_of(times_ns: Sequence[int]) -> int:
    if len(times_ns) == 0:
        raise ValueError('a trajectory must have at least one point')
    return int(times_ns[0])


def _point_times(message: FaceTrajectory | JointTrajectory) -> np.ndarray:
    start_ns = from_stamp(message.header.stamp)
    times = [start_ns + from_duration(point.time_from_start) for point in message.points]
    return np.array(times, dtype=np.int64)


def _check_shape(name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    if np.shape(values) != shape:
        raise ValueError(f'{name} must have shape {shape}, got {np.shape(values)}')


def _check_count(kind: str, what: str, values: Sequence[float], names: Sequence[str]) -> None:
    if len(values) != len(names):
        raise InputError(
            f'a {kind} message has {len(values)} {what} for {len(names)} names; send one each'
        )
