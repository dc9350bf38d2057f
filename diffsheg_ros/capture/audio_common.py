"""Readers of the messages of both packages named audio_common_msgs; independent of ROS.

The package by ros-drivers sends bytes, and their format in a separate AudioInfo. The package by
mgonzs13 sends numbers, and the format in each message.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_ros.capture.pcm import mono, pcm_samples

#: The field with the samples in mgonzs13's messages, by PortAudio's number of the format.
_NUMBERS = {
    1: 'float32_data',
    2: 'int32_data',
    8: 'int16_data',
    16: 'int8_data',
    32: 'uint8_data',
}


@dataclass(frozen=True)
class Encoding:
    """The format of the bytes in ros-drivers' messages.

    Attributes:
        sample_rate: Hz.
        channels: number of interleaved channels.
        sample_format: GStreamer's name of the sample format.
    """

    sample_rate: int
    channels: int
    sample_format: str


def read_audio_info(info: Any) -> Encoding:
    """Read ros-drivers' AudioInfo.

    Raises:
        InputError: the sound is compressed.
    """
    if info.coding_format.lower() not in ('wave', 'raw', ''):
        raise InputError(
            f'the sound is {info.coding_format}, not raw samples: start audio_capture with '
            'format:=wave'
        )
    return Encoding(info.sample_rate, info.channels, info.sample_format)


def read_audio_data(data: Any, encoding: Encoding) -> tuple[np.ndarray, int]:
    """Read ros-drivers' AudioData.

    Returns:
        Samples (n,) float32 mono, and their rate, Hz.

    Raises:
        InputError: the bytes do not fit the encoding.
    """
    samples = pcm_samples(bytes(data.data), encoding.sample_format, encoding.channels)
    return samples, encoding.sample_rate


def read_audio(audio: Any) -> tuple[np.ndarray, int]:
    """Read mgonzs13's Audio.

    Returns:
        Samples (n,) float32 mono, and their rate, Hz.

    Raises:
        InputError: the format is unknown, or the samples are not whole frames.
    """
    name = _NUMBERS.get(audio.info.format)
    if name is None:
        raise InputError(
            f'sample format {audio.info.format} is unknown; known are '
            f'{", ".join(str(number) for number in _NUMBERS)}: let the publisher send 8 (int16)'
        )
    numbers = np.asarray(getattr(audio.audio_data, name))
    return mono(numbers, audio.info.channels), audio.info.rate
