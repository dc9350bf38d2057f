"""What the body does at any moment: planned frames, and natural behaviour where there are none.

Windows of motion go in as they are generated; a pose comes out for every moment that is asked for.
Whatever happens in between (a window comes late or never, speech is cut off, the next utterance
begins, the clock jumps), the pose stays finite and goes on from where it was: each discontinuity
is kept as an offset from the motion as planned, and the offset fades out over `blend_s` with zero
speed at both ends. So the motion itself keeps playing under the fade, and a fade adds at most
1.5 * offset / blend_s to its speed.

Times are integer nanoseconds of one clock, the clock of the audio's stamps; this file never asks
for the time.
"""

import threading
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np

from diffsheg_model.config import MotionFormat
from diffsheg_model.rotations import quaternion_from_rotvec, slerp
from diffsheg_model.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.pose import Offset, Pose, smooth

#: A step of the clock longer than this, or as far back, is a jump of the clock.
JUMP_S = 0.5
#: Frames are kept this long after their moment, for a clock that steps back a little.
HISTORY_S = 1.0
#: An hour at 15 frames a second; what is planned beyond it is dropped.
MAX_FRAMES = 54_000


@dataclass
class _Track:
    """The planned frames of one utterance, by time. `first_ns` outlives the first frame."""

    epoch: int
    utterance_id: str
    first_ns: int
    ended: bool = False
    entry: Offset | None = None
    times: list[int] = field(default_factory=list)
    rotations: list[np.ndarray] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)

    def cut(self, start: int, end: int | None = None) -> None:
        """Keeps the frames of positions [start, end)."""
        self.times = self.times[start:end]
        self.rotations = self.rotations[start:end]
        self.weights = self.weights[start:end]


class Timeline:
    """Merges windows of motion and gives the pose at any moment. Safe to use from any thread.

    Epochs order utterances: each utterance has a higher one than the one before it. Windows of
    an epoch that is over (interrupted, or followed by a later one) are dropped and counted. Where
    two utterances overlap in time the later one wins from its first frame on.

    Attributes:
        stale_windows: windows dropped because their epoch was over.
        rejected_windows: windows dropped because they held a number that is not finite.
        dropped_frames: frames dropped because too many were planned ahead.
    """

    def __init__(
        self,
        format_: MotionFormat,
        rest_rotvecs: np.ndarray | None = None,
        rest_weights: np.ndarray | None = None,
        *,
        blend_s: float = 0.5,
        hold_s: float = 0.5,
    ) -> None:
        """Starts idle.

        Args:
            format_: the model's format.
            rest_rotvecs: (J, 3) axis-angle of the pose to be in while nothing is planned,
                radians; zeros where left out. A skeleton has it for its joints.
            rest_weights: (W,) the same for the face.
            blend_s: how long every transition takes, above 0.
            hold_s: how long an overdue frame is waited for before going to rest.
        """
        if not blend_s > 0 or not hold_s >= 0:
            raise ValueError(f'blend_s = {blend_s}: must be above 0; hold_s = {hold_s}: 0 or more')
        self.joint_names = format_.joint_names + format_.face_joint_names
        self.weight_names = format_.weight_names
        self._unit = format_.weights_are_unit
        self._blend_ns = round(blend_s * NS)
        self._hold_ns = round(hold_s * NS)
        joints, weights = len(self.joint_names), len(self.weight_names)
        rotvecs = np.zeros((joints, 3)) if rest_rotvecs is None else np.asarray(rest_rotvecs)
        self._rest_weights = np.zeros(weights) if rest_weights is None else np.array(rest_weights)
        if rotvecs.shape != (joints, 3) or self._rest_weights.shape != (weights,):
            raise ValueError(
                f'the rest pose has shapes {rotvecs.shape} and {self._rest_weights.shape}: must '
                f'be ({joints}, 3) and ({weights},)'
            )
        self._rest_rotations = quaternion_from_rotvec(rotvecs)
        self._lock = threading.Lock()
        self._tracks: list[_Track] = []  # by epoch, and so by time of their first frames
        self._offset: Offset | None = None
        self._shown: Pose | None = None
        self._min_epoch = 0
        self.stale_windows = 0
        self.rejected_windows = 0
        self.dropped_frames = 0

    def __len__(self) -> int:
        """Frames held."""
        with self._lock:
            return sum(len(track.times) for track in self._tracks)

    @property
    def planned_until_ns(self) -> int | None:
        """Time of the last planned frame, None where there is none."""
        with self._lock:
            return self._tracks[-1].times[-1] if self._tracks else None

    def add(self, epoch: int, start_ns: int, window: MotionWindow, utterance_id: str = '') -> bool:
        """Merges a window: it replaces what was planned from its first frame on.

        Args:
            epoch: of the window's utterance.
            start_ns: when the utterance's frame 0 is shown.
            window: from `Session.step`; may be empty (only saying that the utterance is over).
            utterance_id: handed on in the poses.

        Returns:
            Whether the window was taken; not if its epoch is over or it is not finite.
        """
        motion = window.motion
        if not (np.isfinite(motion.rotations).all() and np.isfinite(motion.weights).all()):
            with self._lock:
                self.rejected_windows += 1
            return False
        rotations = quaternion_from_rotvec(motion.rotations)
        times = [
            start_ns + round((window.start_frame + index) * NS / motion.fps)
            for index in range(len(motion))
        ]
        with self._lock:
            newest = self._tracks[-1].epoch if self._tracks else 0
            if epoch < max(self._min_epoch, newest):
                self.stale_windows += 1
                return False
            self._min_epoch = epoch
            now_ns, planned = self._before_change()
            if times and (not self._tracks or epoch > newest):
                self._open(epoch, utterance_id, times[0])
            if self._tracks and self._tracks[-1].epoch == epoch:
                track = self._tracks[-1]
                room = MAX_FRAMES - sum(len(other.times) for other in self._tracks)
                self.dropped_frames += max(0, len(times) - room)
                if times:
                    track.cut(0, bisect_left(track.times, times[0]))
                track.times += times[:room]
                track.rotations += list(rotations[:room])
                track.weights += list(motion.weights[:room].astype(float))
                track.ended = window.last
                if times and times[0] <= track.first_ns:
                    self._enter(track, times[0])
                if not track.times:
                    self._tracks.remove(track)
            self._after_change(now_ns, planned)
        return True

    def interrupt(self, now_ns: int, epoch: int | None = None) -> None:
        """Forgets everything planned and blends from the pose of now to rest.

        Args:
            now_ns: the moment.
            epoch: windows of lower epochs are stale from now on; left out, all epochs seen are.
        """
        with self._lock:
            if epoch is None:
                epoch = self._min_epoch + 1
            self._min_epoch = max(self._min_epoch, epoch)
            if self._shown is not None and 0 < now_ns - self._shown.time_ns <= JUMP_S * NS:
                self._shown = self._displayed(now_ns)
            shown_ns, planned = self._before_change()
            self._tracks.clear()
            self._after_change(shown_ns, planned)

    def sample(self, time_ns: int) -> Pose:
        """The pose at a moment; ask in order of time, at 4 Hz or more often.

        A clock that jumps (over `JUMP_S` either way) is survived: the pose goes on from where it
        was and blends into what is planned for the new time.
        """
        with self._lock:
            if self._shown is not None and abs(time_ns - self._shown.time_ns) > JUMP_S * NS:
                self._offset = Offset.between(time_ns, self._shown, self._planned(time_ns))
            pose = self._displayed(time_ns)
            if self._offset is not None and time_ns >= self._offset.start_ns + self._blend_ns:
                self._offset = None
            self._shown = pose
            self._trim(time_ns)
            return pose

    def planned(self, time_ns: int) -> Pose:
        """The pose that `sample` will give for a moment to come if nothing is added until then."""
        with self._lock:
            return self._displayed(time_ns)

    def trim(self, before_ns: int) -> None:
        """Forgets frames that no moment from `before_ns` on needs. `sample` does so by itself."""
        with self._lock:
            self._trim(before_ns)

    def _open(self, epoch: int, utterance_id: str, first_ns: int) -> None:
        """Begins an utterance: from its first frame on nothing older is planned any more."""
        self._tracks = [track for track in self._tracks if track.first_ns < first_ns]
        if self._tracks:
            track = self._tracks[-1]
            track.cut(0, bisect_left(track.times, first_ns) + 1)
        self._tracks.append(_Track(epoch, utterance_id, first_ns))

    def _enter(self, track: _Track, first_ns: int) -> None:
        """Makes the track begin in the pose that it takes over from."""
        track.first_ns, track.entry = first_ns, None
        position = self._tracks.index(track)
        before = self._planned(first_ns, self._tracks[:position])
        track.entry = Offset.between(first_ns, before, self._planned(first_ns, [track]))

    def _before_change(self) -> tuple[int, Pose | None]:
        now_ns = 0 if self._shown is None else self._shown.time_ns
        return now_ns, None if self._shown is None else self._planned(now_ns)

    def _after_change(self, now_ns: int, before: Pose | None) -> None:
        """Carries a change of what is planned for now as an offset."""
        if before is None or self._shown is None:
            return
        after = self._planned(now_ns)
        # Most windows change only the future; an offset that is fading is then left alone.
        if np.array_equal(after.rotations, before.rotations) and np.array_equal(
            after.weights, before.weights
        ):
            return
        self._offset = Offset.between(now_ns, self._shown, after)

    def _displayed(self, time_ns: int) -> Pose:
        pose = self._planned(time_ns)
        if self._offset is not None:
            pose = self._offset.applied(pose, self._blend_ns)
            fading = time_ns < self._offset.start_ns + self._blend_ns and self._offset.is_seen
            if fading and pose.state == 'idle':
                pose = Pose(time_ns, pose.rotations, pose.weights, 'returning')
        weights = np.clip(pose.weights, 0.0, 1.0) if self._unit else pose.weights
        return Pose(time_ns, pose.rotations, weights, pose.state, pose.utterance_id)

    def _planned(self, time_ns: int, tracks: list[_Track] | None = None) -> Pose:
        """The pose as planned, a continuous function of time as long as nothing is added."""
        for track in reversed(self._tracks if tracks is None else tracks):
            if track.times and track.first_ns <= time_ns:
                pose = self._on_track(track, time_ns)
                return pose if track.entry is None else track.entry.applied(pose, self._blend_ns)
        return Pose(time_ns, self._rest_rotations, self._rest_weights, 'idle')

    def _on_track(self, track: _Track, time_ns: int) -> Pose:
        after = bisect_right(track.times, time_ns)
        if after == 0:
            return Pose(
                time_ns, track.rotations[0], track.weights[0], 'speaking', track.utterance_id
            )
        rotations, weights = track.rotations[after - 1], track.weights[after - 1]
        time = track.times[after - 1]
        if after < len(track.times):
            fraction = (time_ns - time) / (track.times[after] - time)
            next_rotations, next_weights = track.rotations[after], track.weights[after]
            state = 'speaking'
        else:
            leave_ns = time if track.ended else time + self._hold_ns
            fraction = smooth((time_ns - leave_ns) / self._blend_ns)
            next_rotations, next_weights = self._rest_rotations, self._rest_weights
            if time_ns == time:
                state = 'speaking'
            elif time_ns <= leave_ns:
                state = 'holding'
            else:
                state = 'returning' if fraction < 1 else 'idle'
        return Pose(
            time_ns,
            slerp(rotations, next_rotations, np.asarray(fraction)),
            weights + fraction * (next_weights - weights),
            state,
            '' if state == 'idle' else track.utterance_id,
        )

    def _trim(self, now_ns: int) -> None:
        before_ns = now_ns - round(HISTORY_S * NS)
        gone = 0
        for position, track in enumerate(self._tracks):
            following = self._tracks[position + 1] if position + 1 < len(self._tracks) else None
            rest_ns = track.times[-1] + self._hold_ns + self._blend_ns
            if before_ns > rest_ns or (following is not None and following.first_ns < before_ns):
                gone = position + 1
            elif (old := bisect_right(track.times, before_ns) - 1) > 0:
                track.cut(old)
        del self._tracks[:gone]
