"""Reads the messages of the two packages that are both called audio_common_msgs. No ROS in it.

That of ros-drivers carries bytes, and tells in an AudioInfo beside them what they are; that of
mgonzs13 carries numbers and tells with each message.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_ros.capture.pcm import mono, pcm_samples

#: Where mgonzs13's messages have their samples, by PortAudio's number of the format.
_NUMBERS = {
    1: 'float32_data',
    2: 'int32_data',
    8: 'int16_data',
    16: 'int8_data',
    32: 'uint8_data',
}


@dataclass(frozen=True)
class Encoding:
    """What the bytes of ros-drivers' messages are.

    Attributes:
        sample_rate: Hz.
        channels: how many, interleaved.
        sample_format: GStreamer's name of it.
    """

    sample_rate: int
    channels: int
    sample_format: str


def read_audio_info(info: Any) -> Encoding:
    """Reads ros-drivers' AudioInfo.

    Raises:
        InputError: the sound is not raw.
    """
    if info.coding_format.lower() not in ('wave', 'raw', ''):
        raise InputError(
            f'the sound is {info.coding_format}, not raw samples: start audio_capture with '
            'format:=wave'
        )
    return Encoding(info.sample_rate, info.channels, info.sample_format)


def read_audio_data(data: Any, encoding: Encoding) -> tuple[np.ndarray, int]:
    """Reads ros-drivers' AudioData: samples (n,) float32 mono, and Hz.

    Raises:
        InputError: the bytes are not what the encoding says.
    """
    samples = pcm_samples(bytes(data.data), encoding.sample_format, encoding.channels)
    return samples, encoding.sample_rate


def read_audio(audio: Any) -> tuple[np.ndarray, int]:
    """Reads mgonzs13's Audio: samples (n,) float32 mono, and Hz.

    Raises:
        InputError: an unknown format, or no whole frames.
    """
    name = _NUMBERS.get(audio.info.format)
    if name is None:
        raise InputError(
            f'sample format {audio.info.format} is none of '
            f'{", ".join(str(number) for number in _NUMBERS)}: let the publisher send 8 (int16)'
        )
    numbers = np.asarray(getattr(audio.audio_data, name))
    return mono(numbers, audio.info.channels), audio.info.rate
