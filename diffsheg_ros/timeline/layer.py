"""A layer: motions that follow each other above a motion that is always there."""

from bisect import bisect_left, bisect_right
from dataclasses import replace

import numpy as np

from diffsheg_model.motion.rotations import Array
from diffsheg_ros.timeline.offset import Offset
from diffsheg_ros.timeline.pose import (
    MovingPose,
    Poses,
    PosesAt,
    around,
    joined,
    moving,
)
from diffsheg_ros.timeline.track import MotionTrack


class Layer:
    """Tracks by key, and so by time of their first frames; each replaces the one before it.

    A track begins in the pose that it takes over from and ends in the motion below it, which may
    move: both are joined by an offset that fades. Not for several threads.

    Attributes:
        tracks: in order.
    """

    def __init__(self, below: PosesAt, blend_ns: int, hold_ns: int) -> None:
        """Start empty.

        Args:
            below: the motion where this layer has none.
            blend_ns: length of every transition.
            hold_ns: wait for an overdue frame before going to the motion below.
        """
        self._below = below
        self._blend_ns = blend_ns
        self._hold_ns = hold_ns
        self.tracks: list[MotionTrack] = []

    def __len__(self) -> int:
        """Frames held."""
        return sum(len(track) for track in self.tracks)

    @property
    def newest(self) -> MotionTrack | None:
        return self.tracks[-1] if self.tracks else None

    @property
    def until_ns(self) -> int | None:
        """Time of the last frame, None where there is none."""
        return self.tracks[-1].times[-1] if self.tracks else None

    def poses(self, times_ns: np.ndarray) -> Poses:
        """Return the poses at moments (T,), a smooth motion as long as nothing is added."""
        return self._poses(times_ns, self.tracks)

    def track_at(self, time_ns: int) -> MotionTrack | None:
        """Return the track played at a moment, until it has handed over to the motion below."""
        for track in reversed(self.tracks):
            if track.first_ns <= time_ns:
                return track if time_ns < self.leaves_ns(track) + self._blend_ns else None
        return None

    def leaves_ns(self, track: MotionTrack) -> int:
        """Return the time when a track hands over to the motion below, if nothing follows it."""
        return track.times[-1] if track.ended else track.times[-1] + self._hold_ns

    def next_frame_ns(self, time_ns: int) -> int | None:
        """Return the time of the first frame at a moment or after it; None without."""
        for track in self.tracks:
            position = bisect_left(track.times, time_ns)
            if position < len(track.times):
                return track.times[position]
        return None

    def label(self, time_ns: int) -> tuple[str, str]:
        """Return state and utterance of a moment; see `Pose`."""
        track = self.track_at(time_ns)
        if track is None:
            return 'idle', ''
        if time_ns <= track.times[-1]:
            state = 'speaking'
        else:
            held = time_ns <= self.leaves_ns(track)
            state = 'holding' if held else 'returning'
        return state, track.utterance_id

    def begin(self, key: int, utterance_id: str, first_ns: int) -> None:
        """Add a track: from its first frame on nothing older is planned any more."""
        self._end_before(first_ns)
        self.tracks.append(MotionTrack(key, utterance_id, first_ns))

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
        """Merge frames into the newest track; see `MotionTrack.merge`. `settle` must follow."""
        track = self.tracks[-1]
        if times and times[0] - near_ns <= track.first_ns:
            self.tracks.pop()
            self._end_before(times[0])
            self.tracks.append(track)
            track.first_ns, track.entry = times[0], None
        track.merge(times, rotations, weights, near_ns=near_ns, ended=ended, shown_ns=shown_ns)
        if not track.times:
            self.tracks.pop()

    def settle(self, shown_ns: int | None) -> None:
        """Join the tracks with each other and with the motion below, where that is not shown yet.

        Args:
            shown_ns: up to when poses were shown; None where none was.
        """
        for position, track in enumerate(self.tracks):
            first_ns, leave_ns = track.first_ns, self.leaves_ns(track)
            if track.entry is None or shown_ns is None or first_ns > shown_ns:
                before = self._poses(around(first_ns), self.tracks[:position])
                track.entry = Offset.between(first_ns, moving(before), track.moving(0))
            following = self.tracks[position + 1 : position + 2]
            if following and following[0].first_ns < leave_ns:
                track.leave = None
            elif (
                track.leave is None
                or track.leave.start_ns != leave_ns
                or shown_ns is None
                or leave_ns > shown_ns
            ):
                below = moving(self._below(around(leave_ns)))
                track.leave = Offset.between(leave_ns, self._at_end(track, leave_ns), below)

    def trim(self, before_ns: int) -> None:
        """Forget frames that no moment from `before_ns` on needs."""
        gone = 0
        for position, track in enumerate(self.tracks):
            following = self.tracks[position + 1 : position + 2]
            over_ns = self.leaves_ns(track) + self._blend_ns
            if before_ns > over_ns or (following and following[0].first_ns < before_ns):
                gone = position + 1
            elif (old := bisect_right(track.times, before_ns) - 1) > 0:
                track.cut(old)
        del self.tracks[:gone]

    def _end_before(self, first_ns: int) -> None:
        """Forget frames that are not needed where a track begins at `first_ns`."""
        self.tracks = [track for track in self.tracks if track.first_ns < first_ns]
        if self.tracks:
            before = self.tracks[-1]
            before.cut(0, bisect_right(before.times, first_ns) + 1)

    def _poses(self, times_ns: np.ndarray, tracks: list[MotionTrack]) -> Poses:
        if not tracks:
            return self._below(times_ns)
        # [0, ends[0]) are before all tracks, [ends[0], ends[1]) on the first one, and so on.
        firsts = np.array([track.first_ns for track in tracks])
        ends = [*np.searchsorted(times_ns, firsts).tolist(), len(times_ns)]
        parts = [self._below(times_ns[: ends[0]])] if ends[0] else []
        for track, first, end in zip(tracks, ends[:-1], ends[1:], strict=True):
            if first < end:
                parts.append(self._on_track(track, times_ns[first:end]))
        return joined(parts)

    def _on_track(self, track: MotionTrack, times_ns: np.ndarray) -> Poses:
        count = len(times_ns)
        if track.leave is not None:
            count = int(np.searchsorted(times_ns, track.leave.start_ns, 'right'))
        parts = []
        if count:
            poses = track.poses(times_ns[:count])
            parts.append(
                poses if track.entry is None else track.entry.applied(poses, self._blend_ns)
            )
        if track.leave is not None and count < len(times_ns):
            parts.append(track.leave.applied(self._below(times_ns[count:]), self._blend_ns))
        return joined(parts)

    def _at_end(self, track: MotionTrack, leave_ns: int) -> MovingPose:
        """Return pose and velocity of a track when it hands over to the motion below."""
        last = track.moving(-1)
        if not track.ended:
            last = replace(last, spins=np.zeros_like(last.spins), rates=np.zeros_like(last.rates))
        assert track.entry is not None
        return moving(track.entry.applied(last.ahead(leave_ns), self._blend_ns))
