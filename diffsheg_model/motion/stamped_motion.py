"""Motion at even times from pieces of motion and sound with time stamps."""

import os
from fractions import Fraction

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.files.spool import Spool
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import (
    Array,
    quaternion_from_rotvec,
    rotvec_from_euler_xyz,
    rotvec_from_quaternion,
    slerp,
)
from diffsheg_model.time_units import NS

#: Frames, and frames for each face received. A motion with more of both has a stamp from another
#: clock.
_MANY_FRAMES = 60_000
_MANY_A_FACE = 20
#: Frames interpolated together: their quaternions take ten times the memory of the poses.
_BLOCK_FRAMES = 4096
#: Frames. Slightly more than the error of the last index by rounding stamps to nanoseconds.
_ROUNDING = 1e-6


class StampedMotion:
    """A collection of sound, face weights and joint angles with stamps, added in any order.

    The data lie on disk (`Spool`). Only the results take memory: 30 MB for ten minutes of motion at
    60 Hz.

    Attributes:
        audio_start_ns: time of the first sample; None before the first piece.
        audio_end_ns: time of the last sample.
        sample_rate: rate of the audio, Hz. Pieces with another rate are left out.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Create an empty collection in a folder, see `Spool`."""
        self.audio_start_ns: int | None = None
        self.audio_end_ns = 0
        self.sample_rate = 0
        self._pieces = Spool(folder)  # start and number of samples of each, int64
        self._samples = Spool(folder)  # float32
        self._weights = _Rows(folder)
        self._angles = _Rows(folder)

    @property
    def frames(self) -> int:
        """Number of faces so far."""
        return len(self._weights)

    @property
    def left_out(self) -> int:
        """Number of faces and bodies with NaN, or with other names than the first."""
        return self._weights.left_out + self._angles.left_out

    def add_samples(
        self, start_ns: int, first_sample: int, sample_rate: int, samples: np.ndarray
    ) -> None:
        """Add a piece of speech.

        Args:
            start_ns: time of its first sample.
            first_sample: index of that sample within the utterance.
            sample_rate: Hz.
            samples: (n,) -1..1.
        """
        if not len(samples) or not sample_rate:
            return
        if self.audio_start_ns is None:
            self.audio_start_ns = start_ns - first_sample * NS // sample_rate
            self.sample_rate = sample_rate
        if sample_rate == self.sample_rate:
            self._samples.append(np.asarray(samples, dtype=np.float32).tobytes())
            self._pieces.append(np.array([start_ns, len(samples)], dtype=np.int64).tobytes())
            end_ns = start_ns + len(samples) * NS // sample_rate
            self.audio_end_ns = max(self.audio_end_ns, end_ns)

    def add_weights(self, names: tuple[str, ...], time_ns: int, weights: np.ndarray) -> None:
        """Add a face: W names and weights (W,)."""
        self._weights.add(names, time_ns, weights)

    def add_angles(self, joint_names: tuple[str, ...], time_ns: int, angles: np.ndarray) -> None:
        """Add a body: J names of human joints and angles (J, 3), radians."""
        self._angles.add(joint_names, time_ns, angles)

    def measured_rate_hz(self, from_ns: int = 0) -> float:
        """Return faces a second by their stamps, from a time on; 0 for fewer than two faces."""
        times = self._weights.different_times()
        times = times[times >= from_ns]
        return float((len(times) - 1) * NS / (times[-1] - times[0])) if len(times) > 1 else 0.0

    def likely_rate_hz(self) -> float:
        """Return the rate at which the faces were made, Hz.

        Evenly spaced stamps give it exactly. Otherwise it follows from the median distance of
        stamps, rounded to a whole number. It is 1 for fewer than two faces.
        """
        times = self._weights.different_times()
        if len(times) < 2:
            return 1.0
        even = float(Fraction(self.measured_rate_hz()).limit_denominator(1001))
        if even and np.array_equal(times, times[0] + _even_times(len(times), even)):
            return even
        usual = NS / float(np.median(np.diff(times)))
        return float(round(usual)) or usual

    def motion(self, rate_hz: float, delay_s: float) -> Motion:
        """Return the motion at even times, from the moment that shows the first sample.

        Args:
            rate_hz: frames a second of the result. The motion is interpolated.
            delay_s: seconds from a sample to its motion.

        Raises:
            InputError: there is no motion, none after the first sample, or its stamps are far
                apart.
        """
        if not len(self._weights) or not len(self._angles):
            raise InputError('nothing was published on face and joint_states: nothing to write')
        first_ns, last_ns = self._weights.span_ns()
        start_ns = first_ns
        if self.audio_start_ns is not None:
            start_ns = self.audio_start_ns + round(delay_s * NS)
        if last_ns < start_ns:
            raise InputError('the first sample was heard, but its motion was not published')
        count = int((last_ns - start_ns) * rate_hz / NS + _ROUNDING) + 1
        if count > max(_MANY_FRAMES, _MANY_A_FACE * self.frames):
            raise InputError(
                f'{self.frames} faces are stamped over {(last_ns - start_ns) / NS:.0f} s: '
                'record with one clock'
            )
        times_ns = start_ns + _even_times(count, rate_hz)
        weights = np.empty((count, len(self._weights.names)), np.float32)
        rotations = np.empty((count, len(self._angles.names), 3), np.float32)
        known_weights, known_angles = self._weights.known(), self._angles.known()
        for first in range(0, count, _BLOCK_FRAMES):
            block = slice(first, first + _BLOCK_FRAMES)
            before, after, share = _around(*known_weights, times_ns[block])
            weights[block] = (1 - share[:, None]) * before + share[:, None] * after
            # Interpolated as rotations, because the angles jump by whole turns at rest.
            before, after, share = _around(*known_angles, times_ns[block])
            turned = slerp(_quaternions(before), _quaternions(after), share[:, None])
            rotations[block] = rotvec_from_quaternion(turned)
        return Motion(
            fps=rate_hz,
            joint_names=self._angles.names,
            rotations=rotations,
            weight_names=self._weights.names,
            weights=weights,
        )

    def audio(self, longest_s: float) -> np.ndarray:
        """Return the sound (n,) from the first sample on, at most so long, with silence in gaps."""
        if self.audio_start_ns is None:
            return np.zeros(0, np.float32)
        seconds = min((self.audio_end_ns - self.audio_start_ns) / NS, longest_s)
        samples = np.zeros(max(0, round(seconds * self.sample_rate)), np.float32)
        spoken = np.frombuffer(self._samples.read(), dtype=np.float32)
        begin = 0
        for start_ns, count in np.frombuffer(self._pieces.read(), np.int64).reshape(-1, 2).tolist():
            piece = spoken[begin : begin + count]
            begin += count
            first = round((start_ns - self.audio_start_ns) * self.sample_rate / NS)
            if 0 <= first < len(samples):
                piece = np.nan_to_num(piece[: len(samples) - first])
                samples[first : first + len(piece)] = piece
        return samples


class _Rows:
    """Rows of numbers with times. Rows with other names than the first row are left out."""

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self.names: tuple[str, ...] = ()
        self.left_out = 0
        self._count = 0
        self._width = 0
        self._span_ns = (0, 0)
        self._times = Spool(folder)  # int64
        self._values = Spool(folder)  # float32

    def __len__(self) -> int:
        return self._count

    def add(self, names: tuple[str, ...], time_ns: int, values: np.ndarray) -> None:
        with np.errstate(over='ignore'):
            row = np.ascontiguousarray(values, dtype=np.float32)
        if not np.isfinite(row).all() or (self._count and names != self.names):
            self.left_out += 1
            return
        time_ns = int(time_ns)
        first_ns, last_ns = self._span_ns if self._count else (time_ns, time_ns)
        self._values.append(row.tobytes())
        self._times.append(np.int64(time_ns).tobytes())
        self.names, self._width = names, row.size
        self._count += 1
        self._span_ns = (min(first_ns, time_ns), max(last_ns, time_ns))

    def different_times(self) -> np.ndarray:
        """Return the distinct times, sorted."""
        return np.unique(np.frombuffer(self._times.read(), dtype=np.int64))

    def span_ns(self) -> tuple[int, int]:
        return self._span_ns

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct times (K,), sorted, and their values (K, V) float32."""
        times = np.frombuffer(self._times.read(), np.int64)
        known, order = np.unique(times, return_index=True)
        values = np.frombuffer(self._values.read(), np.float32).reshape(len(times), self._width)
        return known, values[order]


def _around(
    known: np.ndarray, values: np.ndarray, times_ns: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the neighbours of times among known times.

    Args:
        known: (K,) sorted times.
        values: (K, V) float32.
        times_ns: (F,).

    Returns:
        Values (F, V) float32 before and after each time, and its position (F,) 0..1 between them.
        Times outside the range get the first or last values.
    """
    after = np.clip(np.searchsorted(known, times_ns), min(1, len(known) - 1), len(known) - 1)
    before = np.maximum(after - 1, 0)
    share = (times_ns - known[before]) / np.maximum(known[after] - known[before], 1)
    return values[before], values[after], np.clip(share, 0.0, 1.0)


def _even_times(count: int, rate_hz: float) -> np.ndarray:
    """Return (count,) int64 nanoseconds from 0 on."""
    return np.round(np.arange(count) * NS / rate_hz).astype(np.int64)


def _quaternions(angles: np.ndarray) -> Array:
    """Convert joint angles (F, 3 J) to quaternions (F, J, 4)."""
    rotvecs = rotvec_from_euler_xyz(angles.reshape(len(angles), angles.shape[1] // 3, 3))
    return quaternion_from_rotvec(rotvecs)
