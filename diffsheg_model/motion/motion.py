"""Motion in physical units, the output of every stage after the sampler."""

from dataclasses import dataclass

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion_format import MotionFormat

MOST_NAMES = 4096
"""Largest number of joints or weights in a motion file; real faces have below a tenth of it."""


@dataclass(frozen=True)
class Motion:
    """A stretch of face and body motion.

    Attributes:
        fps: frames a second.
        joint_names: J names.
        rotations: (F, J, 3) float32, local joint rotations as axis-angle vectors, radians.
        weight_names: W names.
        weights: (F, W) float32; blendshapes in [0, 1], or free coefficients.
        start_frame: index of the first frame within the utterance.
    """

    fps: float
    joint_names: tuple[str, ...]
    rotations: np.ndarray
    weight_names: tuple[str, ...]
    weights: np.ndarray
    start_frame: int = 0

    def __post_init__(self) -> None:
        frames = len(self.weights)
        if self.rotations.shape != (frames, len(self.joint_names), 3):
            raise InputError(
                f'Motion.rotations has shape {self.rotations.shape}: must be '
                f'({frames}, {len(self.joint_names)}, 3)'
            )
        if self.weights.shape != (frames, len(self.weight_names)):
            raise InputError(
                f'Motion.weights has shape {self.weights.shape}: must be '
                f'({frames}, {len(self.weight_names)})'
            )

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def duration_s(self) -> float:
        return len(self) / self.fps

    def __getitem__(self, frames: slice) -> 'Motion':
        """Return the frames of a slice with step 1, with their own start_frame."""
        start, _, step = frames.indices(len(self))
        if step != 1:
            raise ValueError('motion slices have step 1')
        return Motion(
            self.fps,
            self.joint_names,
            self.rotations[frames],
            self.weight_names,
            self.weights[frames],
            self.start_frame + start,
        )


def concatenate(parts: list[Motion]) -> Motion:
    """Join consecutive parts of one motion."""
    first = parts[0]
    expected = first.start_frame
    for part in parts:
        if part.start_frame != expected:
            raise ValueError(f'a part starts at frame {part.start_frame}, not {expected}')
        expected += len(part)
    return Motion(
        first.fps,
        first.joint_names,
        np.concatenate([part.rotations for part in parts]),
        first.weight_names,
        np.concatenate([part.weights for part in parts]),
        first.start_frame,
    )


def from_channels(channels: np.ndarray, format_: MotionFormat, start_frame: int = 0) -> Motion:
    """Split denormalised channels (F, C) of a model into rotations and weights.

    Face joints (SHOW's jaw) follow the body's joints in the list.
    """
    body = channels[:, : format_.gesture_dim]
    face_joints = 3 * len(format_.face_joint_names)
    face = channels[:, format_.gesture_dim :]
    rotations = np.concatenate([body, face[:, :face_joints]], axis=1)
    weights = face[:, face_joints:]
    if format_.weights_are_unit:
        weights = np.clip(weights, 0.0, 1.0)
    joint_names = format_.joint_names + format_.face_joint_names
    return Motion(
        format_.fps,
        joint_names,
        rotations.reshape(len(channels), len(joint_names), 3).astype(np.float32),
        format_.weight_names,
        weights.astype(np.float32),
        start_frame,
    )
