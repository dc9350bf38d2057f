"""Recordings: anything that libsndfile reads, as checked mono float32 samples."""

import logging
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from diffsheg_model.errors import InputError
from diffsheg_model.reading import reader

logger = logging.getLogger(__name__)

MIN_SAMPLE_RATE = 8000
MAX_SAMPLE_RATE = 192000
# Float recordings may peak a little above 1; far above it they are integers in disguise.
MAX_AMPLITUDE = 16.0
CLIPPED_LEVEL = 0.999
CLIPPED_FRACTION = 0.01
LENGTH_TOLERANCE_S = 0.1


@dataclass(frozen=True)
class AudioInfo:
    """What a recording's header says: rate in Hz, samples per channel, channels."""

    sample_rate: int
    samples: int
    channels: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate


def check_sample_rate(sample_rate: int, where: str = 'audio') -> None:
    """Raises InputError unless ``sample_rate`` is one that the features take, 8 to 192 kHz."""
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise InputError(
            f'{where}: sample rate {sample_rate} Hz is outside {MIN_SAMPLE_RATE}..'
            f'{MAX_SAMPLE_RATE} Hz; resample it to 16000 Hz'
        )


def check_samples(samples: np.ndarray, where: str = 'audio') -> None:
    """Raises InputError unless every sample is finite and of an audio signal's size.

    Args:
        samples: of any shape, full scale 1.
        where: what the samples are, for the message.
    """
    if not len(samples):
        return
    peak = np.abs(samples).max()  # NaN and infinity survive abs and max
    if not np.isfinite(peak):
        raise InputError(f'{where}: has NaN or infinite samples; repair or re-record it')
    if peak > MAX_AMPLITUDE:
        raise InputError(
            f'{where}: samples reach {peak:g} where full scale is 1; scale them to [-1, 1]'
        )


@reader('an audio file')
def audio_info(path: str | os.PathLike[str]) -> AudioInfo:
    """Opens a recording and reads its header only.

    Raises:
        InputError: as ``read_blocks``, for what shows without reading the samples.
    """
    with _open(path) as file:
        return AudioInfo(file.samplerate, file.frames, file.channels)


@reader('an audio file')
def read_audio(path: str | os.PathLike[str]) -> tuple[np.ndarray, int]:
    """Reads a whole recording: samples (n,) float32, the mean of its channels, and rate in Hz.

    Raises:
        InputError: as ``read_blocks``.
    """
    info = audio_info(path)
    return np.concatenate(list(read_blocks(path, 10.0))), info.sample_rate


@reader('an audio file')
def read_blocks(path: str | os.PathLike[str], seconds: float = 1.0) -> Iterator[np.ndarray]:
    """Reads a recording block by block, so that hours of it need no memory.

    A recording with more than 1 % of its samples at full scale is read all the same, with a
    logged warning.

    Args:
        path: a file in any format, subtype and channel count that libsndfile reads, 8..192 kHz.
        seconds: length of a block; the last one may be shorter.

    Yields:
        (n,) float32: the mean of the channels.

    Raises:
        InputError: missing, a folder, not audio, empty, cut short, of an unusable rate, or with
            samples that are not finite or far beyond full scale.
    """
    with _open(path) as file:
        block = max(1, round(seconds * file.samplerate))
        read = clipped = 0
        while read < file.frames:
            try:
                samples = file.read(block, dtype='float32', always_2d=True)
            except soundfile.SoundFileError as error:
                raise InputError(_damaged(path, read, file.samplerate)) from error
            if not len(samples):
                # Lossy formats may promise a few samples more than they hold.
                if file.frames - read > LENGTH_TOLERANCE_S * file.samplerate:
                    raise InputError(_damaged(path, read, file.samplerate))
                break
            check_samples(samples, f'{path} ({read / file.samplerate:.1f} s in)')
            read += len(samples)
            clipped += int((np.abs(samples) >= CLIPPED_LEVEL).sum())
            yield samples.mean(axis=1, dtype=np.float32)
        if clipped > CLIPPED_FRACTION * read * file.channels:
            logger.warning(
                '%s: %.0f %% of its samples are clipped (at full scale); lower the recording level',
                path,
                100 * clipped / (read * file.channels),
            )


def _damaged(path: str | os.PathLike[str], read: int, rate: int) -> str:
    return f'{path}: cut short or damaged after {read / rate:.1f} s; copy or export it again'


def _open(path: str | os.PathLike[str]) -> soundfile.SoundFile:
    path = Path(path)
    if path.is_dir():
        raise InputError(f'{path}: is a folder; give an audio file')
    if not path.exists():
        raise InputError(f'{path}: no such audio file')
    if not os.access(path, os.R_OK):
        raise InputError(f'{path}: not readable; check its permissions')
    if not path.stat().st_size:
        raise InputError(f'{path}: the file is empty; record or export it again')
    _check_wav_length(path)
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: a headerless .raw
        raise InputError(
            f'{path}: not a readable audio file; give wav, flac, ogg or mp3'
        ) from error
    try:
        if not file.frames:
            raise InputError(f'{path}: holds no samples; record or export it again')
        check_sample_rate(file.samplerate, str(path))
    except InputError:
        file.close()
        raise
    return file


def _check_wav_length(path: Path) -> None:
    """Raises InputError where a RIFF wav ends before its data do; libsndfile reads on silently.

    Lengths of 0 and from 2 GiB up are what programs write that did not know the length (pipes).
    """
    with open(path, 'rb') as file:
        riff, _, wave = struct.unpack('<4sI4s', file.read(12).ljust(12, b'\0'))
        if (riff, wave) != (b'RIFF', b'WAVE'):
            return
        end = path.stat().st_size
        while file.tell() + 8 <= end:
            name, length = struct.unpack('<4sI', file.read(8))
            if name == b'data':
                there = end - file.tell()
                if there < length < 0x7FFFF000:
                    raise InputError(
                        f'{path}: cut short, {there} of {length} bytes of audio are there; '
                        f'copy or export it again'
                    )
                return
            file.seek(length + length % 2, os.SEEK_CUR)
    raise InputError(f'{path}: cut short, it has a wav header and no audio; copy it again')
