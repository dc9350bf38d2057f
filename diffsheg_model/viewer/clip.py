"""Motion files, converted for the page's figure."""

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
    """A motion of the page's figure.

    Attributes:
        name: the name that the page displays.
        motion: F frames, at least one, with the figure's names of joints and weights.
    """

    def __init__(self, name: str, motion: Motion) -> None:
        """Convert a motion of the BEAT or SMPL-X skeleton.

        Raises:
            InputError: the motion has a joint of neither skeleton.
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
        """Time at which the last frame ends, seconds."""
        return (self.motion.start_frame + len(self.motion)) / self.motion.fps

    @cached_property
    def quaternions(self) -> Array:
        """Local rotations, (F, J, 4), x y z w."""
        return quaternion_from_rotvec(self.motion.rotations)

    def time_s(self, frame: int) -> float:
        """Return the time of a frame from the start of the sound, seconds."""
        return (self.motion.start_frame + frame) / self.motion.fps

    def pose(self, time_s: float) -> tuple[Array, Array]:
        """Return weights (W,) and quaternions (J, 4) at a time, interpolated between frames."""
        place = time_s * self.motion.fps - self.motion.start_frame
        place = min(max(place, 0.0), len(self.motion) - 1.0)
        before = int(place)
        after = min(before + 1, len(self.motion) - 1)
        share = place - before
        weights = self.motion.weights[[before, after]].astype(np.float64)
        turned = slerp(self.quaternions[before], self.quaternions[after], share)
        return weights[0] + share * (weights[1] - weights[0]), turned

    def frames(self, from_s: float, until_s: float) -> range:
        """Return the frames that begin from `from_s` to before `until_s`."""
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
    """Read motions to show side by side, and their common sound.

    Args:
        paths: motion files of the formats of `motion_files.read`.
        audio: sound file; None takes the sound of the first motion file that has one.
        fps: frames per second of all motions; None takes the files' own.

    Returns:
        The clips, the sound (n,) mono, and its rate, Hz; the sound is (0,) if there is none.

    Raises:
        InputError: a file is unusable, or its motion is of another skeleton.
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
