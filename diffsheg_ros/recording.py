"""What was published, as one motion and its sound."""

from array import array

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion import Motion
from diffsheg_model.rotations import (
    quaternion_from_rotvec,
    rotvec_from_euler_xyz,
    rotvec_from_quaternion,
    slerp,
)
from diffsheg_ros.audio_piece import AudioPiece
from diffsheg_ros.messages import FaceMotion, JointMotion
from diffsheg_ros.time_units import NS


class Recording:
    """Collects audio, faces and joint angles by their stamps, in any order.

    Frames are kept as plain float32 numbers: ten minutes at 60 Hz take 30 MB.

    Attributes:
        audio_start_ns: when the first sample is heard; None before it came.
        audio_end_ns: when the last sample is heard.
        sample_rate: of the audio, Hz; pieces with another are left out.
    """

    def __init__(self) -> None:
        self.audio_start_ns: int | None = None
        self.audio_end_ns = 0
        self.sample_rate = 0
        self._pieces: list[tuple[int, np.ndarray]] = []
        self._weights = _Rows()
        self._angles = _Rows()

    @property
    def frames(self) -> int:
        """Faces so far."""
        return len(self._weights.times_ns)

    def add_audio(self, piece: AudioPiece) -> None:
        """Takes a piece of speech."""
        if not len(piece.samples) or not piece.sample_rate:
            return
        if self.audio_start_ns is None:
            self.audio_start_ns = piece.start_ns - piece.first_sample * NS // piece.sample_rate
            self.sample_rate = piece.sample_rate
        if piece.sample_rate == self.sample_rate:
            self._pieces.append((piece.start_ns, np.array(piece.samples, dtype=np.float32)))
            end_ns = piece.start_ns + len(piece.samples) * NS // piece.sample_rate
            self.audio_end_ns = max(self.audio_end_ns, end_ns)

    def add_face(self, face: FaceMotion) -> None:
        """Takes the face of a moment."""
        self._weights.add(face.names, face.times_ns[0], face.weights[0])

    def add_joints(self, joints: JointMotion) -> None:
        """Takes the body of a moment."""
        self._angles.add(joints.joint_names, joints.times_ns[0], joints.angles[0])

    def measured_rate_hz(self, from_ns: int = 0) -> float:
        """Faces a second by their stamps, from a moment on; 0 where there are less than two."""
        times = np.sort(np.frombuffer(self._weights.times_ns, dtype=np.int64))
        times = times[times >= from_ns]
        return float((len(times) - 1) * NS / (times[-1] - times[0])) if len(times) > 1 else 0.0

    def motion(self, rate_hz: float, delay_s: float) -> Motion:
        """What was shown from the moment on that shows the first sample, at even times.

        Args:
            rate_hz: frames a second of the result; what was published is interpolated.
            delay_s: from hearing a sample to showing its motion.

        Raises:
            InputError: nothing was published, or nothing after the first sample.
        """
        if not len(self._weights) or not len(self._angles):
            raise InputError('nothing was published on face and joint_states: nothing to write')
        first_ns, last_ns = self._weights.span_ns()
        start_ns = first_ns
        if self.audio_start_ns is not None:
            start_ns = self.audio_start_ns + round(delay_s * NS)
        count = int((last_ns - start_ns) * rate_hz // NS) + 1
        if count < 1:
            raise InputError('the first sample was heard, but its motion was not published')
        times_ns = start_ns + np.round(np.arange(count) * NS / rate_hz).astype(np.int64)
        before, after, share = self._weights.around(times_ns)
        weights = before + share[:, None] * (after - before)
        # Joints are interpolated as rotations: their angles jump by whole turns at rest.
        before, after, share = self._angles.around(times_ns)
        rotations = slerp(_quaternions(before), _quaternions(after), share[:, None])
        return Motion(
            fps=rate_hz,
            joint_names=self._angles.names,
            rotations=rotvec_from_quaternion(rotations).astype(np.float32),
            weight_names=self._weights.names,
            weights=weights.astype(np.float32),
        )

    def audio(self, longest_s: float) -> np.ndarray:
        """(n,) the sound from the first sample on, silence where none came; at most so long."""
        if self.audio_start_ns is None:
            return np.zeros(0, np.float32)
        seconds = min((self.audio_end_ns - self.audio_start_ns) / NS, longest_s)
        samples = np.zeros(max(0, round(seconds * self.sample_rate)), np.float32)
        for start_ns, piece in self._pieces:
            first = round((start_ns - self.audio_start_ns) * self.sample_rate / NS)
            if 0 <= first < len(samples):
                piece = np.nan_to_num(piece[: len(samples) - first])
                samples[first : first + len(piece)] = piece
        return samples


class _Rows:
    """Numbers by time. The names are those of the first row; rows with others are left out."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.times_ns = array('q')
        self._values = array('f')

    def __len__(self) -> int:
        return len(self.times_ns)

    def add(self, names: tuple[str, ...], time_ns: int, values: np.ndarray) -> None:
        if not self.times_ns:
            self.names = names
        if names == self.names and np.isfinite(values).all():
            self.times_ns.append(int(time_ns))
            self._values.frombytes(np.ascontiguousarray(values, dtype=np.float32).tobytes())

    def span_ns(self) -> tuple[int, int]:
        return min(self.times_ns), max(self.times_ns)

    def around(self, times_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What came before and after other times.

        Args:
            times_ns: (F,).

        Returns:
            Values (F, V) float32 before and after each time, and how far (F,) 0..1 it lies
            between them; the first or last values where it lies outside.
        """
        known, order = np.unique(np.frombuffer(self.times_ns, np.int64), return_index=True)
        values = np.frombuffer(self._values, np.float32).reshape(len(self.times_ns), -1)[order]
        after = np.clip(np.searchsorted(known, times_ns), min(1, len(known) - 1), len(known) - 1)
        before = np.maximum(after - 1, 0)
        share = (times_ns - known[before]) / np.maximum(known[after] - known[before], 1)
        return values[before], values[after], np.clip(share, 0.0, 1.0)


def _quaternions(angles: np.ndarray) -> np.ndarray:
    """(F, 3 J) joint angles as (F, J, 4)."""
    rotvecs = rotvec_from_euler_xyz(angles.reshape(len(angles), -1, 3))
    return quaternion_from_rotvec(rotvecs)
