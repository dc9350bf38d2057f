"""Writers of frames and audio as mp4, animated WebP or a strip of stills.

An mp4 holds H.264 (yuv420p, BT.709) and AAC. Its index is in front: it plays while it loads.
The first sample of the audio plays with the first frame: the edit list of the file holds the delay
of the encoder.
"""

import contextlib
import importlib
import math
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from diffsheg_model.advice import install_advice
from diffsheg_model.audio.resampling import StreamResampler
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path

#: H.264 encoders in order of preference. PyAV's wheels have the first; builds of FFmpeg without
#: GPL parts have the second.
H264_ENCODERS = ('libx264', 'libopenh264')
#: Hz. AAC supports few sample rates; all audio is resampled to this one.
SOUND_RATE = 48000
SUFFIXES = ('.mp4', '.webp')

_SOUND_BIT_RATE = 128_000
#: Bits for each pixel of each frame, for encoders without constant quality.
_BITS_PER_PIXEL = 0.15
_KEY_FRAME_S = 2
#: BT.709, in the numbering of ITU-T H.273.
_BT709 = 1
_LIMITED_RANGE = 1
_GAP_PX = 4


class VideoWriter:
    """Writer of a video, frame by frame; the file appears when the block ends without an error.

    The suffix determines the format: `.mp4` is a video with audio, `.webp` an animated picture that
    repeats forever, without audio.

        with VideoWriter('clip.mp4', 1280, 720, 30, audio, 16000) as video:
            for picture in pictures:
                video.write(picture)

    Raises:
        InputError: on entering, on leaving or by `write`: an unknown suffix, missing PyAV or
            encoder, unsupported size, no frames, a path that cannot be written, or a full disk. A
            file at the path is then unchanged.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        width: int,
        height: int,
        fps: float,
        audio: np.ndarray | None = None,
        rate: int = SOUND_RATE,
        encoder: str | None = None,
    ) -> None:
        """Set the options; nothing is opened yet.

        Args:
            path: the file.
            width, height: size of every frame, pixels; both even.
            fps: frames a second.
            audio: (n,) mono, -1..1, from the first frame on; cut or padded with silence to the
                length of the frames. None for a video without audio.
            rate: sample rate, Hz.
            encoder: FFmpeg's name of the video encoder; None for the first of `H264_ENCODERS`.
        """
        self.path = Path(path)
        if self.path.suffix.lower() not in SUFFIXES:
            raise InputError(f'cannot write {path}: its name must end in {" or ".join(SUFFIXES)}')
        if min(width, height) < 16 or width % 2 or height % 2:
            raise InputError(
                f'cannot write {path}: {width}x{height} pixels; '
                f'both must be even numbers from 16 up'
            )
        if not (math.isfinite(fps) and 0 < fps <= 1000):
            raise InputError(f'cannot write {path}: {fps} frames a second; must be above 0 to 1000')
        self.width, self.height = width, height
        self.fps = Fraction(fps).limit_denominator(100_000)
        self.frames = 0
        self._animated = self.path.suffix.lower() == '.webp'
        self._encoder = encoder
        self._audio: np.ndarray | None = None
        if audio is not None and not self._animated:
            self._audio = _at_sound_rate(audio, rate)
        self._sounded = 0
        self._container: Any = None
        self._video: Any = None
        self._sound: Any = None

    def __enter__(self) -> 'VideoWriter':
        _check_pyav()
        with contextlib.ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self.path))
            stack.push(self._close)
            self._open(temporary)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, frame_rgb: np.ndarray) -> None:
        """Add a frame, (height, width, 3) uint8, and its audio."""
        import av

        if frame_rgb.shape != (self.height, self.width, 3) or frame_rgb.dtype != np.uint8:
            raise InputError(
                f'frame {self.frames} of {self.path} is {frame_rgb.dtype} of shape '
                f'{frame_rgb.shape}: must be uint8 of ({self.height}, {self.width}, 3)'
            )
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame_rgb), format='rgb24')
        if self._animated:
            frame = frame.reformat(format='bgra')
        else:
            frame = frame.reformat(
                format='yuv420p', dst_colorspace='ITU709', dst_color_range='MPEG'
            )
        frame.pts, frame.time_base = self.frames, 1 / self.fps
        with self._one_line():
            self._container.mux(self._video.encode(frame))
        self.frames += 1
        if self._audio is not None:
            self._write_sound(self._audio, round(self.frames * SOUND_RATE / self.fps))

    def _open(self, temporary: Path) -> None:
        import av

        name = self._encoder or _encoder(('libwebp_anim',) if self._animated else H264_ENCODERS)
        _check_encoder(name)
        options = {'loop': '0'} if self._animated else {'movflags': '+faststart'}
        with self._one_line():
            self._container = av.open(
                temporary, 'w', format=self.path.suffix.lower()[1:], options=options
            )
            self._video = self._container.add_stream(name, rate=self.fps)
            self._video.width, self._video.height = self.width, self.height
            self._video.time_base = 1 / self.fps
            if self._animated:
                self._video.pix_fmt = 'bgra'
                self._video.options = {'quality': '80'}
            else:
                self._set_up_video(name)
            if self._audio is not None:
                self._sound = self._container.add_stream('aac', rate=SOUND_RATE, layout='mono')
                self._sound.bit_rate = _SOUND_BIT_RATE

    def _set_up_video(self, encoder: str) -> None:
        self._video.pix_fmt = 'yuv420p'
        context = self._video.codec_context
        context.color_range = _LIMITED_RANGE
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.gop_size = max(1, round(_KEY_FRAME_S * self.fps))
        if encoder == 'libx264':
            self._video.options = {'crf': '18', 'preset': 'medium'}
        else:
            context.bit_rate = round(self.width * self.height * self.fps * _BITS_PER_PIXEL)

    def _write_sound(self, audio: np.ndarray, until: int) -> None:
        """Encode the samples up to an index, and silence after the end of the recording."""
        import av

        block = np.zeros(until - self._sounded, np.float32)
        given = audio[self._sounded : until]
        block[: len(given)] = given
        frame = av.AudioFrame.from_ndarray(block[None], format='fltp', layout='mono')
        frame.sample_rate = SOUND_RATE
        frame.pts, frame.time_base = self._sounded, Fraction(1, SOUND_RATE)
        self._sounded = until
        with self._one_line():
            self._container.mux(self._sound.encode(frame))

    def _close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the temporary file; after an error only close it."""
        import av

        try:
            if error is None:
                self._finish()
        finally:
            if self._container is not None:
                # The file is closed already, or will be removed: the error does not matter.
                with contextlib.suppress(av.error.FFmpegError, OSError):
                    self._container.close()

    def _finish(self) -> None:
        if not self.frames:
            raise InputError(f'cannot write {self.path}: no frame was drawn')
        with self._one_line():
            self._container.mux(self._video.encode(None))
            if self._sound is not None:
                self._container.mux(self._sound.encode(None))
            self._container.close()

    @contextlib.contextmanager
    def _one_line(self) -> Iterator[None]:
        import av

        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            raise InputError(
                f'cannot write {self.path}: {error.strerror or error}; nothing was changed there'
            ) from error


def write_strip(path: str | os.PathLike[str], frames: Sequence[np.ndarray]) -> None:
    """Write stills side by side, with a white gap, as a PNG.

    Args:
        path: the file.
        frames: at least one, (H, W, 3) uint8, of equal heights.

    Raises:
        InputError: no frames, different heights, or a path that cannot be written.
    """
    from PIL import Image

    heights = {len(frame) for frame in frames}
    if len(heights) != 1:
        raise InputError(
            f'cannot write {path}: {len(frames)} stills of {len(heights)} heights; '
            f'give at least one, all of one height'
        )
    gap = np.full((heights.pop(), _GAP_PX, 3), 255, np.uint8)
    row = [part for frame in frames for part in (gap, frame)][1:]
    with atomic_path(path) as temporary:
        Image.fromarray(np.concatenate(row, axis=1)).save(temporary, format='png', optimize=True)


def _check_pyav() -> None:
    try:
        importlib.import_module('av')
    except ImportError as error:
        raise InputError(
            f'writing a video needs PyAV, which is not installed: {install_advice("render")}'
        ) from error


def _encoder(names: Sequence[str]) -> str:
    """Return the first encoder that this PyAV has, or the first of all if it has none."""
    import av

    return next((name for name in names if name in av.codecs_available), names[0])


def _check_encoder(name: str) -> None:
    import av

    try:
        av.Codec(name, 'w')
    except ValueError as error:  # UnknownCodecError
        raise InputError(
            f'the FFmpeg of this PyAV ({av.__version__}) has no encoder {name}: install the wheel '
            f'with {install_advice("render")} --force-reinstall --only-binary av'
        ) from error


def _at_sound_rate(audio: np.ndarray, rate: int) -> np.ndarray:
    """Resample the audio to `SOUND_RATE`, clipped to full scale."""
    resampler = StreamResampler(rate, SOUND_RATE)
    samples = [resampler.push(np.asarray(audio, np.float32)), resampler.finish()]
    return np.clip(np.concatenate(samples), -1.0, 1.0)
