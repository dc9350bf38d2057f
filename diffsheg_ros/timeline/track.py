"""The planned frames of one utterance, and the smooth curve through them."""

from bisect import bisect_left, bisect_right

import numpy as np

from diffsheg_model.motion.rotations import Array, quaternion_from_rotvec, quaternion_product
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.interpolation import (
    cubics,
    mean_slopes,
    monotone_slopes,
    rotvec_rates,
    turns_between,
)
from diffsheg_ros.timeline.offset import Offset
from diffsheg_ros.timeline.pose import MovingPose, Poses


class MotionTrack:
    """Frames with times, and the poses between them.

    The curve passes each frame with a velocity that its neighbours give. At the last frame it
    stands still while more frames are expected, and goes on where the track has ended.

    Attributes:
        key: orders the tracks of a layer.
        utterance_id: of the motion.
        first_ns: time of its beginning; stays when the first frame is forgotten.
        ended: True once its last frame is there.
        entry: offset that joins it with the motion before; None until that is known.
        leave: offset that joins the motion after it; None until that is known.
        times: of the frames.
    """

    def __init__(self, key: int, utterance_id: str, first_ns: int) -> None:
        self.key = key
        self.utterance_id = utterance_id
        self.first_ns = first_ns
        self.ended = False
        self.entry: Offset | None = None
        self.leave: Offset | None = None
        self.times: list[int] = []
        self._rotations: list[Array] = []  # (J, 4) of each frame
        # (4, 3 J + W) of each frame: the cubic to the next one, in powers of seconds. The
        # first 3 J are axis-angle, relative to the frame, so their first row is 0.
        self._curves: list[Array] = []

    def __len__(self) -> int:
        return len(self.times)

    def merge(
        self,
        times: list[int],
        rotations: Array,
        weights: Array,
        *,
        near_ns: int,
        ended: bool,
        shown_ns: int | None,
    ) -> None:
        """Replace the frames from the first of these on, and those that end just before it.

        If the way to the last frame before them has begun to be shown, the curve keeps it; only
        the way from that frame on is new.

        Args:
            times: F moments; none where the track only ends.
            rotations: (F, J, 4) unit quaternions.
            weights: (F, W).
            near_ns: frames nearer than this before the first one are replaced too. It is part of a
                frame, since the clock of the audio is corrected on the way.
            ended: True if the last one is the track's last.
            shown_ns: up to when poses were shown; None where none was.
        """
        kept = bisect_left(self.times, times[0] - near_ns) if times else len(self.times)
        for rows in (self.times, self._rotations, self._curves):
            del rows[kept:]
        self.ended = ended
        joints = 3 * rotations.shape[1]
        self.times += times
        self._rotations += list(rotations)
        for row in weights:
            curve = np.zeros((4, joints + len(row)))
            curve[0, joints:] = row
            self._curves.append(curve)
        # The velocity at the last frame that stays changes too, but for the way under way.
        changed = max(0, kept - 1)
        if shown_ns is not None and kept and self.times[max(0, changed - 1)] <= shown_ns:
            changed = kept
        self._draw(changed, joints)

    def cut(self, start: int, end: int | None = None) -> None:
        """Keep the frames of positions [start, end); the curve between those stays as it is."""
        for rows in (self.times, self._rotations, self._curves):
            del rows[len(rows) if end is None else end :]
            del rows[:start]

    def poses(self, times_ns: np.ndarray) -> Poses:
        """Return the poses at moments (T,); its first frame before it, the last one after it."""
        first = max(0, bisect_right(self.times, int(times_ns[0])) - 1)
        last = max(first + 1, bisect_right(self.times, int(times_ns[-1])))
        starts = np.array(self.times[first:last])
        rows = np.maximum(np.searchsorted(starts, times_ns, 'right') - 1, 0)
        clipped = np.minimum(np.maximum(times_ns, self.times[0]), self.times[-1])
        after = ((clipped - starts[rows]) / NS)[:, None]
        curves = np.stack(self._curves[first:last])[rows]
        values = ((curves[:, 3] * after + curves[:, 2]) * after + curves[:, 1]) * after
        values += curves[:, 0]
        rotations = np.stack(self._rotations[first:last])[rows]
        joints = 3 * rotations.shape[1]
        turns = quaternion_from_rotvec(values[:, :joints].reshape(*rotations.shape[:2], 3))
        return Poses(times_ns, quaternion_product(turns, rotations), values[:, joints:])

    def moving(self, frame: int) -> MovingPose:
        """Return the pose at a frame and the velocity that the curve has there."""
        rotations, curve = self._rotations[frame], self._curves[frame]
        joints = 3 * len(rotations)
        return MovingPose(
            rotations, curve[0, joints:], curve[1, :joints].reshape(-1, 3), curve[1, joints:]
        )

    def _draw(self, changed: int, joints: int) -> None:
        """Set the velocities of the frames from `changed` on, and draw the curve to match."""
        if changed >= len(self.times):
            return
        begin = max(0, changed - 1)
        steps_s = np.diff(np.array(self.times[begin:])) / NS
        turns = turns_between(np.stack(self._rotations[begin:]))
        curves = np.stack(self._curves[begin:])
        rises = np.diff(curves[:, 0], axis=0)
        rises[:, :joints] = turns.reshape(len(turns), joints)
        starts = curves[:, 1]
        starts[-1] = 0.0
        if len(steps_s):
            slopes = rises / steps_s[:, None]
            starts[1:-1, :joints] = mean_slopes(steps_s, slopes[:, :joints])
            starts[1:-1, joints:] = monotone_slopes(steps_s, slopes[:, joints:])
            if changed == 0:
                starts[0] = slopes[0]
            if self.ended:
                starts[-1] = slopes[-1]
        ends = starts[1:].copy()
        spins = ends[:, :joints].reshape(turns.shape)
        ends[:, :joints] = rotvec_rates(turns, spins).reshape(len(turns), joints)
        curves[:-1, 2:] = cubics(steps_s, rises, starts[:-1], ends)
        self._curves[begin:] = list(curves)
