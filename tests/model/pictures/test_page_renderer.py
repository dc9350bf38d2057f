"""Pictures of motions, drawn by a real Chromium: what is posed is what is seen."""

import numpy as np
import pytest

from diffsheg_model.viewer.clip import Clip
from tests.support.posed_motion import needs_browser, posed

SIZE = (360, 320)


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


@pytest.mark.slow
@needs_browser
def test_a_large_picture():
    from diffsheg_model.pictures.page_renderer import draw

    # More bytes than any other message of a page may have.
    (picture,) = draw([Clip('posed', posed())], [0.5], 2400, 1800)
    assert picture.shape == (1800, 2400, 3) and figure(picture.astype(int)).sum() > 100_000
