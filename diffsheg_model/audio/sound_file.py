"""Readers of recordings in any format of libsndfile, as checked mono float32 samples."""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from diffsheg_model.audio.containers import Part, PartFile, find_parts
from diffsheg_model.audio.resampling import StreamResampler
from diffsheg_model.errors import InputError
from diffsheg_model.untrusted.reading import reader

logger = logging.getLogger(__name__)

#: Hz.
MIN_SAMPLE_RATE = 8000
MAX_SAMPLE_RATE = 192000
#: Times full scale. Float samples may exceed 1 a little; far larger ones are unscaled integers.
MAX_AMPLITUDE = 16.0
#: Absolute value from which a sample counts as clipped; full scale is 1.
CLIPPED_LEVEL = 0.999
#: Share of clipped samples above which a warning is logged.
CLIPPED_FRACTION = 0.01
#: Seconds that a file may be shorter than its header says without a warning.
LENGTH_TOLERANCE_S = 0.1
#: Number of unreadable recordings in one file beyond which the file is refused.
_MOST_UNREADABLE = 100
#: Number of samples above which a header's length means `unknown`: no file is that long.
_UNKNOWN = 1 << 48


@dataclass(frozen=True)
class AudioInfo:
    """Properties from a recording's header: rate in Hz, samples per channel, channels."""

    sample_rate: int
    samples: int
    channels: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate


def check_sample_rate(sample_rate: int, where: str = 'audio') -> None:
    """Raise InputError unless ``sample_rate`` is between 8 and 192 kHz, as the features need."""
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise InputError(
            f'{where}: sample rate {sample_rate} Hz is outside {MIN_SAMPLE_RATE}..'
            f'{MAX_SAMPLE_RATE} Hz; resample it to 16000 Hz'
        )


def check_samples(samples: np.ndarray, where: str = 'audio') -> None:
    """Raise InputError unless every sample is finite and at most `MAX_AMPLITUDE`.

    Args:
        samples: array of any shape; full scale is 1.
        where: origin of the samples, for the message.
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
    """Return the properties in a recording's header.

    The samples are read only if the header does not tell their number. Of several recordings in
    one file, the lengths are added up at the highest of their rates.

    Raises:
        InputError: as ``read_blocks``, for faults that show without reading the samples.
    """
    recording = _Recording(path)
    return AudioInfo(recording.sample_rate, recording.samples(), recording.channels)


@reader('an audio file')
def read_audio(
    path: str | os.PathLike[str], notes: list[str] | None = None
) -> tuple[np.ndarray, int]:
    """Read a whole recording: samples (n,) float32, the mean of its channels, and rate in Hz.

    Args:
        path: as ``read_blocks``.
        notes: list to append warnings to; None: warnings are logged.

    Raises:
        InputError: as ``read_blocks``.
    """
    recording = _Recording(path)
    return np.concatenate(list(recording.blocks(10.0, notes))), recording.sample_rate


@reader('an audio file')
def read_blocks(path: str | os.PathLike[str], seconds: float = 1.0) -> Iterator[np.ndarray]:
    """Read a recording block by block, so that even hours of it need little memory.

    A file that holds several recordings is read as one, at the highest of their rates. A file that
    is shorter than its header says is read to its end. Both are logged as warnings. Another
    warning is logged if more than 1 % of the samples are at full scale.

    Args:
        path: a file in any format, subtype and channel count that libsndfile reads, 8..192 kHz.
        seconds: length of a block; the last block of each recording may be shorter.

    Yields:
        (n,) float32: the mean of the channels.

    Raises:
        InputError: the file is missing, a folder, not audio or empty; it is cut or damaged before
            the first sample; its rate is unusable; samples are not finite or far beyond full
            scale.
    """
    yield from _Recording(path).blocks(seconds)


class _Recording:
    """All recordings of a file, read as one."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        _check_file(self.path)
        self._size = self.path.stat().st_size
        self._unreadable = 0
        found, notes = find_parts(self.path)
        self._notes = [f'{self.path}: {note}' for note in notes]
        self._parts: list[Part] = []
        infos: list[AudioInfo] = []
        for part in found:
            try:
                with self._open(part) as file:
                    infos.append(AudioInfo(file.samplerate, file.frames, file.channels))
                    self._parts.append(part)
            except InputError as error:
                if len(found) == 1:
                    raise
                self._count_unreadable()
                reason = str(error).removeprefix(f'{self.path}: ')
                self._notes.append(
                    f'{self.path}: the recording from byte {part.start} to {part.end} is left '
                    f'out: {reason}'
                )
        if not infos:
            raise InputError(f'{self.path}: holds no samples; record or export it again')
        self.sample_rate = max(info.sample_rate for info in infos)
        self.channels = max(info.channels for info in infos)
        self._infos = infos

    def _count_unreadable(self) -> None:
        """Raise InputError where too many of the recordings cannot be read."""
        self._unreadable += 1
        if self._unreadable > _MOST_UNREADABLE:
            raise InputError(
                f'{self.path}: more than {_MOST_UNREADABLE} of the recordings in it cannot be '
                f'read; export it again'
            )

    def samples(self) -> int:
        """Return the number of samples, a channel, at ``sample_rate``."""
        if not all(map(self._is_complete, self._parts)):
            return sum(len(block) for block in self.blocks(10.0, []))
        return sum(-(-info.samples * self.sample_rate // info.sample_rate) for info in self._infos)

    def _is_complete(self, part: Part) -> bool:
        """Return True if the last sample that the header promises can be read."""
        with self._open(part) as file:
            try:
                file.seek(file.frames - 1)
                return file.frames <= _UNKNOWN and len(file.read(1)) == 1
            except soundfile.SoundFileError:
                return False

    def blocks(self, seconds: float, notes: list[str] | None = None) -> Iterator[np.ndarray]:
        """Yield the samples; see ``read_blocks``."""

        def say(line: str) -> None:
            if notes is None:
                logger.warning('%s', line)
            else:
                notes.append(line)

        for note in self._notes:
            say(note)
        self._unreadable = read = clipped = 0
        for part, info in zip(self._parts, self._infos, strict=True):
            resampler = StreamResampler(info.sample_rate, self.sample_rate)
            for samples in self._decoded(part, info, seconds, say):
                read += samples.size
                clipped += int((np.abs(samples) >= CLIPPED_LEVEL).sum())
                ready = resampler.push(samples.mean(axis=1, dtype=np.float32))
                if len(ready):
                    yield ready
            if len(tail := resampler.finish()):
                yield tail
        if not read:
            raise InputError(f'{self.path}: holds no samples; record or export it again')
        if clipped > CLIPPED_FRACTION * read:
            say(
                f'{self.path}: {100 * clipped / read:.0f} % of its samples are clipped (at full '
                f'scale); lower the recording level'
            )

    def _decoded(
        self, part: Part, info: AudioInfo, seconds: float, say: Callable[[str], None]
    ) -> Iterator[np.ndarray]:
        """Yield the samples (n, channels) of one part."""
        stated, rate, read = info.samples, info.sample_rate, 0
        for samples in self._read(part, max(1, round(seconds * rate))):
            check_samples(samples, f'{self.path} ({read / rate:.1f} s in)')
            read += len(samples)
            yield samples
        if not read and len(self._parts) == 1:
            raise InputError(
                f'{self.path}: cut short or damaged before its first sample; copy or export it '
                f'again'
            )
        if not read:
            self._count_unreadable()
        # Lossy formats may promise a few samples more than they hold.
        if stated <= _UNKNOWN and stated - read > LENGTH_TOLERANCE_S * rate:
            say(
                f'{self.path}: cut short or damaged after {read / rate:.1f} of '
                f'{stated / rate:.1f} s: the rest is left out'
            )

    def _read(self, part: Part, block: int) -> Iterator[np.ndarray]:
        """Yield samples (n, channels) up to the end, or up to where they are damaged."""
        read, step = 0, block
        while True:
            try:
                with self._open(part) as file:
                    for before in range(0, read, block):
                        file.read(min(block, read - before))
                    while len(samples := file.read(step, dtype='float32', always_2d=True)):
                        read += len(samples)
                        yield samples
                return
            except soundfile.SoundFileError:
                # A block with damage in it is lost as a whole: retry from there in small steps.
                if step == 1:
                    return
                step = max(1, step // 64)

    def _open(self, part: Part) -> soundfile.SoundFile:
        whole = part.is_whole(self._size)
        try:
            file = soundfile.SoundFile(
                # As bytes: a name need not be UTF-8.
                os.fsencode(self.path) if whole else PartFile(self.path, part)
            )
        except (soundfile.SoundFileError, TypeError) as error:  # TypeError: a headerless .raw
            raise InputError(
                f'{self.path}: not a readable audio file; give wav, flac, ogg or mp3'
            ) from error
        try:
            if not file.frames:
                raise InputError(f'{self.path}: holds no samples; record or export it again')
            check_sample_rate(file.samplerate, str(self.path))
        except InputError:
            file.close()
            raise
        return file


def _check_file(path: Path) -> None:
    """Raise InputError unless a path is a file that can be read and has content."""
    if path.is_dir():
        raise InputError(f'{path}: is a folder; give an audio file')
    if not path.exists():
        raise InputError(f'{path}: no such audio file')
    if not os.access(path, os.R_OK):
        raise InputError(f'{path}: not readable; check its permissions')
    if not path.stat().st_size:
        raise InputError(f'{path}: the file is empty; record or export it again')
