"""Videos, read back by FFmpeg's decoders and by Pillow."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.advice import install_advice
from diffsheg_model.errors import InputError
from diffsheg_model.pictures.video import H264_ENCODERS, VideoWriter, write_strip
from tests.support.paths import ROOT

av = pytest.importorskip('av', reason='videos need the extra `render`')

WIDTH, HEIGHT = 96, 64
RATE = 16000
COLOURS = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (230, 230, 230), (10, 10, 10)]


def frame_of(index: int) -> np.ndarray:
    """Five frames of each colour in turn, the left half black."""
    frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    frame[:] = COLOURS[index // 5 % len(COLOURS)]
    frame[:, : WIDTH // 2] = 0
    return frame


def click(at_s: float, seconds: float, rate: int = RATE) -> np.ndarray:
    """Silence with 10 ms of a tone."""
    audio = np.zeros(round(seconds * rate), np.float32)
    start = round(at_s * rate)
    audio[start : start + rate // 100] = 0.8 * np.sin(np.arange(rate // 100) * 6000 / rate)
    return audio


def written(path: Path, frames: int = 40, fps: float = 30, **options) -> Path:
    with VideoWriter(path, WIDTH, HEIGHT, fps, **options) as video:
        for index in range(frames):
            video.write(frame_of(index))
    return path


def rgb(frame) -> np.ndarray:
    """A decoded frame as (H, W, 3), by the equations of BT.709 in limited range."""
    planes = frame.to_ndarray(format='yuv420p').astype(np.float64)
    luma = (planes[:HEIGHT] - 16) * 255 / 219
    quarter = planes[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2).repeat(2, axis=1).repeat(2, 2)
    blue, red = (quarter - 128) * 255 / 224
    green = luma - 0.1873 * blue - 0.4681 * red
    return np.stack([luma + 1.5748 * red, green, luma + 1.8556 * blue], axis=-1)


def onset_s(path: Path) -> tuple[float, float]:
    """The start of the sound and the duration of its decoded samples, as a player counts."""
    with av.open(path) as container:
        frames = list(container.decode(audio=0))
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    rate = frames[0].sample_rate
    first = np.flatnonzero(np.abs(samples) > 0.2)[0]
    return frames[0].time + first / rate, frames[0].time + len(samples) / rate


def test_every_frame_has_its_time_and_colours(tmp_path):
    path = written(tmp_path / 'clip.mp4')
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ('h264', 'yuv420p')
        assert (stream.width, stream.height) == (WIDTH, HEIGHT)
        assert stream.average_rate == 30
        assert len(container.streams) == 1
        frames = list(container.decode(stream))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(40) / 30, abs=1e-4)
    for index, frame in enumerate(frames):
        picture = rgb(frame)
        away = np.abs(picture - frame_of(index))
        assert away[:, WIDTH // 2 + 4 :].mean() < 4, index
        assert away[:, : WIDTH // 2 - 4].mean() < 4, index
    # BT.709 in limited range, as said in the file: players assume other things of small videos.
    assert (frames[0].colorspace, frames[0].color_range) == (1, 1)


def test_its_index_comes_first(tmp_path):
    content = written(tmp_path / 'clip.mp4').read_bytes()
    assert content.index(b'moov') < content.index(b'mdat')


@pytest.mark.parametrize('rate', [8000, 16000, 22050, 44100, 48000, 96000])
def test_the_sound_keeps_its_place(tmp_path, rate):
    audio = click(0.7, 3.0, rate)
    path = written(tmp_path / 'clip.mp4', audio=audio, rate=rate)
    with av.open(path) as container:
        video, sound = container.streams
        assert sound.codec_context.name == 'aac'
        assert float(video.duration * video.time_base) == pytest.approx(40 / 30, abs=1e-3)
        assert float(sound.duration * sound.time_base) == pytest.approx(40 / 30, abs=1e-3)
    onset, end = onset_s(path)
    assert onset == pytest.approx(0.7, abs=0.002)
    assert end == pytest.approx(40 / 30, abs=0.025)  # cut, but for a rest of the last AAC frame


def test_silence_follows_a_recording_that_is_shorter(tmp_path):
    path = written(tmp_path / 'clip.mp4', fps=24.0, audio=click(0.25, 0.3), rate=RATE)
    onset, end = onset_s(path)
    assert onset == pytest.approx(0.25, abs=0.002)
    assert end >= 40 / 24 - 1e-3


def test_frame_rates_that_are_no_whole_numbers(tmp_path):
    path = written(tmp_path / 'clip.mp4', fps=30000 / 1001, audio=click(1, 2), rate=RATE)
    with av.open(path) as container:
        frames = list(container.decode(video=0))
    assert frames[-1].time == pytest.approx(39 * 1001 / 30000, abs=1e-4)


def test_an_animated_picture(tmp_path):
    image = pytest.importorskip('PIL.Image')
    path = written(tmp_path / 'clip.webp', audio=click(0.1, 1), rate=RATE)
    with image.open(path) as picture:
        assert picture.size == (WIDTH, HEIGHT)
        assert picture.info['loop'] == 0
        shown = 0
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            index = round(picture.info['timestamp'] * 30 / 1000)
            colours = np.asarray(picture.convert('RGB'), np.float64)
            assert np.abs(colours - frame_of(index))[:, WIDTH // 2 + 4 :].mean() < 12, number
            shown = picture.info['timestamp'] + picture.info['duration']
    assert shown == pytest.approx(40 * 1000 / 30, abs=35)


def test_a_row_of_stills(tmp_path):
    image = pytest.importorskip('PIL.Image')
    write_strip(tmp_path / 'strip.png', [frame_of(0), frame_of(5), frame_of(10)[:, :50]])
    with image.open(tmp_path / 'strip.png') as picture:
        row = np.asarray(picture)
    assert row.shape == (HEIGHT, 2 * WIDTH + 50 + 8, 3)
    assert np.array_equal(row[:, :WIDTH], frame_of(0))
    assert (row[:, WIDTH : WIDTH + 4] == 255).all()
    assert np.array_equal(row[:, WIDTH + 4 : 2 * WIDTH + 4], frame_of(5))
    for stills in ([], [frame_of(0), frame_of(0)[:10]]):
        with pytest.raises(InputError, match='stills of'):
            write_strip(tmp_path / 'other.png', stills)
    assert [path.name for path in tmp_path.iterdir()] == ['strip.png']


def test_refusals(tmp_path):
    for name, size, fps, words in [
        ('clip.avi', (96, 64), 30, 'must end in .mp4 or .webp'),
        ('clip.mp4', (95, 64), 30, '95x64 pixels; both must be even'),
        ('clip.mp4', (96, 0), 30, '96x0 pixels'),
        ('clip.mp4', (96, 64), 0, '0 frames a second'),
        ('clip.mp4', (96, 64), float('nan'), 'nan frames a second'),
    ]:
        with pytest.raises(InputError, match=words):
            VideoWriter(tmp_path / name, *size, fps)
    with pytest.raises(InputError, match='no frame was drawn'):
        written(tmp_path / 'clip.mp4', frames=0)
    for frame in (np.zeros((64, 95, 3), np.uint8), np.zeros((64, 96, 3), np.float32)):
        with (
            pytest.raises(InputError, match=r'frame 1 of .* must be uint8 of \(64, 96, 3\)'),
            VideoWriter(tmp_path / 'clip.mp4', WIDTH, HEIGHT, 30) as video,
        ):
            video.write(frame_of(0))
            video.write(frame)
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='cannot write .*: '):
        written(tmp_path / 'file' / 'clip.mp4')
    assert [path.name for path in tmp_path.iterdir()] == ['file']


def test_an_encoder_that_is_missing(tmp_path):
    with pytest.raises(InputError, match=r'has no encoder libnosuch: .*pip install') as caught:
        written(tmp_path / 'clip.mp4', encoder='libnosuch')
    assert '\n' not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_another_encoder(tmp_path):
    """One without a constant quality, as libopenh264 is."""
    assert H264_ENCODERS[0] in av.codecs_available, 'a wheel without its best encoder'
    path = written(tmp_path / 'clip.mp4', encoder='mpeg4')
    with av.open(path) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 40
    assert np.abs(rgb(frames[7]) - frame_of(7))[:, WIDTH // 2 + 4 :].mean() < 12


def test_an_error_between_frames_leaves_what_was_there(tmp_path):
    path = tmp_path / 'clip.mp4'
    path.write_text('earlier')
    with (
        pytest.raises(KeyError),
        VideoWriter(path, WIDTH, HEIGHT, 30, click(0.1, 1), RATE) as video,
    ):
        video.write(frame_of(0))
        raise KeyError
    assert path.read_text() == 'earlier'
    assert [path.name for path in tmp_path.iterdir()] == ['clip.mp4']


@pytest.mark.parametrize('suffix', ['.mp4', '.webp'])
@pytest.mark.parametrize('room_kb', [4, 64])
def test_a_full_disk_is_one_line(tmp_path, suffix, room_kb):
    disk = tmp_path / 'disk'
    disk.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', f'size={room_kb}k', 'tmpfs', str(disk)]
    if not shutil.which('mount') or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip('no file system may be mounted here')
    noise = np.random.default_rng(0)
    try:
        with (
            pytest.raises(InputError, match='cannot write .*: No space left on device'),
            VideoWriter(disk / f'clip{suffix}', WIDTH, HEIGHT, 30, click(0.1, 1), RATE) as video,
        ):
            for _ in range(30):
                video.write(noise.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8))
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(['umount', str(disk)], check=True)


def test_without_pyav_the_message_says_what_to_install(tmp_path):
    program = textwrap.dedent(f"""
        import sys
        sys.modules['av'] = None
        from diffsheg_model.errors import InputError
        from diffsheg_model.pictures.video import VideoWriter
        try:
            with VideoWriter({str(tmp_path / 'clip.mp4')!r}, 96, 64, 30):
                pass
        except InputError as error:
            print(error)
    """)
    root = ROOT
    done = subprocess.run(
        [sys.executable, '-c', program],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(root)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('\n') == 1 and install_advice('render') in done.stdout
    assert list(tmp_path.iterdir()) == []
