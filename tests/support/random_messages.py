"""Random messages of any type, valid and absurd, each made again from its seed."""

import importlib
import time
from random import Random
from typing import Any

from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.revolute_joints import revolute_names

TEXTS = [
    '', 'avatar: motion', 'playout_delay_s', 'interrupts', 'state', 'publish_rate_hz', '1e308',
    '1e300', '-1', 'nan', 'inf', '0.5', '9' * 30, '9' * 5000, '1_000', '٣', '[/x]', '[red]a[/red]',
    ':smile:', '\x1b[2J', '\x1b]0;title\x07', '\x9b31m', 'a\nb', '\0', 'x' * 1500, 'jawOpen',
    'Neck_x', 'Neck_y', 'Neck_z', 'speaking', 'ünï\u2028', '\u202eabc', 'wave', 'S16LE',
]  # fmt: skip
FLOATS = [
    0.0, -0.0, 1.0, -1.0, float('nan'), float('inf'), -float('inf'), 1e30, 3e38, -3e38, 1e-40, 0.5,
    2.0, 3600.0, 9.3e9, 1e9,
]  # fmt: skip
JOINTS = (
    BEAT.joint_names, ('Neck', 'Neck'), ('jaw', 'head'), SHOW.joint_names + SHOW.face_joint_names,
    (), ('?',),
)  # fmt: skip


class RandomMessages:
    """Makes messages field by field, and half of them so that their parts fit together."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def message(self, kind: type) -> Any:
        """Return a message of a type; see `adjusted` for messages with parts that fit."""
        message = kind()
        for field, of in kind.get_fields_and_field_types().items():
            setattr(message, field, self.value(of))
        self._fit(message)
        return message

    def value(self, kind: str) -> Any:
        """Return a value of a field's type, as `get_fields_and_field_types` writes it."""
        if kind.startswith('sequence<'):
            inner = kind.removeprefix('sequence<')[:-1].split(',')[0].strip()
            count = self._random.choice([0, 1, 2, 3, 51, 141])
            return [self.value(inner) for _ in range(count)]
        if kind.endswith(']'):
            inner, count = kind[:-1].split('[')
            return [self.value(inner) for _ in range(int(count or self._random.randrange(4)))]
        if kind.startswith(('string', 'wstring')):
            return self._random.choice(TEXTS)
        if '/' in kind:
            package, name = kind.split('/')
            return self.message(getattr(importlib.import_module(f'{package}.msg'), name))
        return self._number(kind)

    def _number(self, kind: str) -> Any:
        random = self._random
        if kind in ('float', 'float32'):
            return random.choice([value for value in FLOATS if abs(value) != 1e300])
        if kind in ('double', 'float64'):
            return random.choice([*FLOATS, 1e300])
        if kind in ('boolean', 'bool'):
            return random.random() < 0.5
        if kind in ('octet', 'byte'):
            return bytes([random.choice([0, 1, 2, 3, 255])])
        bits = int(kind.removeprefix('u').removeprefix('int'))
        low, high = (
            (0, 2**bits - 1) if kind[0] == 'u' else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        )
        usual = [min(high, round(time.time())), min(high, 16000), min(high, 1)]
        return random.choice([low, high, 0, random.randint(low, high), *usual])

    def _fit(self, message: Any) -> None:
        """Change most messages so that they pass the first checks."""
        random, name = self._random, type(message).__name__
        if name == 'Time':
            message.sec = random.choice([0, *[round(time.time())] * 3, 2**31 - 1, -(2**31), -1])
            message.nanosec = random.choice([0, 10**9 - 1, 2**32 - 1])
        if random.random() < 0.3:
            return
        if name in ('FaceBlendshapes', 'FaceTrajectory'):
            message.names = random.choice([list(BEAT.weight_names)] * 3 + [['a', 'a']])
            if name == 'FaceBlendshapes':
                message.weights = [self._weight() for _ in message.names]
        elif name in ('JointState', 'JointTrajectory'):
            names = revolute_names(random.choice(JOINTS))
            if name == 'JointState':
                message.name = names
                message.position = [self._weight() for _ in names]
                message.velocity = random.choice([[], [0.0] * len(names)])
            else:
                message.joint_names = names
        elif name == 'AudioChunk':
            message.sample_rate = random.choice([8000, 16000, 48000])
            message.utterance_id = random.choice(['a', 'b', message.utterance_id])
            count = random.choice([0, 160, 1600])
            message.samples = [random.uniform(-1, 1) for _ in range(count)]
        elif name == 'Emphasis':
            message.gain = random.uniform(0, 2)
            message.duration = random.choice([0.1, 0.5, 60.0, 3600.0, message.duration])
        elif name == 'DiagnosticStatus':
            from diagnostic_msgs.msg import KeyValue

            message.name = random.choice(['avatar: motion', 'stage/avatar: motion'])
            keys = ('playout_delay_s', 'interrupts', 'publish_rate_hz', 'state', 'latency_p50_s')
            message.values = [KeyValue(key=key, value=random.choice(TEXTS)) for key in keys]

    def _weight(self) -> float:
        return self._random.choice(FLOATS) if self._random.random() < 0.1 else 0.3


def random_message(kind: type, seed: str) -> Any:
    """Return the message of a type and a seed."""
    return RandomMessages(seed).message(kind)
