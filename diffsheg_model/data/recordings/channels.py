"""Resampling of a recording to the channels and frames of a motion format."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from diffsheg_model.data.recordings.recording import Recording
from diffsheg_model.errors import InputError
from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.motion_files.track import Track


@dataclass(frozen=True)
class Channels:
    """Motion of a format, with masks of the captured channels.

    Attributes:
        motion: (F, C) float32; 0 in channels that were not captured.
        joint_mask: True for each gesture joint that was captured.
        weight_mask: True for each weight that was captured.
        face_valid: True if the face was captured, its joints included.
        semantic: (F,) score of every frame, or None.
    """

    motion: NDArray[np.float32]
    joint_mask: tuple[bool, ...]
    weight_mask: tuple[bool, ...]
    face_valid: bool
    semantic: NDArray[np.float32] | None


def to_channels(recording: Recording, format_: MotionFormat, frames: int) -> Channels:
    """Resample a recording to the frames of a format, frame k at k / fps seconds.

    Rotations are interpolated spherically on the shorter path, weights linearly. Frames beyond the
    ends of a track hold its first or last value. Nothing is filtered: as published, motion at
    15 fps is every eighth frame of a capture at 120 fps.

    Raises:
        InputError: the recording has no channel of the format, or weights without the face
            joints that belong to them.
    """
    times_s = np.arange(frames) / format_.fps
    named = format_.joint_names + format_.face_joint_names
    has_joint = [name in recording.joints.names for name in named]
    has_weight = [name in recording.weights.names for name in format_.weight_names]
    if not any(has_joint) and not any(has_weight):
        raise InputError(f'{recording.name}: has no joint and no weight of {format_.name} motion')
    gesture, face = np.split(np.array(has_joint), [len(format_.joint_names)])
    if any(has_weight) and not face.all():
        raise InputError(
            f'{recording.name}: has weights of the face but no {format_.face_joint_names[0]}'
        )
    rotations = np.zeros((frames, len(named), 3), np.float32)
    for index, name in enumerate(named):
        if has_joint[index]:
            rotations[:, index] = _rotations_at(recording.joints, name, times_s)
    weights = np.zeros((frames, len(format_.weight_names)), np.float32)
    for index, name in enumerate(format_.weight_names):
        if has_weight[index]:
            column = recording.weights.values[:, recording.weights.names.index(name)]
            weights[:, index] = np.interp(times_s, recording.weights.times_s, column)
    motion = np.concatenate([rotations.reshape(frames, -1), weights], axis=1)
    return Channels(
        motion.astype(np.float32),
        tuple(gesture.tolist()),
        tuple(has_weight),
        any(has_weight),
        None if recording.semantic is None else _scores(recording.semantic, times_s),
    )


def _rotations_at(track: Track, name: str, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the axis-angle rotation (F, 3) of a joint at the times, at most pi long."""
    rotations = Rotation.from_rotvec(track.values[:, track.names.index(name)])
    if len(track.times_s) == 1:
        return np.repeat(rotations.as_rotvec(), len(times_s), axis=0)
    within = np.clip(times_s, track.times_s[0], track.times_s[-1])
    return np.asarray(Slerp(track.times_s, rotations)(within).as_rotvec())


def _scores(
    intervals: tuple[tuple[float, float, float], ...], times_s: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the score (F,) of the first interval that contains a frame, else 0."""
    scores = np.zeros(len(times_s), np.float32)
    for start_s, end_s, score in reversed(intervals):
        scores[(times_s >= start_s) & (times_s <= end_s)] = score
    return scores
