"""Recordings: anything that libsndfile reads, as checked mono float32 samples."""

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

MIN_SAMPLE_RATE = 8000
MAX_SAMPLE_RATE = 192000
# Float recordings may peak a little above 1; far above it they are integers in disguise.
MAX_AMPLITUDE = 16.0
CLIPPED_LEVEL = 0.999
CLIPPED_FRACTION = 0.01
LENGTH_TOLERANCE_S = 0.1
# Recordings of one file that cannot be read: a joined file with more is no recording.
_MOST_UNREADABLE = 100
# More samples than any file has: the header does not say how many.
_UNKNOWN = 1 << 48


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
    """Return what a recording's header says; the samples are read only where it says nothing.

    Of several recordings in one file it is their sum, at the highest of their rates.

    Raises:
        InputError: as ``read_blocks``, for what shows without reading the samples.
    """
    recording = _Recording(path)
    return AudioInfo(recording.sample_rate, recording.samples(), recording.channels)


@reader('an audio file')
def read_audio(
    path: str | os.PathLike[str], notes: list[str] | None = None
) -> tuple[np.ndarray, int]:
    """Reads a whole recording: samples (n,) float32, the mean of its channels, and rate in Hz.

    Args:
        path: as ``read_blocks``.
        notes: takes the lines that are logged otherwise.

    Raises:
        InputError: as ``read_blocks``.
    """
    recording = _Recording(path)
    return np.concatenate(list(recording.blocks(10.0, notes))), recording.sample_rate


@reader('an audio file')
def read_blocks(path: str | os.PathLike[str], seconds: float = 1.0) -> Iterator[np.ndarray]:
    """Reads a recording block by block, so that hours of it need no memory.

    A file that holds several recordings is read as one, at the highest of their rates. One that
    has less than its header says is read as far as it goes. Both are logged as a warning, and so
    are more than 1 % of samples at full scale.

    Args:
        path: a file in any format, subtype and channel count that libsndfile reads, 8..192 kHz.
        seconds: length of a block; the last one of each recording may be shorter.

    Yields:
        (n,) float32: the mean of the channels.

    Raises:
        InputError: missing, a folder, not audio, empty, without any sound before the place where
            it is cut or damaged, of an unusable rate, or with samples that are not finite or far
            beyond full scale.
    """
    yield from _Recording(path).blocks(seconds)


class _Recording:
    """The recordings of a file, as one."""

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
        """Return True where the last sample that the header states is there."""
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
                # A block with damage in it is lost as a whole: again from there in small steps.
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
