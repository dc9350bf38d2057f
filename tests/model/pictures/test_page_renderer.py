"""Pictures of motions, drawn by a real Chromium: what is posed is what is seen."""

import numpy as np
import pytest
import soundfile

from diffsheg_model.cli.main import main
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from diffsheg_model.motion_files import write_npz
from diffsheg_model.pictures.render import RenderOptions, moments
from diffsheg_model.viewer.clip import Clip
from tests.support.pages import missing_browser

needs_browser = pytest.mark.skipif(
    bool(missing_browser()), reason=missing_browser() or 'it is there'
)

FPS = 10.0
SIZE = (360, 320)


def posed() -> Motion:
    """Five moments of a second each: at rest, mouth open, arms up, eyes closed, head turned."""
    frames = 50
    rest = np.asarray(BEAT_SKELETON.rest)[BEAT_SKELETON.indices(BEAT.joint_names)]
    rotations = np.repeat(rest[None], frames, 0).astype(np.float32)
    weights = np.zeros((frames, len(BEAT.weight_names)), np.float32)

    def joint(name: str) -> int:
        return BEAT.joint_names.index(name)

    weights[10:20, BEAT.weight_names.index('jawOpen')] = 1.0
    rotations[20:30, joint('LeftArm')] = (0.0, 0.0, 1.2)
    rotations[20:30, joint('RightArm')] = (0.0, 0.0, -1.2)
    for side in ('Left', 'Right'):
        weights[30:40, BEAT.weight_names.index(f'eyeBlink{side}')] = 1.0
    rotations[40:, joint('Neck')] = (0.0, 0.9, 0.0)
    return Motion(FPS, BEAT.joint_names, rotations, BEAT.weight_names, weights)


def draw(times_s, camera='half', clips=None):
    from diffsheg_model.pictures.page_renderer import draw

    clips = [Clip('posed', posed())] if clips is None else clips
    return [picture.astype(int) for picture in draw(clips, times_s, *SIZE, camera=camera)]


def figure(picture: np.ndarray) -> np.ndarray:
    """The mask of the figure: pixels that differ from the upper left corner."""
    corner = np.median(picture[:20, :20].reshape(-1, 3), axis=0)
    return np.abs(picture - corner).max(axis=2) > 40


@needs_browser
def test_arms_are_seen_up_and_down():
    down, up = draw([0.5, 2.5])
    height, width, _ = down.shape
    for side in (slice(0, width * 2 // 5), slice(width * 3 // 5, width)):
        upper = (slice(0, height // 3), side)
        assert figure(up)[upper].sum() > 10 * max(20, figure(down)[upper].sum())
    # Both arms: the picture is about as broad to the left as to the right.
    columns = np.flatnonzero(figure(up)[: height // 2].any(axis=0))
    assert abs((columns[0] + columns[-1]) / 2 - width / 2) < width / 10


@needs_browser
def test_the_mouth_and_the_eyes_are_seen_open_and_closed():
    rest, mouth, eyes, turned, again = draw([0.5, 1.5, 3.5, 4.5, 0.5], 'portrait')
    assert np.abs(rest - again).max() <= 2

    def changed(picture: np.ndarray) -> np.ndarray:
        return np.abs(picture - rest).max(axis=2) > 25

    opened, closed = changed(mouth), changed(eyes)
    assert 60 < opened.sum() < rest.shape[0] * rest.shape[1] / 8
    assert 20 < closed.sum() < rest.shape[0] * rest.shape[1] / 8
    # The mouth opens below the eyes, and gets dark inside; the eyes close on both sides alike.
    assert np.flatnonzero(opened.any(axis=1)).mean() > np.flatnonzero(closed.any(axis=1)).max()
    assert mouth[opened].sum(axis=1).min() < rest[opened].sum(axis=1).min()
    columns = np.flatnonzero(closed.any(axis=0))
    assert abs((columns[0] + columns[-1]) / 2 - rest.shape[1] / 2) < rest.shape[1] / 12
    # A head that turns to its left shows that to the viewer's right.
    assert changed(turned).sum() > 5 * closed.sum()


@needs_browser
def test_two_motions_stand_beside_each_other():
    still = posed()[0:10]
    (both,) = draw([2.5], clips=[Clip('posed', posed()), Clip('still', still)])
    height, width, _ = both.shape
    left, right = figure(both)[:, : width // 2], figure(both)[:, width // 2 :]
    assert left.sum() > 500 and right.sum() > 500
    # Only the first one's arms are up: its hands reach higher than the other's shoulders.
    broad = [np.ptp(np.flatnonzero(half[: height // 2].any(axis=0))) for half in (left, right)]
    assert broad[0] > 1.3 * broad[1]


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


@pytest.mark.slow
@needs_browser
def test_a_large_picture():
    from diffsheg_model.pictures.page_renderer import draw

    # More bytes than any other message of a page may have.
    (picture,) = draw([Clip('posed', posed())], [0.5], 2400, 1800)
    assert picture.shape == (1800, 2400, 3) and figure(picture.astype(int)).sum() > 100_000


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
