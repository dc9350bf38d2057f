"""Definitions of the ROS messages in a recording, as texts.

A schema of an MCAP file contains the definition of a message and of all its parts, so that a reader
needs no other file. The texts are those of msg/*.msg and of the ROS packages, without comments.
"""

import re
from functools import cache

from diffsheg_model.errors import InputError

AUDIO_CHUNK = 'diffsheg_ros/msg/AudioChunk'
FACE_BLENDSHAPES = 'diffsheg_ros/msg/FaceBlendshapes'
FACE_TRAJECTORY = 'diffsheg_ros/msg/FaceTrajectory'
JOINT_STATE = 'sensor_msgs/msg/JointState'
JOINT_TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'
DIAGNOSTIC_ARRAY = 'diagnostic_msgs/msg/DiagnosticArray'

#: Type of each topic of an avatar, relative to its namespace.
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
    """Return the definition of a message type and its parts, in rosbag2's concatenated form."""
    parts = [DEFINITIONS[kind]]
    parts += [
        f'{_RULE}\nMSG: {part.replace("/msg/", "/")}\n{DEFINITIONS[part]}'
        for part in sorted(_parts(kind))
    ]
    return '\n'.join(parts)


def check_schema(topic: str, kind: str, encoding: str, text: str) -> None:
    """Check that a recorded definition is the same as ours, apart from comments.

    Args:
        topic: name for the error.
        kind: key of `DEFINITIONS`.
        encoding: encoding of the schema, 'ros2msg' or another.
        text: the schema.

    Raises:
        InputError: the definitions differ.
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
    """Return the types of a message's parts, at any depth."""
    found: set[str] = set()
    for field_type, _ in _fields(kind, DEFINITIONS[kind]):
        part = field_type.split('[')[0].replace('/', '/msg/')
        if part in DEFINITIONS:
            found |= {part} | _parts(part)
    return found


def _layouts(kind: str, text: str) -> dict[str, list[tuple[str, str]]]:
    """Return the fields of each type in a concatenated definition."""
    root, *others = re.split(r'^={3,}\s*^MSG:\s*', text.replace('\r\n', '\n'), flags=re.MULTILINE)
    layouts = {_short(kind): _fields(kind, root)}
    for other in others:
        name, _, definition = other.partition('\n')
        layouts[_short(name.strip())] = _fields(name.strip(), definition)
    return layouts


def _fields(kind: str, definition: str) -> list[tuple[str, str]]:
    """Return (type, name) of each field, without constants.

    Message types get the form package/Type, also those of the same package.
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


@cache
def layout_of(kind: str) -> tuple[tuple[str, str], ...]:
    """Return (type, name) of each field of a type of `DEFINITIONS`; parts as package/msg/Type."""
    return tuple(
        (part.replace('/', '/msg/') if '/' in part else part, name)
        for part, name in _fields(kind, DEFINITIONS[kind])
    )
