"""motion.mcap: a motion and its sound as the messages that the avatar publishes.

Foxglove opens it, `ros2 bag play` and the replay node play it.
"""

import heapq
import os
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import euler_xyz_unwrapped
from diffsheg_model.motion_files.checks import check_rotations, check_times, check_weights
from diffsheg_model.motion_files.mcap.messages import (
    AVATAR_TOPICS,
    audio_chunk_bytes,
    face_bytes,
    joint_state_bytes,
)
from diffsheg_model.motion_files.mcap.reader import full_name
from diffsheg_model.motion_files.mcap.recorder import McapRecorder
from diffsheg_model.time_units import NS

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
