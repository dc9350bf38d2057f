"""Small recordings, and what independent readers find in a recording."""

from pathlib import Path

import numpy as np
from mcap.reader import make_reader
from rosbags import rosbag2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from diffsheg_model.motion_files.mcap.definitions import FACE_BLENDSHAPES, JOINT_STATE
from diffsheg_model.motion_files.mcap.messages import face_bytes, joint_state_bytes
from diffsheg_model.motion_files.mcap.recorder import McapRecorder
from diffsheg_model.time_units import NS

T0 = 1_700_000_000_123_456_789


def with_rosbags(path: Path) -> list[tuple[str, int, object]]:
    """Topic, time and message of all that an independent reader finds, decoded by the schemas."""
    with rosbag2.Reader(path) as reader:
        store = get_typestore(Stores.EMPTY)
        for connection in reader.connections:
            store.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
        return [
            (connection.topic, time_ns, store.deserialize_cdr(data, connection.msgtype))
            for connection, time_ns, data in reader.messages()
        ]


def with_mcap(path: Path) -> list[tuple[str, int]]:
    """Topic and time of all that the mcap library's own reader finds."""
    with path.open('rb') as file:
        reader = make_reader(file, validate_crcs=True)
        return [(channel.topic, message.log_time) for _, channel, message in reader.iter_messages()]


def record(path: Path, *messages: tuple[str, str, bytes], close: bool = True) -> Path:
    recorder = McapRecorder(path)
    for index, (topic, kind, data) in enumerate(messages):
        recorder.add(topic, kind, data, T0 + index)
    if close:
        recorder.close()
    else:
        recorder.flush()
    return path


def face_at(index: int, value: float = 0.5, space: str = '') -> tuple[str, str, bytes]:
    data = face_bytes(T0 + index * NS // 10, 'u', ['jawOpen'], np.array([value]))
    return f'{space}/face', FACE_BLENDSHAPES, data


def body_at(index: int, value: float = 0.5, space: str = '') -> tuple[str, str, bytes]:
    data = joint_state_bytes(T0 + index * NS // 10, ['Head'], np.array([[value, 0.0, 0.0]]))
    return f'{space}/joint_states', JOINT_STATE, data
