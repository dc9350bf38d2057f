"""Files of chunks with less or more sound than their header says."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.errors import InputError
from tests.support.sound_containers import CHUNKS, decoded, encoded, warnings_of

SIZES = {
    '1 too large': lambda true: true + 1,
    '8 too large': lambda true: true + 8,
    '44 too large': lambda true: true + 44,
    'a minute too large': lambda true: true + 60 * 32000,
    'zero': lambda true: 0,
    'largest': lambda true: 0xFFFFFFFF,
    'half of largest': lambda true: 0x7FFFF000,
    'largest with a sign': lambda true: 0x7FFFFFFF,
}


def with_size(kind: str, content: bytes, change: Callable[[int], int]) -> bytes:
    """A recording with another size of its sound, and of its container."""
    data = bytearray(content)
    if kind in ('WAV', 'WAVEX'):
        place = data.index(b'data') + 4
        struct.pack_into('<I', data, place, change(*struct.unpack_from('<I', data, place)))
        struct.pack_into('<I', data, 4, min(0xFFFFFFFF, change(len(data) - 8)))
    elif kind == 'RF64':
        struct.pack_into('<Q', data, 20, change(len(data) - 8))
        struct.pack_into('<Q', data, 28, change(*struct.unpack_from('<Q', data, 28)))
    elif kind == 'W64':
        place = data.index(b'data\xf3\xac') + 16
        struct.pack_into('<Q', data, place, 24 + change(len(data) - place - 8))
        struct.pack_into('<Q', data, 16, change(len(data)))
    elif kind == 'AIFF':
        place = data.index(b'SSND') + 4
        struct.pack_into('>I', data, place, change(*struct.unpack_from('>I', data, place)))
        struct.pack_into('>I', data, 4, min(0xFFFFFFFF, change(len(data) - 8)))
    elif kind == 'CAF':
        place = data.index(b'data') + 4
        size = change(*struct.unpack_from('>q', data, place))
        struct.pack_into('>q', data, place, -1 if size == 0xFFFFFFFF else size)
    else:
        struct.pack_into('>I', data, 8, change(*struct.unpack_from('>I', data, 8)))
    return bytes(data)


@pytest.mark.parametrize('how', SIZES)
@pytest.mark.parametrize('kind', CHUNKS, ids=' '.join)
def test_a_size_that_is_not_true_is_read_to_the_end_with_a_note(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str], how: str
) -> None:
    content = encoded(kind, 1.0)
    path = tmp_path / 'recorded'
    path.write_bytes(with_size(kind[0], content, SIZES[how]))
    samples, _, lines = warnings_of(path, caplog)
    np.testing.assert_allclose(samples, decoded(tmp_path, content), atol=1e-6)
    if not (kind[0] == 'AU' and how == 'largest'):  # how AU says that it does not know
        assert len(lines) == 1 and 'read to the end' in lines[0]


@pytest.mark.parametrize('how', ['zero', 'largest', '44 too large'])
@pytest.mark.parametrize('kind', [('WAV', 'PCM_16'), ('W64', 'PCM_16')], ids=' '.join)
def test_joined_recordings_of_unknown_sizes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str], how: str
) -> None:
    """Servers that stream wav send one header with each sentence."""
    parts = [encoded(kind, seconds) for seconds in (1.0, 0.5)]
    path = tmp_path / 'joined'
    path.write_bytes(b''.join(with_size(kind[0], part, SIZES[how]) for part in parts))
    samples, _, _ = warnings_of(path, caplog)
    expected = np.concatenate([decoded(tmp_path, part) for part in parts])
    np.testing.assert_allclose(samples, expected, atol=1e-6)


@pytest.mark.parametrize('kept', [1, 2, 1000, 10001, 31999])
def test_a_wav_of_a_killed_copy_is_read_as_far_as_it_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kept: int
) -> None:
    path = tmp_path / 'cut.wav'
    path.write_bytes(encoded(('WAV', 'PCM_16'), 1.0)[: 44 + kept])
    if kept == 1:
        with pytest.raises(InputError, match='holds no samples'):
            read_audio(path)
        return
    samples, _, lines = warnings_of(path, caplog)
    assert len(samples) == kept // 2
    assert lines == [
        f'{path}: its header says 32000 bytes of sound, and {kept} are there: read to the end'
    ]


@pytest.mark.parametrize('size', [1 << 63, (1 << 64) - 1])
@pytest.mark.parametrize('kind', ['W64', 'RF64'])
def test_a_size_beyond_any_file_is_one_that_is_not_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, size: int
) -> None:
    content = bytearray(encoded((kind, 'PCM_16'), 1.0))
    place = content.index(b'data' if kind == 'W64' else b'ds64') + 16
    content[place : place + 8] = size.to_bytes(8, 'little')
    path = tmp_path / 'piped'
    path.write_bytes(content)
    samples, _, lines = warnings_of(path, caplog)
    assert len(samples) == 16000
    assert len(lines) == 1 and 'read to the end' in lines[0]


@pytest.mark.parametrize('fill', [b'', b'\x00', b'\x07LIST\x04\x00\x00\x00abcd'])
def test_an_odd_size_of_sound(tmp_path: Path, fill: bytes) -> None:
    content = bytearray(encoded(('WAV', 'PCM_16'), 1.0))
    struct.pack_into('<I', content, 40, 32001)
    path = tmp_path / 'odd.wav'
    path.write_bytes(bytes(content) + b'\x05' + fill)
    assert len(read_audio(path)[0]) == 16000
