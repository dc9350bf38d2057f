"""Files with several recordings, and files with less or more sound than their header says."""

import io
import logging
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diffsheg_model.audio.sound_file import audio_info, read_audio, read_blocks
from diffsheg_model.errors import InputError

KINDS = [
    ('MP3', 'MPEG_LAYER_III'),
    ('OGG', 'VORBIS'),
    ('OGG', 'OPUS'),
    ('FLAC', 'PCM_16'),
    ('WAV', 'PCM_16'),
    ('WAVEX', 'PCM_24'),
    ('RF64', 'PCM_16'),
    ('W64', 'PCM_16'),
    ('AIFF', 'PCM_16'),
    ('CAF', 'PCM_16'),
    ('AU', 'PCM_16'),
]
CHUNKS = [kind for kind in KINDS if kind[0] in ('WAV', 'WAVEX', 'RF64', 'W64', 'AIFF', 'CAF', 'AU')]
COMPRESSED = [kind for kind in KINDS if kind not in CHUNKS]
ID3 = b'ID3\x03\x00\x00\x00\x01\x00\x00' + bytes(128 * 128)
APE = b'APETAGEX' + struct.pack('<IIII', 2000, 32, 0, 0x80000000) + bytes(8)


def sound(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """Noise that swells, (n, channels), a different one for each length."""
    count = round(seconds * rate)
    noise = np.random.default_rng(count).standard_normal((count, channels))
    return 0.1 * noise * np.sin(np.arange(count) / rate)[:, None]


def encoded(kind: tuple[str, str], seconds: float, rate: int = 16000, channels: int = 1) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound(seconds, rate, channels), rate, kind[1], format=kind[0])
    return buffer.getvalue()


def decoded(tmp_path: Path, content: bytes) -> np.ndarray:
    """What libsndfile reads of one recording, the mean of its channels."""
    (tmp_path / 'alone').write_bytes(content)
    return soundfile.read(tmp_path / 'alone', dtype='float32', always_2d=True)[0].mean(axis=1)


def warnings_of(path: Path, caplog: pytest.LogCaptureFixture) -> tuple[np.ndarray, int, list[str]]:
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        samples, rate = read_audio(path)
    lines = list(caplog.messages)
    assert all(line.startswith(str(path)) and '\n' not in line for line in lines)
    blocks = np.concatenate(list(read_blocks(path, 0.3)))
    np.testing.assert_allclose(blocks, samples, atol=1e-6)
    assert audio_info(path).sample_rate == rate
    assert audio_info(path).samples == pytest.approx(len(samples), abs=0.1 * rate)
    return samples, rate, lines


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
@pytest.mark.parametrize('between', [b'', b'\x00' * 700], ids=['', 'padded'])
def test_joined_recordings_are_all_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str], between: bytes
) -> None:
    if between and kind[0] in ('W64', 'AU'):
        pytest.skip('nothing tells the padding from sound')
    parts = [encoded(kind, seconds) for seconds in (2.0, 1.5, 3.0)]
    path = tmp_path / 'joined'
    path.write_bytes(between.join(parts))
    samples, _, lines = warnings_of(path, caplog)
    expected = np.concatenate([decoded(tmp_path, part) for part in parts])
    assert abs(len(samples) - 6.5 * 16000) < 1600
    np.testing.assert_allclose(samples, expected, atol=1e-6)
    assert [
        line for line in lines if 'holds 3 recordings one after the other: all are read' in line
    ]


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
def test_joined_recordings_may_differ_in_rate_and_channels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    path = tmp_path / 'joined'
    path.write_bytes(encoded(kind, 2.0, 16000) + encoded(kind, 1.0, 48000, 2))
    samples, rate, _ = warnings_of(path, caplog)
    assert rate == 48000
    assert len(samples) == pytest.approx(3 * 48000, abs=4800)
    second = sound(1.0, 48000, 2).mean(axis=1)
    heard = samples[-48000:]
    assert np.corrcoef(heard, second)[0, 1] > 0.7


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


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
def test_what_is_behind_the_sound_is_left_out_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    content = encoded(kind, 2.0)
    path = tmp_path / 'more'
    path.write_bytes(content + np.random.default_rng(1).bytes(5000))
    samples, _, lines = warnings_of(path, caplog)
    np.testing.assert_allclose(samples, decoded(tmp_path, content), atol=1e-6)
    if kind[0] != 'FLAC':  # a decoder does not say where its stream ends
        size = len(content) + 5000
        assert lines == [f'{path}: 5000 of its {size} bytes are not sound of its kind: left out']


@pytest.mark.parametrize('kind', CHUNKS + [('OGG', 'VORBIS')], ids=' '.join)
def test_another_kind_of_file_behind_flac_is_left_out_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    if kind[0] == 'AU':
        pytest.skip('its mark is too short to be told from the sound')
    content, other = encoded(('FLAC', 'PCM_16'), 2.0), encoded(kind, 1.0)
    path = tmp_path / 'more'
    path.write_bytes(content + other)
    samples, _, lines = warnings_of(path, caplog)
    np.testing.assert_array_equal(samples, decoded(tmp_path, content))
    assert len(lines) == 1 and 'not sound of its kind: left out' in lines[0]


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


@pytest.mark.parametrize('kind', [('WAV', 'PCM_16'), ('FLAC', 'PCM_16'), ('AIFF', 'PCM_16')])
def test_headers_without_sound_in_their_thousands_are_one_short_refusal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    header = {'WAV': 44, 'FLAC': 42, 'AIFF': 54}[kind[0]]
    path = tmp_path / 'headers'
    path.write_bytes(encoded(kind, 1.0)[:header] * 3000)
    with pytest.raises(InputError, match='more than 100 of the recordings in it cannot be read'):
        read_audio(path)
    assert len(caplog.messages) <= 102


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
def test_a_whole_recording_is_read_as_libsndfile_reads_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    content = encoded(kind, 2.0, 16000, 2)
    path = tmp_path / 'whole'
    path.write_bytes(content)
    samples, _, lines = warnings_of(path, caplog)
    if kind[0] == 'MP3':  # its last bit depends on how much is decoded at a time
        np.testing.assert_allclose(samples, decoded(tmp_path, content), atol=1e-6)
    else:
        assert np.array_equal(samples, decoded(tmp_path, content))
    assert lines == []


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


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
@pytest.mark.parametrize('share', [0.5, 0.9])
def test_every_kind_that_is_cut_is_read_as_far_as_it_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str], share: float
) -> None:
    content = encoded(kind, 20.0)
    path = tmp_path / 'cut'
    path.write_bytes(content[: int(share * len(content))])
    samples, _, lines = warnings_of(path, caplog)
    expected = decoded(tmp_path, content)[: len(samples)]
    assert 0.6 * share * 20 < len(samples) / 16000 <= 20 * share + 0.5
    assert np.corrcoef(samples, expected)[0, 1] > 0.99
    assert lines or kind[0] == 'OGG'  # no page of Ogg says how many there are


def test_a_flac_that_does_not_say_its_length_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = bytearray(encoded(('FLAC', 'PCM_16'), 2.5))
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path = tmp_path / 'streamed.flac'
    path.write_bytes(content)
    samples, _, lines = warnings_of(path, caplog)
    assert len(samples) == pytest.approx(40000, abs=2) and lines == []


@pytest.mark.parametrize('fill', [b'', b'\x00', b'\x07LIST\x04\x00\x00\x00abcd'])
def test_an_odd_size_of_sound(tmp_path: Path, fill: bytes) -> None:
    content = bytearray(encoded(('WAV', 'PCM_16'), 1.0))
    struct.pack_into('<I', content, 40, 32001)
    path = tmp_path / 'odd.wav'
    path.write_bytes(bytes(content) + b'\x05' + fill)
    assert len(read_audio(path)[0]) == 16000
