"""Synthetic speech for the teacher, and measures of its motion."""

import numpy as np

from diffsheg_model.data.corpus.voices.phones import (
    Phone,
)
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.rest_skeletons import human
from diffsheg_model.motion.skeleton import forward_kinematics

RATE = 16000


def talk(seconds: float, seed: int = 0) -> tuple[tuple[Phone, ...], np.ndarray]:
    """Syllables with pauses, as phones and as a buzz that is loud where they are open."""
    rng = np.random.default_rng(seed)
    phones: list[Phone] = []
    samples = np.zeros(int(seconds * RATE), np.float32)
    time = 0.6
    while time < seconds - 3.0:
        for _ in range(int(rng.integers(5, 12))):
            for name in (
                str(rng.choice(['B', 'T', 'S', 'W'])),
                str(rng.choice(['AA', 'IY', 'UW'])),
            ):
                length = 0.07 if len(name) == 1 else 0.14
                stress = int(len(name) == 2 and rng.random() < 0.4)
                phones.append(Phone(name, time, time + length, stress))
                span = slice(int(time * RATE), int((time + length) * RATE))
                samples[span] = (0.02 if len(name) == 1 else 0.3) * rng.standard_normal(
                    span.stop - span.start
                )
                time += length
        time += 2.0
    return tuple(phones), samples


def weight(face: np.ndarray, name: str) -> np.ndarray:
    return face[:, BEAT.weight_names.index(name)]


def wrists(motion: np.ndarray) -> np.ndarray:
    """(F, 2, 3) metres: right and left wrist."""
    skeleton = human('beat')
    places = forward_kinematics(skeleton, BEAT.joint_names, motion)
    return places[:, skeleton.indices(['RightHand', 'LeftHand'])]
