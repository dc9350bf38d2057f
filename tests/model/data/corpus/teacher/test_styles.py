"""Differences between the styles."""

import numpy as np

from diffsheg_model.data.corpus.teacher import teacher
from diffsheg_model.data.corpus.teacher.styles import STYLES
from tests.support.teacher import wrists


def test_styles_differ(spoken) -> None:  # type: ignore[no-untyped-def]
    _, _, events = spoken
    speeds, shares = [], []
    for style in STYLES:
        paths = wrists(teacher.gesture(events, style, np.random.default_rng(5)))
        moved = np.linalg.norm(np.diff(paths, axis=0), axis=2).sum(axis=0)
        speeds.append(moved.sum())
        shares.append(moved[0] / moved.sum())
    assert max(speeds) > 1.8 * min(speeds)
    names = [style.name for style in STYLES]
    assert shares[names.index('left-handed')] < shares[names.index('lecturer')]
