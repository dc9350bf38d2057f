"""Reading recordings: every kind that soundfile reads, and one clear line for every other."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diffsheg_model.audio.sound_file import (
    audio_info,
    check_samples,
    read_audio,
    read_blocks,
)
from diffsheg_model.errors import InputError


def tone(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """A different tone in every channel: (n, channels) float32, peak 0.5."""
    time_s = np.arange(round(seconds * rate))[:, None] / rate
    return (0.5 * np.sin(2 * np.pi * 200 * time_s * np.arange(1, channels + 1))).astype(np.float32)


def refused(path: Path) -> str:
    """The one line that both ways of reading refuse a file with."""
    with pytest.raises(InputError) as error:
        read_audio(path)
    with pytest.raises(InputError) as again:
        list(read_blocks(path, 0.1))
    line = str(error.value)
    assert line.startswith(str(path))
    assert str(again.value).startswith(str(path))
    assert '\n' not in line
    return line


@pytest.mark.parametrize(
    ('suffix', 'subtype', 'precision'),
    [
        ('wav', 'PCM_U8', 1e-2),
        ('wav', 'PCM_16', 1e-4),
        ('wav', 'PCM_24', 1e-6),
        ('wav', 'PCM_32', 1e-6),
        ('wav', 'FLOAT', 0),
        ('wav', 'DOUBLE', 0),
        ('wav', 'ULAW', 0.05),
        ('flac', 'PCM_24', 1e-6),
        ('aiff', 'PCM_16', 1e-4),
        ('ogg', 'VORBIS', 0.2),
        ('mp3', 'MPEG_LAYER_III', 0.2),
    ],
)
@pytest.mark.parametrize('channels', [1, 2])
def test_formats(
    tmp_path: Path, suffix: str, subtype: str, precision: float, channels: int
) -> None:
    path = tmp_path / f'tone.{suffix}'
    written = tone(0.7, 16000, channels)
    soundfile.write(path, written, 16000, subtype)
    samples, rate = read_audio(path)
    assert rate == 16000
    assert samples.dtype == np.float32
    assert samples.shape == (11200,)
    np.testing.assert_allclose(samples, written.mean(axis=1), atol=precision + 1e-7)


@pytest.mark.parametrize('rate', [8000, 11025, 22050, 44100, 48000, 96000, 192000])
def test_rates(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / 'tone.wav', tone(0.1, rate), rate)
    samples, found = read_audio(tmp_path / 'tone.wav')
    assert found == rate
    assert len(samples) == round(0.1 * rate)
    assert audio_info(tmp_path / 'tone.wav').duration_s == pytest.approx(0.1, abs=1e-4)


def test_many_channels_become_their_mean(tmp_path: Path) -> None:
    written = tone(0.2, 16000, 6)
    soundfile.write(tmp_path / 'six.wav', written, 16000, 'FLOAT')
    np.testing.assert_allclose(read_audio(tmp_path / 'six.wav')[0], written.mean(axis=1), atol=1e-6)
    assert audio_info(tmp_path / 'six.wav').channels == 6


def test_blocks_are_the_whole_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / 'tone.wav', tone(1.03, 22050, 2), 22050)
    blocks = list(read_blocks(tmp_path / 'tone.wav', 0.25))
    assert [len(block) for block in blocks] == [5512] * 4 + [664]
    assert np.array_equal(np.concatenate(blocks), read_audio(tmp_path / 'tone.wav')[0])


def test_blocks_come_while_the_file_is_read(tmp_path: Path) -> None:
    """A fault near the end shows after the sound part: nothing loads the file as a whole."""
    samples = tone(2.0, 16000)
    samples[-10] = np.nan
    soundfile.write(tmp_path / 'nan.wav', samples, 16000, 'FLOAT')
    blocks = read_blocks(tmp_path / 'nan.wav', 0.5)
    assert sum(len(next(blocks)) for _ in range(3)) == 24000
    with pytest.raises(InputError, match=r'1\.5 s in\): has NaN'):
        next(blocks)


def test_missing(tmp_path: Path) -> None:
    assert 'no such audio file' in refused(tmp_path / 'none.wav')


def test_folder(tmp_path: Path) -> None:
    assert 'is a folder' in refused(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason='the superuser may read everything')
def test_unreadable(tmp_path: Path) -> None:
    soundfile.write(tmp_path / 'tone.wav', tone(0.1, 16000), 16000)
    (tmp_path / 'tone.wav').chmod(0)
    assert 'not readable' in refused(tmp_path / 'tone.wav')


@pytest.mark.parametrize('name', ['empty.wav', 'empty.raw', 'empty'])
def test_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert 'the file is empty' in refused(tmp_path / name)


@pytest.mark.parametrize('suffix', ['wav', 'aiff', 'ogg'])
def test_no_samples(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f'none.{suffix}'
    soundfile.write(path, np.zeros((0, 1), np.float32), 16000)
    assert 'no samples' in refused(path)


@pytest.mark.parametrize('name', ['text.wav', 'text.txt', 'text.mp3', 'text.raw', 'text'])
def test_not_audio(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('This is no recording. ' * 100)
    assert 'not a readable audio file' in refused(tmp_path / name)


@pytest.mark.parametrize('kept', [3, 12, 30, 44, 45])
def test_a_wav_cut_in_its_header_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / 'cut.wav'
    soundfile.write(path, tone(1.0, 16000), 16000)
    path.write_bytes(path.read_bytes()[:kept])
    line = refused(path)
    assert 'no samples' in line or 'not a readable audio file' in line


@pytest.mark.parametrize('rate', [4000, 7999, 384000])
def test_unusable_rates(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / 'tone.wav', tone(0.1, rate), rate)
    assert f'sample rate {rate} Hz is outside 8000..192000 Hz' in refused(tmp_path / 'tone.wav')


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_not_finite(tmp_path: Path, value: float) -> None:
    samples = tone(0.1, 16000, 2)
    samples[700, 1] = value
    soundfile.write(tmp_path / 'bad.wav', samples, 16000, 'FLOAT')
    assert 'has NaN or infinite samples' in refused(tmp_path / 'bad.wav')


def test_integers_in_a_float_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / 'loud.wav', 32768 * tone(0.1, 16000), 16000, 'FLOAT')
    assert 'where full scale is 1; scale them to [-1, 1]' in refused(tmp_path / 'loud.wav')


@pytest.mark.parametrize(('gain', 'warned'), [(1.0, False), (1.9, False), (3.0, True)])
def test_clipped_audio_is_read_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, gain: float, warned: bool
) -> None:
    soundfile.write(tmp_path / 'loud.wav', np.clip(gain * tone(1.0, 16000), -1, 1), 16000)
    with caplog.at_level(logging.WARNING):
        samples, _ = read_audio(tmp_path / 'loud.wav')
    assert len(samples) == 16000
    assert [record for record in caplog.messages if 'are clipped' in record] == caplog.messages
    assert len(caplog.messages) == warned


def test_one_sample_is_audio(tmp_path: Path) -> None:
    soundfile.write(tmp_path / 'one.wav', np.array([0.25]), 16000)
    samples, _ = read_audio(tmp_path / 'one.wav')
    assert samples.tolist() == [0.25]


def test_no_samples_are_fine_samples() -> None:
    check_samples(np.zeros(0, np.float32))
