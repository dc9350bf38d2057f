"""The binary messages of motion and sound to the page; `web/wire_format.js` reads them.

A binary message is a head of 16 bytes, little-endian, and float32 numbers:

    uint8    kind       1 face, 2 body, 3 sound
    uint8    source     index of the figure in the greeting's sources
    uint16   flags      sound: 1 draws the sound without playing it; otherwise zero
    uint32   rate       sound: sample rate, Hz; otherwise zero
    float64  time_s     show's time of the pose or of the first sample, seconds
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
    """Return the message of a face: weights (W,)."""
    return HEAD.pack(FACE, source, 0, 0, time_s) + _floats(weights)


def body_message(source: int, time_s: float, quaternions: np.ndarray) -> bytes:
    """Return the message of a body: local rotations (J, 4), unit quaternions x y z w."""
    return HEAD.pack(BODY, source, 0, 0, time_s) + _floats(quaternions)


def sound_message(
    source: int, time_s: float, samples: np.ndarray, rate: int, *, muted: bool = False
) -> bytes:
    """Return the message of sound: samples (n,), which the page plays or only draws."""
    return HEAD.pack(SOUND, source, int(muted), rate, time_s) + _floats(samples)


def is_motion(message: str | bytes) -> bool:
    """Return True for face and body messages, which the next one of their kind replaces."""
    return isinstance(message, bytes) and message[0] in (FACE, BODY)


def _floats(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values, dtype='<f4').tobytes()
