"""Larger and smaller gestures for spans of time, such as stressed words."""

from bisect import insort
from dataclasses import dataclass

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.motion.joint_limits import BEAT_LIMITS, SLACK
from diffsheg_model.motion.rotations import (
    Array,
    quaternion_from_rotvec,
    quaternion_product,
    rotvec_from_quaternion,
)
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.pose import Poses
from diffsheg_ros.topic_values import MAX_DURATION_S, number, seconds

#: Seconds in which the gesture grows before a span and settles after it.
EASE_S = 0.3
_EASE_NS = round(EASE_S * NS)
#: Spans that are remembered; those that begin after them are dropped.
MAX_SPANS = 256
MAX_GAIN = 2.0
#: Nanoseconds. Spans that begin later than this after the pose shown are refused.
_MAX_AHEAD_NS = round(MAX_DURATION_S * NS)


@dataclass(frozen=True, order=True)
class EmphasisSpan:
    """A span of time with another size of the gesture."""

    start_ns: int
    end_ns: int
    gain: float


class Emphases:
    """Scales how far the body's joints are from the rest pose. Not for several threads.

    The rest pose is the centre of the scaling, since every gesture leaves it and comes back to it:
    the arms hang and the head is straight while nothing is said. So strokes become larger or
    smaller, and a gain of 0 is quiet. The cuts between windows make no difference. A running mean
    would follow a slow gesture and leave it as it is, and would depend on the motion before.

    A gesture is enlarged less the nearer its joint is to its limits (`joint_limits`, with their
    slack), and not at all beyond them. Let g be the share of the way to the limits, in the
    gesture's direction, that is used already. For a gain of 1 + e the scale is
    1 + e (1 - g) / (e g + 1 - g), with which g never rises beyond 1. The share g is the 4-norm of
    the shares of the axis-angle components, so the scale changes smoothly with the pose. An arm may
    end a few degrees beyond, since limits are counted from the T-pose. Joints without known limits
    may turn half around. The face, with the jaw, is left alone.

    Spans ease in before their beginning and out after their end, within `EASE_S`. Where some
    overlap, the one that begins later takes over.

    Attributes:
        rejected: spans that were refused: numbers out of their ranges, or begun too late.
        dropped: spans that were forgotten because too many began before them.
        late: spans that were refused because they were over.
    """

    def __init__(self, joint_names: tuple[str, ...], rest_rotations: Array) -> None:
        """Start without a span.

        Args:
            joint_names: J names of the body's joints.
            rest_rotations: (J or more, 4) the rest pose, unit quaternions x y z w.
        """
        self._rest = rest_rotations[: len(joint_names)]
        self._low, self._high = _reach(joint_names, rotvec_from_quaternion(self._rest))
        self._spans: list[EmphasisSpan] = []  # by their beginning
        self.rejected = 0
        self.dropped = 0
        self.late = 0

    def __len__(self) -> int:
        """Spans waiting or in force."""
        return len(self._spans)

    def add(self, start_ns: int, duration_s: float, gain: float, shown_ns: int | None) -> bool:
        """Take a span.

        Args:
            start_ns: when it begins, at most an hour after `shown_ns`.
            duration_s: its length, above 0 and at most an hour.
            gain: 0 (at rest) to 2 (twice as large); 1 changes nothing.
            shown_ns: up to when poses were shown; None where none was.

        Returns:
            True if it was taken.
        """
        try:
            length_ns = round(seconds('duration', duration_s) * NS)
            gain = number('gain', gain, 0.0, MAX_GAIN)
        except InputError:
            self.rejected += 1
            return False
        if shown_ns is not None and start_ns - shown_ns > _MAX_AHEAD_NS:
            self.rejected += 1
            return False
        span = EmphasisSpan(start_ns, start_ns + length_ns, gain)
        if shown_ns is not None and span.end_ns + _EASE_NS <= shown_ns:
            self.late += 1
            return False
        insort(self._spans, span)
        if len(self._spans) <= MAX_SPANS:
            return True
        self.dropped += 1
        return self._spans.pop() != span

    def spans(self) -> tuple[EmphasisSpan, ...]:
        """Return the spans waiting or in force, in order of their beginning."""
        return tuple(self._spans)

    def restore(self, spans: tuple[EmphasisSpan, ...] = ()) -> None:
        """Go back to spans as they were; without any, forget all."""
        self._spans = list(spans)

    def forget_before(self, time_ns: int) -> None:
        """Forget the spans that begin before a moment."""
        self._spans = [span for span in self._spans if span.start_ns >= time_ns]

    def trim(self, before_ns: int) -> None:
        """Forget spans that are over before a moment, or that a clock's jump has left far ahead."""
        over_ns, far_ns = before_ns - _EASE_NS, before_ns + 2 * _MAX_AHEAD_NS
        if any(span.end_ns < over_ns or span.start_ns > far_ns for span in self._spans):
            self._spans = [
                span for span in self._spans if span.end_ns >= over_ns and span.start_ns <= far_ns
            ]

    def gains(self, times_ns: np.ndarray) -> Array:
        """Return (T,) the size of the gesture at moments (T,); 1 where nothing is in force."""
        gains = np.ones(len(times_ns))
        first_ns, last_ns = int(times_ns[0]), int(times_ns[-1])
        concerned: list[EmphasisSpan] = []
        for span in reversed(self._spans):
            if span.start_ns < last_ns + _EASE_NS and span.end_ns > first_ns - _EASE_NS:
                concerned.append(span)
                # In force throughout: nothing that begins before it is seen.
                if span.start_ns <= first_ns and last_ns <= span.end_ns:
                    break
        concerned.reverse()
        for span, share in zip(concerned, _shares(concerned, times_ns), strict=True):
            gains += share * (span.gain - gains)
        return gains

    def applied(self, poses: Poses) -> Poses:
        """Return the poses with gestures of the sizes in force at their times."""
        if not self._spans:
            return poses
        gains = self.gains(poses.times_ns)
        changed = np.nonzero(gains != 1)[0]
        if not len(changed):
            return poses
        part = slice(changed[0], changed[-1] + 1)
        body = poses.rotations[part, : len(self._rest)]
        away = rotvec_from_quaternion(quaternion_product(body, self._rest * (-1, -1, -1, 1)))
        away *= self._scales(away, gains[part, None])[..., None]
        rotations = poses.rotations.copy()
        rotations[part, : len(self._rest)] = quaternion_product(
            quaternion_from_rotvec(away), self._rest
        )
        return Poses(poses.times_ns, rotations, poses.weights)

    def _scales(self, away: Array, gains: Array) -> Array:
        """Return (T, J) factors for turns (T, J, 3) away from rest, for gains (T, 1)."""
        if gains.max() > 1:
            shares = away / np.where(away < 0, self._low, self._high)
            shares *= shares
            used = np.minimum(np.sqrt(np.sqrt(np.einsum('...i,...i->...', shares, shares))), 1.0)
            more, left = np.maximum(gains - 1, 0.0), 1 - used
            larger = 1 + more * left / np.maximum(more * used + left, 1e-9)
            scales = np.where(gains < 1, gains, larger)
        else:
            scales = gains
        # A joint that is turned half around could be scaled to either side: it is left as it is,
        # and those that are not far from it are scaled less.
        angles = np.sqrt(np.einsum('...i,...i->...', away, away))
        return 1 + (scales - 1) * _smooth((np.pi - angles) / (0.25 * np.pi))


def _shares(spans: list[EmphasisSpan], times_ns: np.ndarray) -> Array:
    """Return (S, T) how far spans are in force at moments (T,), 0 to 1, with smooth slopes."""
    starts_ns = np.array([span.start_ns for span in spans], np.int64)[:, None]
    ends_ns = np.array([span.end_ns for span in spans], np.int64)[:, None]
    rising = _smooth((times_ns - starts_ns) / _EASE_NS + 1)
    return rising * (1 - _smooth((times_ns - ends_ns) / _EASE_NS))


def _smooth(fraction: Array) -> Array:
    """Return a curve from 0 to 1 with zero slope at both ends; constant outside."""
    fraction = np.minimum(np.maximum(fraction, 0.0), 1.0)
    return fraction * fraction * (3.0 - 2.0 * fraction)


def _reach(joint_names: tuple[str, ...], rest: Array) -> tuple[Array, Array]:
    """Return the least and greatest turns of joints from rest about x, y, z, (J, 3) rad each."""
    low, high = np.full((2, len(joint_names), 3), 180.0) * np.array([-1, 1])[:, None, None]
    for place, name in enumerate(joint_names):
        if name in BEAT_LIMITS:
            limit = BEAT_LIMITS[name]
            ranges = list(limit.swing)
            ranges.insert(limit.axis, limit.twist)
            low[place], high[place] = np.array(ranges).T + np.array([[-SLACK], [SLACK]])
    least = np.deg2rad(1.0)  # for a rest pose at its limit
    return (
        np.minimum(np.deg2rad(low) - rest, -least),
        np.maximum(np.deg2rad(high) - rest, least),
    )
