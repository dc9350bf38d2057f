"""The ROS messages of a recording: their definitions, and their bytes without ROS.

A schema of an MCAP file carries the definition of its message and of all that it is made of, so
that a reader needs nothing else. The texts here are those of msg/*.msg and of the ROS packages,
without their comments.
"""

import re
import struct
from collections.abc import Sequence

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.revolute_joints import revolute_names
from diffsheg_model.time_units import NS

AUDIO_CHUNK = 'diffsheg_ros/msg/AudioChunk'
FACE_BLENDSHAPES = 'diffsheg_ros/msg/FaceBlendshapes'
FACE_TRAJECTORY = 'diffsheg_ros/msg/FaceTrajectory'
JOINT_STATE = 'sensor_msgs/msg/JointState'
JOINT_TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'
DIAGNOSTIC_ARRAY = 'diagnostic_msgs/msg/DiagnosticArray'

#: Topics of an avatar, relative to its namespace, and their types.
AVATAR_TOPICS = {
    'audio': AUDIO_CHUNK,
    'face': FACE_BLENDSHAPES,
    'joint_states': JOINT_STATE,
    'face_trajectory': FACE_TRAJECTORY,
    'joint_trajectory': JOINT_TRAJECTORY,
}

DEFINITIONS = {
    AUDIO_CHUNK: """\
std_msgs/Header header
string utterance_id
uint64 first_sample
uint32 sample_rate
float32[] samples
bool end_of_utterance
""",
    'diffsheg_ros/msg/Emphasis': """\
std_msgs/Header header
float32 duration
float32 gain
""",
    FACE_BLENDSHAPES: """\
std_msgs/Header header
string utterance_id
string[] names
float32[] weights
""",
    FACE_TRAJECTORY: """\
std_msgs/Header header
string utterance_id
string[] names
FacePoint[] points
""",
    'diffsheg_ros/msg/FacePoint': """\
float32[] weights
builtin_interfaces/Duration time_from_start
""",
    JOINT_STATE: """\
std_msgs/Header header
string[] name
float64[] position
float64[] velocity
float64[] effort
""",
    JOINT_TRAJECTORY: """\
std_msgs/Header header
string[] joint_names
JointTrajectoryPoint[] points
""",
    'trajectory_msgs/msg/JointTrajectoryPoint': """\
float64[] positions
float64[] velocities
float64[] accelerations
float64[] effort
builtin_interfaces/Duration time_from_start
""",
    DIAGNOSTIC_ARRAY: """\
std_msgs/Header header
DiagnosticStatus[] status
""",
    'diagnostic_msgs/msg/DiagnosticStatus': """\
byte OK=0
byte WARN=1
byte ERROR=2
byte STALE=3
byte level
string name
string message
string hardware_id
KeyValue[] values
""",
    'diagnostic_msgs/msg/KeyValue': """\
string key
string value
""",
    'std_msgs/msg/Header': """\
builtin_interfaces/Time stamp
string frame_id
""",
    'builtin_interfaces/msg/Time': """\
int32 sec
uint32 nanosec
""",
    'builtin_interfaces/msg/Duration': """\
int32 sec
uint32 nanosec
""",
}

_RULE = '=' * 80


def schema_text(kind: str) -> str:
    """The definition of a message type and of all types in it, as rosbag2 concatenates them."""
    parts = [DEFINITIONS[kind]]
    parts += [
        f'{_RULE}\nMSG: {part.replace("/msg/", "/")}\n{DEFINITIONS[part]}'
        for part in sorted(_parts(kind))
    ]
    return '\n'.join(parts)


def check_schema(topic: str, kind: str, encoding: str, text: str) -> None:
    """Refuses a recorded definition that is another than ours; comments do not count.

    Args:
        topic: for the message.
        kind: one of `DEFINITIONS`.
        encoding: of the schema, 'ros2msg' or another.
        text: the schema.

    Raises:
        InputError: it is another.
    """
    if encoding != 'ros2msg':
        raise InputError(
            f'topic {topic}: its schema is written in {encoding or "nothing"}, not in ros2msg; '
            'record with the MCAP storage of ros2 bag or with the monitor'
        )
    recorded = _layouts(kind, text)
    for name, fields in _layouts(kind, schema_text(kind)).items():
        if recorded.get(name) != fields:
            raise InputError(
                f"topic {topic}: {name} was recorded with a definition other than this version's; "
                'read it with the version that it was recorded with'
            )


def _parts(kind: str) -> set[str]:
    """The types that a type is made of, at any depth."""
    found: set[str] = set()
    for field_type, _ in _fields(kind, DEFINITIONS[kind]):
        part = field_type.split('[')[0].replace('/', '/msg/')
        if part in DEFINITIONS:
            found |= {part} | _parts(part)
    return found


def _layouts(kind: str, text: str) -> dict[str, list[tuple[str, str]]]:
    """Fields by type of a concatenated definition, the first type and those that it names."""
    root, *others = re.split(r'^={3,}\s*^MSG:\s*', text.replace('\r\n', '\n'), flags=re.MULTILINE)
    layouts = {_short(kind): _fields(kind, root)}
    for other in others:
        name, _, definition = other.partition('\n')
        layouts[_short(name.strip())] = _fields(name.strip(), definition)
    return layouts


def _fields(kind: str, definition: str) -> list[tuple[str, str]]:
    """(type, name) of each field; types of the same package get its name, constants are no fields.

    Types are named as package/Type.
    """
    package = kind.split('/')[0]
    found = []
    for line in definition.splitlines():
        words = line.split('#')[0].split(maxsplit=1)
        if len(words) < 2 or re.match(r'[A-Z][A-Z0-9_]*\s*=', words[1]):
            continue
        field_type = _short(words[0])
        if '/' not in field_type and field_type[0].isupper():
            field_type = f'{package}/{field_type}'
        found.append((field_type, words[1].split()[0]))
    return found


def _short(kind: str) -> str:
    return kind.replace('/msg/', '/')


def audio_chunk_bytes(
    stamp_ns: int,
    utterance_id: str,
    first_sample: int,
    sample_rate: int,
    samples: np.ndarray,
    end: bool,
) -> bytes:
    """An AudioChunk; samples (n,) float32."""
    cdr = _Cdr(stamp_ns)
    cdr.text(utterance_id)
    cdr.number('Q', first_sample)
    cdr.number('I', sample_rate)
    cdr.floats('f', samples)
    cdr.number('?', end)
    return bytes(cdr.data)


def face_bytes(
    stamp_ns: int, utterance_id: str, names: Sequence[str], weights: np.ndarray
) -> bytes:
    """A FaceBlendshapes; weights (W,) in the order of the names."""
    cdr = _Cdr(stamp_ns)
    cdr.text(utterance_id)
    cdr.texts(names)
    cdr.floats('f', weights)
    return bytes(cdr.data)


def joint_state_bytes(stamp_ns: int, joint_names: Sequence[str], angles: np.ndarray) -> bytes:
    """A JointState of human joints' angles (J, 3), radians."""
    cdr = _Cdr(stamp_ns)
    cdr.texts(revolute_names(joint_names))
    cdr.floats('d', angles)
    for _ in ('velocity', 'effort'):
        cdr.floats('d', np.zeros(0))
    return bytes(cdr.data)


class _Cdr:
    """A message in little-endian CDR, begun with its header (OMG DDSI-RTPS 2.3, section 10).

    Attributes:
        data: four bytes that name the encoding, then the fields, each on a multiple of its size
            counted from there.
    """

    def __init__(self, stamp_ns: int) -> None:
        self.data = bytearray(b'\0\1\0\0')
        seconds, nanoseconds = divmod(stamp_ns, NS)
        if not 0 <= seconds < 2**31:
            raise InputError(f'time {stamp_ns} ns: a ROS time must be from 0 to 2**31 seconds')
        self.number('i', seconds)
        self.number('I', nanoseconds)
        self.text('')

    def number(self, code: str, value: int) -> None:
        """A number of a kind of `struct`."""
        self._align(struct.calcsize(code))
        self.data += struct.pack('<' + code, value)

    def text(self, value: str) -> None:
        encoded = value.encode() + b'\0'
        self.number('I', len(encoded))
        self.data += encoded

    def texts(self, values: Sequence[str]) -> None:
        self.number('I', len(values))
        for value in values:
            self.text(value)

    def floats(self, code: str, values: np.ndarray) -> None:
        """float32 ('f') or float64 ('d') numbers of any shape."""
        self.number('I', np.size(values))
        if np.size(values):
            self._align(struct.calcsize(code))
            self.data += np.ascontiguousarray(values, dtype='<' + code).tobytes()

    def _align(self, size: int) -> None:
        self.data += bytes(-(len(self.data) - 4) % size)
