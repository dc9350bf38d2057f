"""A motion that is easy to predict."""

import numpy as np

from diffsheg_model.motion.motion import Motion


def ramp_motion(
    frames=30, fps=30.0, start_frame=0, joints=('Neck',), weights=('jawOpen',)
) -> Motion:
    """Return a motion in which every number rises from 0 towards 1."""
    ramp = np.arange(frames, dtype=np.float32) / max(frames, 1)
    return Motion(
        fps,
        joints,
        np.repeat(ramp[:, None, None], len(joints), 1) * np.ones(3, np.float32),
        weights,
        np.repeat(ramp[:, None], len(weights), 1),
        start_frame,
    )
