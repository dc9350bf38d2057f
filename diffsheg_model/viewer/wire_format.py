"""Motion and sound as the page receives them; `web/wire_format.js` is the other side.

A binary message is a head of 16 bytes, little-endian, and float32 numbers:

    uint8    kind       1 face, 2 body, 3 sound
    uint8    source     whose: an index of the greeting's sources
    uint16   flags      sound: 1 to be drawn but not played; otherwise zero
    uint32   rate       sound: samples a second; otherwise zero
    float64  time_s     when it is shown or its first sample heard, on the show's clock
    float32  values     face: weights, in the order of the source's weight names
                        body: quaternions x y z w, in the order of its joint names
                        sound: samples, mono, -1 to 1

Everything else is JSON.
"""

import struct

import numpy as np

FACE, BODY, SOUND = 1, 2, 3

HEAD = struct.Struct('<BBHId')


def face_message(source: int, time_s: float, weights: np.ndarray) -> bytes:
    """The face at a moment: weights (W,)."""
    return HEAD.pack(FACE, source, 0, 0, time_s) + _floats(weights)


def body_message(source: int, time_s: float, quaternions: np.ndarray) -> bytes:
    """The body at a moment: local rotations (J, 4), unit quaternions x y z w."""
    return HEAD.pack(BODY, source, 0, 0, time_s) + _floats(quaternions)


def sound_message(
    source: int, time_s: float, samples: np.ndarray, rate: int, *, muted: bool = False
) -> bytes:
    """A piece of sound: samples (n,), to be played or only drawn."""
    return HEAD.pack(SOUND, source, int(muted), rate, time_s) + _floats(samples)


def is_motion(message: str | bytes) -> bool:
    """Whether a message is worthless once the next of its kind is there."""
    return isinstance(message, bytes) and message[0] in (FACE, BODY)


def _floats(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values, dtype='<f4').tobytes()
