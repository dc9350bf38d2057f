"""Messages of both packages named audio_common_msgs, without the packages."""

from array import array
from types import SimpleNamespace

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_ros.capture.audio_common import (
    Encoding,
    read_audio,
    read_audio_data,
    read_audio_info,
)

RATE = 16000


def test_compressed_sound_is_refused_with_advice():
    info = SimpleNamespace(coding_format='mp3', sample_rate=RATE, channels=1, sample_format='S16LE')
    with pytest.raises(InputError, match=r'mp3, not raw samples: .*format:=wave'):
        read_audio_info(info)


@pytest.mark.parametrize(
    ('number', 'field', 'code'),
    [(1, 'float32_data', 'f'), (2, 'int32_data', 'i'), (8, 'int16_data', 'h'),
     (16, 'int8_data', 'b'), (32, 'uint8_data', 'B')],
)  # fmt: skip
def test_every_number_format_of_portaudio_is_read(number, field, code):
    expected = np.array([-0.5, 0.0, 0.25])
    scale = 1 if code == 'f' else 2 ** (8 * array(code).itemsize - 1)
    values = expected * scale + (128 if code == 'B' else 0)
    numbers = array(code, values.tolist() if code == 'f' else values.astype(int).tolist())
    audio = SimpleNamespace(
        info=SimpleNamespace(format=number, channels=1, rate=44100),
        audio_data=SimpleNamespace(**{field: numbers}),
    )
    samples, rate = read_audio(audio)
    assert rate == 44100
    np.testing.assert_array_equal(samples, expected.astype(np.float32))
    audio.info.format = 4
    with pytest.raises(InputError, match='4 is unknown; known are 1, 2, 8, 16, 32'):
        read_audio(audio)


def test_bytes_are_read_by_their_encoding():
    samples = np.random.default_rng(3).integers(-8000, 8000, (RATE, 2)).astype('<i2')
    read, rate = read_audio_data(
        SimpleNamespace(data=samples.tobytes()), Encoding(RATE, 2, 'S16LE')
    )
    assert rate == RATE
    np.testing.assert_array_equal(read, samples.mean(axis=1).astype(np.float32) / 32768)
