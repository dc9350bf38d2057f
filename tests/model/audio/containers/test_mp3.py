"""Joined mp3 files, and such without a count of their frames."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.sound_containers import KINDS, encoded, sound, warnings_of

ID3 = b'ID3\x03\x00\x00\x00\x01\x00\x00' + bytes(128 * 128)


APE = b'APETAGEX' + struct.pack('<IIII', 2000, 32, 0, 0x80000000) + bytes(8)


@pytest.mark.parametrize('tag', [ID3, b'TAG'.ljust(128, b'x'), APE, b'TAG'.ljust(128, b'x') + ID3])
@pytest.mark.parametrize('header', [True, False], ids=['counted', 'not counted'])
def test_joined_mp3_with_tags_between(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, tag: bytes, header: bool
) -> None:
    one, two = encoded(KINDS[0], 2.0), encoded(KINDS[0], 1.5)
    if not header:
        one, two = one[first_frame(one) :], two[first_frame(two) :]
    path = tmp_path / 'joined.mp3'
    path.write_bytes(ID3 + one + tag + two + tag)
    samples, _, _ = warnings_of(path, caplog)
    assert len(samples) / 16000 == pytest.approx(3.5, abs=0.15)


def first_frame(mp3: bytes) -> int:
    """Bytes of the frame that counts the others, at 16 kHz: 288 at 64 kbit/s."""
    bitrate = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)[(mp3[2] >> 4) - 1]
    return 72 * 1000 * bitrate // 16000 + (mp3[2] >> 1 & 1)


def test_an_mp3_of_varying_bitrate_without_a_count_is_read_to_its_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Decoders guess its length by the first frame, which is large here and stands for quiet."""
    buffer = io.BytesIO()
    loud, quiet = sound(1.0, 16000), np.zeros((64000, 1))
    soundfile.write(buffer, np.concatenate([loud, quiet]), 16000, format='MP3')
    content = buffer.getvalue()
    path = tmp_path / 'live.mp3'
    path.write_bytes(content[first_frame(content) :])
    samples, _, lines = warnings_of(path, caplog)
    assert len(samples) / 16000 == pytest.approx(5.0, abs=0.15)
    assert lines == []
