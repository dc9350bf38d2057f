"""``diffsheg render``: videos, stills, their times, and errors for wrong options."""

import numpy as np
import pytest
import soundfile

from diffsheg_model.cli.main import main
from diffsheg_model.errors import InputError
from diffsheg_model.motion_files import write_npz
from diffsheg_model.pictures.render import RenderOptions, moments
from diffsheg_model.viewer.clip import Clip
from tests.support.posed_motion import needs_browser, posed


@needs_browser
def test_a_video_has_its_frames_and_its_sound(tmp_path, capsys):
    av = pytest.importorskip('av')
    motion, speech, clip = tmp_path / 'm.npz', tmp_path / 's.wav', tmp_path / 'clip.mp4'
    write_npz(motion, posed())
    soundfile.write(speech, 0.2 * np.sin(np.arange(5 * 16000) / 5), 16000)
    arguments = ['--size', '320x240', '--fps', '4', '--start', '0.5', '--seconds', '1.5']
    assert main(['render', str(motion), str(speech), '-o', str(clip), *arguments]) == 0
    with av.open(str(clip)) as container:
        video = [
            frame.to_ndarray(format='rgb24').astype(int) for frame in container.decode(video=0)
        ]
    assert len(video) == 6 and video[0].shape == (240, 320, 3)
    # At 1.0 s of the motion the mouth opens: frame 2.
    differences = [np.abs(b - a).max() for a, b in zip(video, video[1:], strict=False)]
    assert np.argmax(differences) == 1
    with av.open(str(clip)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(sound) / 48000 == pytest.approx(1.5, abs=0.06) and np.abs(sound).max() > 0.1


@needs_browser
def test_a_strip_of_stills(tmp_path):
    from PIL import Image

    motion, strip = tmp_path / 'm.npz', tmp_path / 'strip.png'
    write_npz(motion, posed())
    assert (
        main(['render', str(motion), '-o', str(strip), '--stills', '2', '--size', '200x180']) == 0
    )
    with Image.open(strip) as picture:
        assert picture.size == (404, 180)


class TestMoments:
    CLIP = Clip('posed', posed())

    def test_of_a_video(self, tmp_path):
        times_s = moments(
            tmp_path / 'a.mp4', [self.CLIP], np.zeros(0), 16000, RenderOptions(fps=4.0)
        )
        assert times_s == pytest.approx(np.arange(20) / 4)

    def test_the_longer_of_sound_and_motion_counts(self, tmp_path):
        picture = RenderOptions(fps=2.0, start_s=1.0)
        times_s = moments(tmp_path / 'a.mp4', [self.CLIP], np.zeros(7 * 8000), 8000, picture)
        assert times_s == pytest.approx(1.0 + np.arange(12) / 2)

    def test_of_a_strip_are_the_middles(self, tmp_path):
        picture = RenderOptions(stills=2, start_s=1.0, seconds=2.0)
        times_s = moments(tmp_path / 'a.png', [self.CLIP], np.zeros(0), 16000, picture)
        assert times_s == pytest.approx([1.5, 2.5])

    def test_nothing_is_left_after_the_end(self, tmp_path):
        with pytest.raises(InputError, match=r'start 9: the motion is over after 5\.0 s'):
            moments(tmp_path / 'a.mp4', [self.CLIP], np.zeros(0), 16000, RenderOptions(start_s=9.0))


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['-o', 'clip.avi'], 'its name must end in .mp4, .webp, .png'),
        (['-o', 'clip.mp4', '--size', 'large'], 'size large: must be width x height'),
        (['-o', 'clip.mp4', '--size', '10x10'], 'from 64 to 4096 pixels'),
        (['-o', 'clip.mp4', '--fps', '0'], 'fps 0: must be from 1 to 240'),
        (['-o', 'clip.mp4', '--start', '-1'], 'start -1'),
        (['-o', 'clip.mp4', '--seconds', '0'], 'seconds 0'),
        (['-o', 'clip.png', '--stills', '0'], 'stills 0'),
        (['-o', 'clip.mp4', '--camera', 'back'], 'back'),
        (['-o', 'clip.mp4', '--browser', '/no/such/chrome'], '/no/such/chrome: no such program'),
    ],
)
def test_wrong_input_is_refused_in_one_line(tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    write_npz('m.npz', posed())
    assert main(['render', 'm.npz', *arguments]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith('error: ') and words in shown and shown.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['m.npz']
