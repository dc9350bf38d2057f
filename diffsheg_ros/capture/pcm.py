"""Raw samples of many formats and channels, as one channel of float32."""

import numpy as np

from diffsheg_model.errors import InputError

#: GStreamer's names of sample formats, and numpy's.
SAMPLE_FORMATS = {
    'S8': 'i1', 'U8': 'u1', 'S16LE': '<i2', 'S16BE': '>i2', 'S32LE': '<i4', 'S32BE': '>i4',
    'F32LE': '<f4', 'F32BE': '>f4', 'F64LE': '<f8', 'F64BE': '>f8',
}  # fmt: skip


def pcm_samples(data: bytes, sample_format: str, channels: int) -> np.ndarray:
    """Reads bytes of samples.

    Args:
        data: frames of one sample for each channel.
        sample_format: one of `SAMPLE_FORMATS`.
        channels: how many.

    Returns:
        (n,) float32: the mean of the channels, -1..1.

    Raises:
        InputError: the format is unknown, or the bytes are no whole frames.
    """
    name = SAMPLE_FORMATS.get(sample_format)
    if name is None:
        raise InputError(
            f'sample format {sample_format!r} is none of {", ".join(SAMPLE_FORMATS)}: '
            'let the publisher send S16LE'
        )
    kind = np.dtype(name)
    if len(data) % kind.itemsize:
        raise InputError(
            f"{len(data)} bytes are no {sample_format} samples: check the publisher's format"
        )
    return mono(np.frombuffer(data, kind), channels)


def mono(samples: np.ndarray, channels: int) -> np.ndarray:
    """The mean of interleaved channels.

    Args:
        samples: (n * channels,) of any integer or float kind; integers at full scale.
        channels: how many.

    Returns:
        (n,) float32, -1..1.

    Raises:
        InputError: the samples are no whole frames.
    """
    if channels < 1 or len(samples) % channels:
        raise InputError(
            f'{len(samples)} samples are no whole frames of {channels} channels: check the '
            "publisher's channels"
        )
    frames = samples.reshape(-1, channels).astype(np.float64)
    if samples.dtype.kind == 'u':
        frames -= 2 ** (8 * samples.dtype.itemsize - 1)
    if samples.dtype.kind in 'iu':
        frames /= 2 ** (8 * samples.dtype.itemsize - 1)
    return frames.mean(axis=1).astype(np.float32)
