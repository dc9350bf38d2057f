"""Recordings in every container, and what the readers make of them."""

import io
import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diffsheg_model.audio.sound_file import audio_info, read_audio, read_blocks

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


def sound(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """Return noise that swells, (n, channels), different for each length."""
    count = round(seconds * rate)
    noise = np.random.default_rng(count).standard_normal((count, channels))
    return 0.1 * noise * np.sin(np.arange(count) / rate)[:, None]


def encoded(kind: tuple[str, str], seconds: float, rate: int = 16000, channels: int = 1) -> bytes:
    """Return the bytes of a recording of a (format, subtype) of libsndfile."""
    buffer = io.BytesIO()
    soundfile.write(buffer, sound(seconds, rate, channels), rate, kind[1], format=kind[0])
    return buffer.getvalue()


def decoded(tmp_path: Path, content: bytes) -> np.ndarray:
    """Return what libsndfile reads from one recording, the mean of its channels."""
    (tmp_path / 'alone').write_bytes(content)
    return soundfile.read(tmp_path / 'alone', dtype='float32', always_2d=True)[0].mean(axis=1)


def warnings_of(path: Path, caplog: pytest.LogCaptureFixture) -> tuple[np.ndarray, int, list[str]]:
    """Read a file in all ways; return samples, rate, and the warnings, each one line."""
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
