"""The ROS messages of a recording as bytes, without ROS."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from diffsheg_model.motion.revolute_joints import revolute_names
from diffsheg_model.motion_files.mcap.cdr import CdrReader, CdrWriter, TextsCache
from diffsheg_model.motion_files.mcap.definitions import layout_of

#: Number types of definitions, as `struct` and numpy call them.
_CODES = {
    'bool': '?',
    'byte': 'B',
    'int32': 'i',
    'uint32': 'I',
    'uint64': 'Q',
    'float32': 'f',
    'float64': 'd',
}

Decode = Callable[[bytes], Any]


def audio_chunk_bytes(
    stamp_ns: int,
    utterance_id: str,
    first_sample: int,
    sample_rate: int,
    samples: np.ndarray,
    end: bool,
) -> bytes:
    """Return an AudioChunk; samples (n,) float32."""
    cdr = CdrWriter(stamp_ns)
    cdr.text(utterance_id)
    cdr.number('Q', first_sample)
    cdr.number('I', sample_rate)
    cdr.floats('f', samples)
    cdr.number('?', end)
    return bytes(cdr.data)


def face_bytes(
    stamp_ns: int, utterance_id: str, names: Sequence[str], weights: np.ndarray
) -> bytes:
    """Return a FaceBlendshapes; weights (W,) in the order of the names."""
    cdr = CdrWriter(stamp_ns)
    cdr.text(utterance_id)
    cdr.texts(names)
    cdr.floats('f', weights)
    return bytes(cdr.data)


def joint_state_bytes(stamp_ns: int, joint_names: Sequence[str], angles: np.ndarray) -> bytes:
    """Return a JointState of human joints' angles (J, 3), radians."""
    cdr = CdrWriter(stamp_ns)
    cdr.texts(revolute_names(joint_names))
    cdr.floats('d', angles)
    for _ in ('velocity', 'effort'):
        cdr.floats('d', np.zeros(0))
    return bytes(cdr.data)


def decoder_of(kind: str) -> Decode:
    """Return a decoder of messages of a type, to objects with the fields of its definition.

    Arrays of numbers become numpy arrays. The function raises ValueError or struct.error for bytes
    that are cut or of another type.

    Args:
        kind: key of `DEFINITIONS`.
    """
    cache = TextsCache()
    return lambda data: _read(kind, CdrReader(data, cache))


def _read(kind: str, cdr: CdrReader) -> SimpleNamespace:
    return SimpleNamespace(**{name: _read_field(part, cdr) for part, name in layout_of(kind)})


def _read_field(kind: str, cdr: CdrReader) -> Any:
    element, bracket, _ = kind.partition('[')
    if element == 'string':
        return cdr.texts() if bracket else cdr.text()
    if element in _CODES:
        return cdr.numbers(_CODES[element]) if bracket else cdr.number(_CODES[element])
    if bracket:
        return [_read(element, cdr) for _ in range(cdr.count(1))]
    return _read(element, cdr)
