"""Made motions and sounds for tests, and the size of a picture."""

from pathlib import Path

import numpy as np

from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.motion import Motion

RATE = 16000


def moving(format_=BEAT, frames=30, seed=0, start_frame=0) -> Motion:
    """Every joint and weight on its own smooth way, large enough to turn angles over."""
    rng = np.random.default_rng(seed)
    names = format_.joint_names + format_.face_joint_names
    times = np.arange(frames)[:, None, None] / format_.fps
    speed, phase = rng.uniform(1, 4, (2, len(names), 3))
    weights = 0.5 + 0.5 * np.sin(times[:, 0] * rng.uniform(1, 9, len(format_.weight_names)))
    return Motion(
        format_.fps,
        names,
        (1.5 * np.sin(speed * times + phase)).astype(np.float32),
        format_.weight_names,
        weights.astype(np.float32),
        start_frame,
    )


def tone(seconds=2.0) -> np.ndarray:
    times = np.arange(int(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * 3 * times) * np.sin(2 * np.pi * 220 * times)).astype(np.float32)


def png_size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[:24]
    assert header[:8] == b'\x89PNG\r\n\x1a\n'
    return int.from_bytes(header[16:20], 'big'), int.from_bytes(header[20:24], 'big')
