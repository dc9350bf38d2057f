"""Conversion of raw samples of any format and number of channels to mono float32."""

import numpy as np

from diffsheg_model.errors import InputError

#: numpy's names of sample formats, by GStreamer's names.
SAMPLE_FORMATS = {
    'S8': 'i1', 'U8': 'u1', 'S16LE': '<i2', 'S16BE': '>i2', 'S32LE': '<i4', 'S32BE': '>i4',
    'F32LE': '<f4', 'F32BE': '>f4', 'F64LE': '<f8', 'F64BE': '>f8',
}  # fmt: skip


def pcm_samples(data: bytes, sample_format: str, channels: int) -> np.ndarray:
    """Convert bytes of samples to mono.

    Args:
        data: frames with one sample for each channel.
        sample_format: one of `SAMPLE_FORMATS`.
        channels: number of channels.

    Returns:
        (n,) float32: the mean of the channels, -1..1.

    Raises:
        InputError: the format is unknown, or the bytes are not whole frames.
    """
    name = SAMPLE_FORMATS.get(sample_format)
    if name is None:
        raise InputError(
            f'sample format {sample_format!r} is unknown; known are {", ".join(SAMPLE_FORMATS)}: '
            'let the publisher send S16LE'
        )
    kind = np.dtype(name)
    if len(data) % kind.itemsize:
        raise InputError(
            f"{len(data)} bytes are not {sample_format} samples: check the publisher's format"
        )
    return mono(np.frombuffer(data, kind), channels)


def mono(samples: np.ndarray, channels: int) -> np.ndarray:
    """Return the mean of interleaved channels.

    Args:
        samples: (n * channels,) of any integer or float type; integers use their whole range.
        channels: number of channels.

    Returns:
        (n,) float32, -1..1.

    Raises:
        InputError: the samples are not whole frames.
    """
    if channels < 1 or len(samples) % channels:
        raise InputError(
            f'{len(samples)} samples are not whole frames of {channels} channels: check the '
            "publisher's channels"
        )
    frames = samples.reshape(-1, channels).astype(np.float64)
    if samples.dtype.kind == 'u':
        frames -= 2 ** (8 * samples.dtype.itemsize - 1)
    if samples.dtype.kind in 'iu':
        frames /= 2 ** (8 * samples.dtype.itemsize - 1)
    return frames.mean(axis=1).astype(np.float32)
