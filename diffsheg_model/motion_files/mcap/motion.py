"""A motion and its sound in an MCAP recording, as the messages that the avatar publishes.

Foxglove opens such a file, `ros2 bag play` and the replay node play it.
"""

import heapq
import logging
import os
import re
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from diffsheg_model.audio.sample_clock import SampleClock
from diffsheg_model.audio.sound_file import MAX_SAMPLE_RATE
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.revolute_joints import human_names
from diffsheg_model.motion.rotations import euler_xyz_unwrapped
from diffsheg_model.motion.stamped_motion import StampedMotion
from diffsheg_model.motion_files.checks import check_rotations, check_times, check_weights
from diffsheg_model.motion_files.mcap.definitions import (
    AUDIO_CHUNK,
    AVATAR_TOPICS,
    DIAGNOSTIC_ARRAY,
    FACE_BLENDSHAPES,
    JOINT_STATE,
)
from diffsheg_model.motion_files.mcap.messages import (
    audio_chunk_bytes,
    face_bytes,
    joint_state_bytes,
)
from diffsheg_model.motion_files.mcap.reader import (
    McapMessage,
    choose_namespace,
    full_name,
    read_messages,
)
from diffsheg_model.motion_files.mcap.recorder import McapRecorder
from diffsheg_model.time_units import NS
from diffsheg_model.untrusted.reading import reader

CHUNK_S = 0.04
"""Seconds of sound in a message."""


class TimedMessage(NamedTuple):
    """An encoded message and its time.

    Attributes:
        topic: key of `AVATAR_TOPICS`.
        time_ns: time of sending; for messages of a motion also their stamp.
        data: the message in CDR.
    """

    topic: str
    time_ns: int
    data: bytes


def write_mcap(
    path: str | os.PathLike[str],
    motion: Motion,
    audio: np.ndarray | None,
    rate: int,
    *,
    start_ns: int = 0,
    namespace: str = '',
    utterance_id: str = 'motion',
) -> None:
    """Write the topics face and joint_states at the motion's fps, and audio in pieces of 40 ms.

    Equal motions give equal files. The start_frame of a motion shifts its stamps. A reader of the
    file holds the first frame until then.

    Args:
        path: the file.
        motion: at least one frame.
        audio: (n,) the speech, -1..1, from the start of the utterance; None for a motion alone.
        rate: sample rate of the audio, Hz.
        start_ns: time of the first sample.
        namespace: namespace of the topics, such as 'robot1'. Default: '/face' and so on.
        utterance_id: id in the messages.

    Raises:
        InputError: the motion has no frames or values that are not finite. Or ROS cannot hold the
            times, the path cannot be written, the disk is full, or mcap is not installed.
    """
    messages = motion_messages(motion, audio, rate, start_ns=start_ns, utterance_id=utterance_id)
    with atomic_path(path) as temporary:
        recorder = McapRecorder(temporary)
        try:
            for topic, time_ns, data in messages:
                recorder.add(full_name(namespace, topic), AVATAR_TOPICS[topic], data, time_ns)
            recorder.close()
        except InputError as error:
            # The recorder's own error names the temporary file.
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from None
            raise


def motion_messages(
    motion: Motion, audio: np.ndarray | None, rate: int, *, start_ns: int, utterance_id: str
) -> Iterator[TimedMessage]:
    """Yield the messages of a motion and its sound in the order of time; see `write_mcap`.

    Raises:
        InputError: no frames, no usable times, or values that are not finite.
    """
    if len(motion) == 0:
        raise InputError('the motion has no frames')
    check_times(motion)
    check_rotations(motion)
    check_weights(motion)
    parts = [_motion(motion, start_ns, utterance_id)]
    if audio is not None and len(audio):
        if not np.isfinite(audio).all():
            raise InputError('the sound has samples that are not finite')
        parts.append(_sound(audio, rate, start_ns, utterance_id))
    return heapq.merge(*parts, key=attrgetter('time_ns'))


def _motion(motion: Motion, start_ns: int, utterance_id: str) -> Iterator[TimedMessage]:
    angles = euler_xyz_unwrapped(motion.rotations)
    for index in range(len(motion)):
        time_ns = start_ns + round((motion.start_frame + index) * NS / motion.fps)
        weights = face_bytes(time_ns, utterance_id, motion.weight_names, motion.weights[index])
        yield TimedMessage('face', time_ns, weights)
        joints = joint_state_bytes(time_ns, motion.joint_names, angles[index])
        yield TimedMessage('joint_states', time_ns, joints)


def _sound(
    audio: np.ndarray, rate: int, start_ns: int, utterance_id: str
) -> Iterator[TimedMessage]:
    size = max(1, round(CHUNK_S * rate))
    for first in range(0, len(audio), size):
        time_ns = start_ns + first * NS // rate
        samples, end = audio[first : first + size], first + size >= len(audio)
        data = audio_chunk_bytes(time_ns, utterance_id, first, rate, samples, end)
        yield TimedMessage('audio', time_ns, data)


_LOG = logging.getLogger(__name__)

#: Seconds after the end of the motion. Later sound has stamps of another clock and is left out.
_LATEST_SOUND_S = 600.0
_NO_SOUND_RATE = 16000


@reader('a recording in MCAP')
def read_mcap(
    path: str | os.PathLike[str],
    *,
    namespace: str | None = None,
    fps: float | None = None,
    delay_s: float | None = None,
) -> tuple[Motion, np.ndarray, int]:
    """Read a recording of `write_mcap`, the monitor or `ros2 bag record`.

    Args:
        path: a .mcap file, or the folder of a bag.
        namespace: namespace of the avatar, '' for /face and the others. None selects the only one.
        fps: frames a second of the motion, up to 1000. None takes the rate of the stamps.
        delay_s: seconds from a sample to its motion. None takes the value in the recorded
            diagnostics, or else 0.

    Returns:
        The motion at even times, from the moment that shows the first sample. The sound (n,)
        float32, with silence in gaps, or empty without sound. The sample rate in Hz.

    Raises:
        InputError: the file does not exist, is not MCAP, has no avatar or several ones, or other
            types or joints than an avatar's. Or no message could be read, fps is out of range, or
            mcap is not installed.
    """
    if fps is not None and not 1 <= fps <= 1000:
        raise InputError(f'fps = {fps}: must be from 1 to 1000')
    reader = _Reader(choose_namespace(path, ('face', 'joint_states'), namespace, least=2))
    for message in read_messages(path, reader.kinds):
        reader.read_message(message)
    if reader.unreadable:
        _LOG.warning('%s: %d messages cannot be read and are left out', path, reader.unreadable)
    stamped = reader.stamped
    if stamped.left_out:
        _LOG.warning(
            '%s: %d messages of face and joint_states have NaN or other names than the first and '
            'are left out',
            path,
            stamped.left_out,
        )
    delay_s = reader.delay_s if delay_s is None else delay_s
    try:
        motion = stamped.motion(fps or stamped.likely_rate_hz(), delay_s)
    except InputError as error:
        raise InputError(f'{path}: {error}') from error
    longest_s = motion.duration_s + _LATEST_SOUND_S
    if (stamped.audio_end_ns - (stamped.audio_start_ns or 0)) / NS > longest_s:
        _LOG.warning('%s: sound more than %g s after the motion is left out', path, _LATEST_SOUND_S)
    audio = stamped.audio(longest_s)
    return motion, audio, stamped.sample_rate or _NO_SOUND_RATE


class _Reader:
    """A collector of the messages of one avatar.

    Attributes:
        kinds: type of each topic that it reads.
        stamped: motion and sound of the messages.
        delay_s: playout delay in the latest diagnostics; 0 without diagnostics.
        unreadable: number of messages that could not be decoded.
    """

    def __init__(self, space: str) -> None:
        self._handlers: dict[str, Callable[[Any], None]] = {
            f'{space}/audio': self._read_audio,
            f'{space}/face': self._read_face,
            f'{space}/joint_states': self._read_joints,
            '/diagnostics': self._read_diagnostics,
        }
        types = (AUDIO_CHUNK, FACE_BLENDSHAPES, JOINT_STATE, DIAGNOSTIC_ARRAY)
        self.kinds = dict(zip(self._handlers, types, strict=True))
        self.stamped = StampedMotion()
        self.delay_s = 0.0
        self._clocks: dict[str, SampleClock] = {}  # by utterance
        self._log_ns = 0
        self.unreadable = 0
        self._avatar = f'{space.strip("/")}/avatar: motion'.lstrip('/')

    def read_message(self, message: McapMessage) -> None:
        self._log_ns = message.log_ns
        try:
            decoded = message.decode(message.data)
        except Exception:  # damaged bytes may raise any exception
            self.unreadable += 1
            return
        try:
            self._handlers[message.topic](decoded)
        except InputError as error:
            raise InputError(f'topic {message.topic}: {error}') from error

    def _read_audio(self, message: Any) -> None:
        if message.sample_rate > MAX_SAMPLE_RATE:
            self.unreadable += 1
            return
        samples = np.array(message.samples, dtype=np.float32)
        first, rate = message.first_sample, message.sample_rate
        start_ns = _time_ns(message.header.stamp) or self._log_ns
        if not len(samples) or not rate:
            return
        # As in the avatar, samples follow each other at the sample rate, despite uneven stamps.
        clock = self._clocks.get(message.utterance_id)
        begun = clock is not None and clock.sample_rate == rate and first > 0
        if clock is None or not begun:
            clock = self._clocks[message.utterance_id] = SampleClock(rate, first, start_ns)
        clock.hear(first, start_ns)
        self.stamped.add_samples(clock.time_ns(first), first, rate, samples)

    def _read_face(self, message: Any) -> None:
        if len(message.names) != len(message.weights):
            self.unreadable += 1
            return
        weights = np.array(message.weights, dtype=np.float32)
        self.stamped.add_weights(tuple(message.names), _time_ns(message.header.stamp), weights)

    def _read_joints(self, message: Any) -> None:
        joint_names = human_names(message.name)
        if len(message.name) != len(message.position):
            self.unreadable += 1
            return
        angles = np.array(message.position).reshape(-1, 3)
        self.stamped.add_angles(joint_names, _time_ns(message.header.stamp), angles)

    def _read_diagnostics(self, message: Any) -> None:
        for status in message.status:
            if status.name == self._avatar:
                values = {item.key: item.value for item in status.values}
                delay = values.get('playout_delay_s', '')
                if re.fullmatch(r'\d+(\.\d+)?', delay):
                    self.delay_s = float(delay)


def _time_ns(stamp: Any) -> int:
    return int(stamp.sec) * NS + int(stamp.nanosec)
