"""Raw samples of every format and number of channels."""

import numpy as np
import pytest

from diffsheg_model.errors import InputError
from diffsheg_ros.capture.pcm import SAMPLE_FORMATS, pcm_samples


@pytest.mark.parametrize('name', SAMPLE_FORMATS)
def test_every_raw_format_is_read_as_the_mean_of_its_channels(name):
    kind = np.dtype(SAMPLE_FORMATS[name])
    expected = np.array([[-1.0, -0.5], [0.0, 0.25], [0.5, 0.0]])
    values = expected.copy()
    if kind.kind in 'iu':
        values = values * 2 ** (8 * kind.itemsize - 1)
    if kind.kind == 'u':
        values += 128
    read = pcm_samples(values.astype(kind).tobytes(), name, 2)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, expected.mean(axis=1))


@pytest.mark.parametrize(
    ('data', 'name', 'channels', 'words'),
    [
        (b'12345', 'S16LE', 1, '5 bytes are not S16LE samples'),
        (b'123456', 'S16LE', 2, '3 samples are not whole frames of 2 channels'),
        (b'1234', 'S16LE', 0, '0 channels'),
        (b'1234', 'Opus', 1, 'is unknown; known are S8, U8'),
    ],
)
def test_invalid_bytes_are_refused(data, name, channels, words):
    with pytest.raises(InputError, match=words):
        pcm_samples(data, name, channels)
