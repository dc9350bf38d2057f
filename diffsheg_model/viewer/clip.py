"""Motion files, ready to be sent to a page."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.errors import InputError
from diffsheg_model.motion.avatar_rig import avatar_motion
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import Array, quaternion_from_rotvec, slerp
from diffsheg_model.motion_files.read import read_motion_and_sound
from diffsheg_model.viewer.show import Source


class Clip:
    """A motion of the avatar.

    Attributes:
        name: for people.
        motion: F frames, at least one, with the avatar's names.
    """

    def __init__(self, name: str, motion: Motion) -> None:
        """Takes a motion of BEAT's or SMPL-X's skeleton.

        Raises:
            InputError: it has a joint of neither.
        """
        self.name = name
        try:
            self.motion = avatar_motion(motion)
        except InputError as error:
            raise InputError(f'{name}: {error}') from error

    @property
    def source(self) -> Source:
        return Source(self.name, self.motion.joint_names, self.motion.weight_names)

    @property
    def end_s(self) -> float:
        """When its last frame is over."""
        return (self.motion.start_frame + len(self.motion)) / self.motion.fps

    @cached_property
    def quaternions(self) -> Array:
        """(F, J, 4) x y z w."""
        return quaternion_from_rotvec(self.motion.rotations)

    def time_s(self, frame: int) -> float:
        """When a frame is shown, from the sound's beginning."""
        return (self.motion.start_frame + frame) / self.motion.fps

    def pose(self, time_s: float) -> tuple[Array, Array]:
        """Weights (W,) and quaternions (J, 4) at any time, also between two frames."""
        place = time_s * self.motion.fps - self.motion.start_frame
        place = min(max(place, 0.0), len(self.motion) - 1.0)
        before = int(place)
        after = min(before + 1, len(self.motion) - 1)
        share = place - before
        weights = self.motion.weights[[before, after]].astype(np.float64)
        turned = slerp(self.quaternions[before], self.quaternions[after], share)
        return weights[0] + share * (weights[1] - weights[0]), turned

    def frames(self, from_s: float, until_s: float) -> range:
        """Frames that begin from `from_s` to before `until_s`."""
        first, end = (
            min(
                max(int(np.ceil(time_s * self.motion.fps)) - self.motion.start_frame, 0),
                len(self.motion),
            )
            for time_s in (from_s, until_s)
        )
        return range(first, end)


def load_clips(
    paths: Sequence[Path], audio: Path | None, fps: float | None
) -> tuple[list[Clip], np.ndarray, int]:
    """Reads motions that are shown beside each other, and their one sound.

    Args:
        paths: motion files, named by `motion_file.read_motion`.
        audio: the sound; that of the first file that brings one unless given.
        fps: frames a second of all, instead of what the files say.

    Returns:
        The clips, the sound (n,) mono and its rate; (0,) where there is none.

    Raises:
        InputError: a file is unusable, or its motion belongs to another skeleton.
    """
    clips = []
    sound, rate = np.zeros(0, np.float32), 16000
    for path in paths:
        motion, own, own_rate = read_motion_and_sound(path, fps)
        clips.append(Clip(path.name, motion))
        if not len(sound):
            sound, rate = own, own_rate
    if audio is not None:
        sound, rate = read_audio(audio)
    return clips, sound, rate
