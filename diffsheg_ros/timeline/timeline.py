"""The pose at any moment: planned frames, and natural behaviour where there are none.

Windows of motion go in as they are generated; a pose comes out for every moment asked for. A window
may come late or never, speech may be cut off, the clock may jump: the pose stays finite and goes on
with its velocity. Each discontinuity becomes an offset from the planned motion, velocity included,
which fades out over `blend_s` while the motion plays on. `Offset` gives the speed and acceleration
that a fade adds. Weights of unit formats are clipped to 0..1 at last.

There are three layers: the constant rest pose; over it the motion of silence (`add_idle`), as far
as it is planned; and over both the utterances. Emphasis then scales the size of the gesture.

Times are integer nanoseconds of one clock, that of the audio's stamps; no clock is read here.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from diffsheg_model.motion.motion_format import MotionFormat
from diffsheg_model.motion.rotations import quaternion_from_rotvec
from diffsheg_model.session.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.emphasis import Emphases
from diffsheg_ros.timeline.layer import Layer
from diffsheg_ros.timeline.offset import Offset
from diffsheg_ros.timeline.optional_layer import OptionalLayer, OptionalLayers
from diffsheg_ros.timeline.pose import (
    Pose,
    Poses,
    around,
    moving,
)

#: Seconds. A longer step of the clock, or one as far back, is a jump of the clock.
JUMP_S = 0.5
#: Seconds that frames are kept after their moment, for a clock that steps back a little.
HISTORY_S = 1.0
#: Frames that are planned at most: an hour at 15 a second. Later ones are dropped.
MAX_FRAMES = 54_000


class Timeline:
    """Merges windows of motion and gives the pose at any moment. Safe to use from any thread.

    Epochs order utterances: each utterance has a higher one than the one before it. Windows of
    an epoch that is over (interrupted, or followed by a later one) are dropped and counted. Where
    two utterances overlap in time the later one wins from its first frame on.

    Attributes:
        stale_windows: windows dropped because their epoch was over.
        rejected_windows: windows dropped because they held a number that is not finite.
        dropped_frames: frames dropped because too many were planned ahead.
        emphases: spans of larger and smaller gestures.
        optional: layers over the motion; one that fails is left out.
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
        """Start idle.

        Args:
            format_: the model's format.
            rest_rotvecs: (J, 3) axis-angle of the pose to be in while nothing is planned,
                radians; zeros where left out. A skeleton has it for its joints.
            rest_weights: (W,) the same for the face.
            blend_s: seconds of every transition, above 0.
            hold_s: seconds to wait for an overdue frame before going to rest.
        """
        if not blend_s > 0 or not hold_s >= 0:
            raise ValueError(f'blend_s = {blend_s}: must be above 0; hold_s = {hold_s}: 0 or more')
        self.joint_names = format_.joint_names + format_.face_joint_names
        self.weight_names = format_.weight_names
        self._unit = format_.weights_are_unit
        self._blend_ns = round(blend_s * NS)
        joints, weights = len(self.joint_names), len(self.weight_names)
        rotvecs = np.zeros((joints, 3)) if rest_rotvecs is None else np.asarray(rest_rotvecs)
        self._rest_weights = np.zeros(weights) if rest_weights is None else np.array(rest_weights)
        if rotvecs.shape != (joints, 3) or self._rest_weights.shape != (weights,):
            raise ValueError(
                f'the rest pose has shapes {rotvecs.shape} and {self._rest_weights.shape}: must '
                f'be ({joints}, 3) and ({weights},)'
            )
        self._rest_rotations = quaternion_from_rotvec(rotvecs)
        self.emphases = Emphases(format_.joint_names, self._rest_rotations)
        self.optional = OptionalLayers(
            OptionalLayer(
                'emphasis', lambda poses: self.emphases.applied(poses), self.emphases.restore
            )
        )
        self._lock = threading.Lock()
        self._idle = Layer(self._rest, self._blend_ns, 0)
        self._speech = Layer(self._idle.poses, self._blend_ns, round(hold_s * NS))
        self._offset: Offset | None = None
        self._returning_until_ns = 0  # the end of a fade that is no part of idling
        self._shown_ns: int | None = None
        self._shown: Pose | None = None
        self._broken = False  # what was planned is lost, by a fault
        self._seen_failures = 0  # of optional layers
        self._min_epoch = 0
        self.stale_windows = 0
        self.rejected_windows = 0
        self.dropped_frames = 0

    def __len__(self) -> int:
        """Frames held."""
        with self._lock:
            return len(self._idle) + len(self._speech)

    @property
    def planned_until_ns(self) -> int | None:
        """Time of the last planned frame of speech, None where there is none."""
        with self._lock:
            return self._speech.until_ns

    @property
    def speech_until_ns(self) -> int | None:
        """Time when speech hands over to idling if no more of it comes; None without speech."""
        with self._lock:
            newest = self._speech.newest
            return None if newest is None else self._speech.leaves_ns(newest)

    @property
    def idle_until_ns(self) -> int | None:
        """Time of the last planned frame of the motion of silence, None where there is none."""
        with self._lock:
            return self._idle.until_ns

    def add(self, epoch: int, start_ns: int, window: MotionWindow, utterance_id: str = '') -> bool:
        """Merge a window: it replaces the motion planned from its first frame on.

        A change of the frame that is shown next changes the way to it, under a fade. A change of
        later frames alone does not change the poses until then.

        Args:
            epoch: of the window's utterance.
            start_ns: when the utterance's frame 0 is shown.
            window: from `Session.step`; may be empty (only saying that the utterance is over).
            utterance_id: handed on in the poses.

        Returns:
            True if the window was taken; False if its epoch is over or it is not finite.
        """
        with self._lock:
            if not self._is_finite(window):
                return False
            newest = self._speech.newest
            if epoch < max(self._min_epoch, newest.key if newest else 0):
                self.stale_windows += 1
                return False
            self._min_epoch = epoch
            self._merge(self._speech, epoch, start_ns, window, window.last, utterance_id)
        return True

    def add_idle(self, start_ns: int, window: MotionWindow) -> bool:
        """Merge a window of the motion of silence; it replaces such motion from its first frame.

        The body moves by it wherever no frame of an utterance is planned. Where its frames run
        out, the body goes on to the rest pose, and back when new ones come. An interrupt does not
        change it.

        Args:
            start_ns: when frame 0 is shown. Windows with another one than those before are
                another motion, blended into from what was planned.
            window: motion of silence; may be empty.

        Returns:
            True if the window was taken; False if it is not finite.
        """
        with self._lock:
            if not self._is_finite(window):
                return False
            self._merge(self._idle, start_ns, start_ns, window, True, '')
        return True

    def emphasise(self, start_ns: int, duration_s: float, gain: float) -> bool:
        """Scale the size of the gesture for a span; see `Emphases`.

        Args:
            start_ns: when its first frame is shown.
            duration_s: its length, above 0 and at most an hour.
            gain: 0 (at rest) to 2 (twice as large); 1 changes nothing.

        Returns:
            True if it was taken. Where computing with it raises, all is as it was before.
        """
        with self._lock:
            before = self.emphases.spans()
            try:
                with self._changing(self._shown_ns, idling=True):
                    return self.emphases.add(start_ns, duration_s, gain, self._shown_ns)
            except BaseException:
                self.emphases.restore(before)
                raise

    def interrupt(self, now_ns: int, epoch: int | None = None) -> None:
        """Forget all speech planned, and its emphasis, and blend from the pose of now to idling.

        Args:
            now_ns: the moment.
            epoch: windows of lower epochs are stale from now on; left out, all epochs seen are.
        """
        with self._lock:
            if epoch is None:
                epoch = self._min_epoch + 1
            self._min_epoch = max(self._min_epoch, epoch)
            if self._shown_ns is not None and 0 < now_ns - self._shown_ns <= JUMP_S * NS:
                self._shown_ns = now_ns
            with self._changing(self._shown_ns):
                if self._speech.until_ns is not None:
                    self.emphases.forget_before(self._speech.until_ns)
                self._speech.tracks.clear()

    def rest(self) -> Pose:
        """Return the rest pose, at time 0."""
        still = self._rest_rotations
        return Pose(0, still, still, self._rest_weights, 'idle')

    def reset(self) -> None:
        """Forget all that is planned, after a fault: the next pose goes on from the one shown."""
        with self._lock:
            self._speech.tracks.clear()
            self._idle.tracks.clear()
            self.optional.reset()
            self._offset = None
            self._returning_until_ns = 0
            self._broken = True

    def sample(self, time_ns: int) -> Pose:
        """Return the pose at a moment; ask in order of time, at 4 Hz or more often.

        A clock that jumps (over `JUMP_S` either way) is survived: the pose goes on from where it
        was and blends into what is planned for the new time.
        """
        with self._lock:
            if self._broken or self.optional.failures != self._seen_failures:
                self._go_on(time_ns)
            elif self._shown_ns is not None and abs(time_ns - self._shown_ns) > JUMP_S * NS:
                shown = self._displayed(around(self._shown_ns))
                self._join(time_ns, shown, self._planned(around(time_ns)))
            pose = self._pose(time_ns)
            if self.optional.failures != self._seen_failures:
                self._go_on(time_ns)
                pose = self._pose(time_ns)
            if self._offset is not None and time_ns >= self._offset.start_ns + self._blend_ns:
                self._offset = None
            self._shown_ns, self._shown = time_ns, pose
            self._trim(time_ns)
            return pose

    def planned(self, time_ns: int) -> Pose:
        """Return the pose that `sample` will give for a later moment if nothing is added."""
        with self._lock:
            return self._pose(time_ns)

    def planned_many(self, times_ns: np.ndarray) -> Poses:
        """Return the same for moments (T,) int64, in order."""
        with self._lock:
            return self._displayed(times_ns)

    def label(self, time_ns: int) -> tuple[str, str]:
        """Return state and utterance that are planned for a moment; see `Pose`."""
        with self._lock:
            return self._label(time_ns)

    def next_frame_ns(self, time_ns: int) -> int | None:
        """Return the first planned frame after a moment that is not shown yet; None without."""
        with self._lock:
            if self._shown_ns is not None:
                time_ns = max(time_ns, self._shown_ns)
            frames = (self._speech.next_frame_ns(time_ns), self._idle.next_frame_ns(time_ns))
            return min((frame for frame in frames if frame is not None), default=None)

    def trim(self, before_ns: int) -> None:
        """Forget frames that no moment from `before_ns` on needs. `sample` does so by itself."""
        with self._lock:
            self._trim(before_ns)

    def _is_finite(self, window: MotionWindow) -> bool:
        motion = window.motion
        finite = np.isfinite(motion.rotations).all() and np.isfinite(motion.weights).all()
        self.rejected_windows += not finite
        return bool(finite)

    def _merge(
        self,
        layer: Layer,
        key: int,
        start_ns: int,
        window: MotionWindow,
        ended: bool,
        utterance_id: str,
    ) -> None:
        motion = window.motion
        times = [
            start_ns + round((window.start_frame + index) * NS / motion.fps)
            for index in range(len(motion))
        ]
        room = MAX_FRAMES - len(self._idle) - len(self._speech)
        self.dropped_frames += max(0, len(times) - room)
        with self._changing(self._shown_ns, idling=layer is self._idle):
            if times and (layer.newest is None or layer.newest.key != key):
                layer.begin(key, utterance_id, times[0])
            if layer.newest is not None and layer.newest.key == key:
                layer.merge(
                    times[:room],
                    quaternion_from_rotvec(motion.rotations[:room]),
                    motion.weights[:room],
                    near_ns=round(NS / motion.fps / 2),
                    ended=ended,
                    shown_ns=self._shown_ns,
                )

    @contextmanager
    def _changing(self, time_ns: int | None, *, idling: bool = False) -> Iterator[None]:
        """Keep the effect of a change on the pose of a moment as an offset."""
        before = None if time_ns is None else self._planned(around(time_ns))
        yield
        self._idle.settle(self._shown_ns)
        self._speech.settle(self._shown_ns)
        if before is None or time_ns is None:
            return
        after = self._planned(before.times_ns)
        # Most changes are to the future; an offset that is fading is then left alone.
        if not (
            np.array_equal(after.rotations, before.rotations)
            and np.array_equal(after.weights, before.weights)
        ):
            self._join(time_ns, self._with_offset(before), after, idling=idling)

    def _join(self, time_ns: int, shown: Poses, planned: Poses, *, idling: bool = False) -> None:
        self._offset = Offset.between(time_ns, moving(shown), moving(planned))
        if not idling and self._offset.is_seen:
            self._returning_until_ns = time_ns + self._blend_ns

    def _go_on(self, time_ns: int) -> None:
        """Blend from the pose that was shown last, standing still, into what is planned."""
        self._broken, self._seen_failures = False, self.optional.failures
        if self._shown is None:
            return
        times_ns = around(time_ns)
        still = Poses(
            times_ns,
            np.repeat(self._shown.rotations[None], 2, axis=0),
            np.repeat(self._shown.weights[None], 2, axis=0),
        )
        self._join(time_ns, still, self._planned(times_ns))

    def _pose(self, time_ns: int) -> Pose:
        poses = self._displayed(around(time_ns))
        state, utterance_id = self._label(time_ns)
        return Pose(time_ns, *poses.rotations, poses.weights[0], state, utterance_id)

    def _label(self, time_ns: int) -> tuple[str, str]:
        state, utterance_id = self._speech.label(time_ns)
        if state == 'idle' and self._offset is not None and time_ns < self._returning_until_ns:
            state = 'returning'
        return state, utterance_id

    def _displayed(self, times_ns: np.ndarray) -> Poses:
        return self._with_offset(self._planned(times_ns))

    def _with_offset(self, poses: Poses) -> Poses:
        if self._offset is not None:
            poses = self._offset.applied(poses, self._blend_ns)
        if self._unit:
            weights = np.minimum(np.maximum(poses.weights, 0.0), 1.0)
            poses = Poses(poses.times_ns, poses.rotations, weights)
        return poses

    def _planned(self, times_ns: np.ndarray) -> Poses:
        """As planned, a smooth motion as long as nothing is added."""
        return self.optional.applied(self._speech.poses(times_ns))

    def _rest(self, times_ns: np.ndarray) -> Poses:
        count = len(times_ns)
        return Poses(
            times_ns,
            np.repeat(self._rest_rotations[None], count, axis=0),
            np.repeat(self._rest_weights[None], count, axis=0),
        )

    def _trim(self, now_ns: int) -> None:
        before_ns = now_ns - round(HISTORY_S * NS)
        self._speech.trim(before_ns)
        self._idle.trim(before_ns)
        self.emphases.trim(before_ns)
