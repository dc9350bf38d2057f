"""A motion of five poses, and a mark for tests that need a browser."""

import numpy as np
import pytest

from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from tests.support.pages import missing_browser

needs_browser = pytest.mark.skipif(
    bool(missing_browser()), reason=missing_browser() or 'it is there'
)
FPS = 10.0


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
