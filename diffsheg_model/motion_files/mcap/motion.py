"""A motion and its sound as the messages of an MCAP recording."""

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


class TimedMessage(NamedTuple):
    """A message to be.

    Attributes:
        topic: one of `AVATAR_TOPICS`, relative.
        time_ns: when it is sent; of a motion's messages their stamp, too.
        data: CDR.
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
    """Writes the topics face and joint_states at the motion's fps, and audio in pieces of 40 ms.

    Equal motions give equal files. A motion that begins later than its sound (`start_frame`) is
    stamped so; read back, it holds its first frame until then.

    Args:
        path: the file.
        motion: at least one frame.
        audio: (n,) the speech, -1..1, from the start of the utterance; None for a motion alone.
        rate: its samples a second.
        start_ns: when the first sample is heard.
        namespace: of the topics, such as 'robot1'; '/face' and the others where it is empty.
        utterance_id: named by the messages.

    Raises:
        InputError: no frames, values that are not finite, a time that ROS cannot hold, a
            path that cannot be written, a full disk, or mcap is not installed.
    """
    messages = motion_messages(motion, audio, rate, start_ns=start_ns, utterance_id=utterance_id)
    with atomic_path(path) as temporary:
        recorder = McapRecorder(temporary)
        try:
            for topic, time_ns, data in messages:
                recorder.add(full_name(namespace, topic), AVATAR_TOPICS[topic], data, time_ns)
            recorder.close()
        except InputError as error:
            # The recorder speaks of the temporary file and of what is in it.
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from None
            raise


def motion_messages(
    motion: Motion, audio: np.ndarray | None, rate: int, *, start_ns: int, utterance_id: str
) -> Iterator[TimedMessage]:
    """The messages of a motion and its sound in the order of time; see `write_mcap`.

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

#: Sound that comes so long after the motion is left out: its stamps are of another clock.
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
    """Reads what `write_mcap`, the monitor or `ros2 bag record` wrote.

    Args:
        path: a .mcap file, or the folder of a bag.
        namespace: whose topics, '' for /face and the others; None where there is one avatar only.
        fps: frames a second of the motion, up to 1000; None: what its stamps say.
        delay_s: from hearing a sample to showing its motion; None: as the recorded diagnostics
            say, else 0.

    Returns:
        The motion from the moment on that shows the first sample, at even times; the sound (n,)
        float32 with silence where none was recorded, empty where there is none; its samples a
        second.

    Raises:
        InputError: no such file, not MCAP, no avatar's topics or those of several, other types or
            joints than an avatar's, nothing that could be read, an fps that is none, or mcap is
            not installed.
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
    """Takes the messages of an avatar apart.

    Attributes:
        kinds: the topics that it takes, with their types.
        stamped: what they said.
        delay_s: as the newest diagnostics say; 0 where there are none.
        unreadable: messages that are no such messages.
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
        except Exception:  # bytes that are no such message make a decoder raise anything
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
        # As the avatar hears it: sound takes the time that it lasts, whatever its stamps say.
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
