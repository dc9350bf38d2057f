"""From the timeline to the published motion: joint angles that never jump, and planned motion.

The pose of now and the motion planned ahead are read from the same timeline, blends included. So a
trajectory says what joint_states will show.
"""

import math
import threading
from dataclasses import dataclass

import numpy as np

from diffsheg_model.motion.rotations import euler_xyz_of_quaternions
from diffsheg_model.session.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.emphasis import EASE_S
from diffsheg_ros.timeline.pose import around
from diffsheg_ros.timeline.timeline import Timeline

#: Seconds. Planned motion is cut at this length: stamps may be hours off.
LONGEST_S = 60.0
#: Parts of a frame at which its angles are followed; the second one gives their rates.
FINE = (0.0, 1e-4, 1 / 3, 2 / 3)
#: Seconds. Motion is sent again after a change before it, if no more than this is planned.
AGAIN_S = 10.0


@dataclass(frozen=True, eq=False)
class Shown:
    """Face and body at one moment.

    Attributes:
        time_ns: the moment.
        utterance_id: of the motion; empty while idle.
        state: see `Pose`.
        angles: (J, 3) rad, R = Rx Ry Rz, continuous in time but for whole turns, which are
            forgotten when idling begins.
        velocities: (J, 3) rad/s, of the angles.
        weights: (W,).
    """

    time_ns: int
    utterance_id: str
    state: str
    angles: np.ndarray
    velocities: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class PlannedMotion:
    """Motion planned ahead; it replaces what was planned from its first moment on.

    It ends idling, as what is shown would if nothing more came, and stands still at last: a robot
    that follows it is never left in the middle of a movement.

    Attributes:
        times_ns: F moments, one frame apart.
        utterance_id: of the motion; empty while idling and on the way to it.
        angles: (F, J, 3) rad, continuous with the motion planned before.
        velocities: (F, J, 3) rad/s, of the angles at these moments; 0 in the last one.
        weights: (F, W).
    """

    times_ns: tuple[int, ...]
    utterance_id: str
    angles: np.ndarray
    velocities: np.ndarray
    weights: np.ndarray


class Playout:
    """The timeline in joint angles. `show` belongs to one thread, the others to any.

    Attributes:
        underruns: times that a frame was overdue while speaking.
    """

    def __init__(self, timeline: Timeline, fps: float, blend_s: float) -> None:
        self._timeline = timeline
        self._fps = fps
        # One more than it takes, so that the last one stands still.
        self._rest_frames = math.ceil(blend_s * fps) + 1
        self._lock = threading.Lock()
        self._angles = np.zeros((len(timeline.joint_names), 3))
        self._newest: PlannedMotion | None = None
        self._state = 'idle'
        self.underruns = 0

    def show(self, time_ns: int) -> Shown:
        """Return the pose of now; ask in order of time."""
        pose = self._timeline.sample(time_ns)
        # Turns that a gesture has wound up are forgotten when idling begins, or a motor would keep
        # them for ever. From then on angles are followed again, since idling moves.
        fresh = pose.state == 'idle' and self._state != 'idle'
        self._angles, soon = euler_xyz_of_quaternions(
            np.stack([pose.rotations, pose.soon]), None if fresh else self._angles
        )
        velocities = (soon - self._angles) * NS / np.diff(around(time_ns))
        if pose.state == 'holding' and self._state == 'speaking':
            self.underruns += 1
        self._state = pose.state
        return Shown(
            time_ns,
            pose.utterance_id,
            pose.state,
            self._angles,
            velocities,
            pose.weights,
        )

    def rest(self) -> Shown:
        """Return the rest pose, at time 0."""
        pose = self._timeline.rest()
        angles = euler_xyz_of_quaternions(pose.rotations[None], None)[0]
        return Shown(0, '', 'idle', angles, np.zeros_like(angles), pose.weights)

    def reset(self, shown: Shown) -> None:
        """Forget all that is planned, after a fault, and go on from a pose."""
        self._timeline.reset()
        with self._lock:
            self._angles, self._newest = shown.angles, None

    def plan(
        self, epoch: int, utterance_id: str, start_ns: int, window: MotionWindow
    ) -> PlannedMotion | None:
        """Add a window to the timeline.

        Args:
            epoch: of the utterance.
            utterance_id: its name.
            start_ns: when its frame 0 is shown.
            window: from the worker.

        Returns:
            What is planned now from the window's first frame on; None where the window was stale
            or changed nothing.
        """
        if not self._timeline.add(epoch, start_ns, window, utterance_id):
            return None
        if self._timeline.planned_until_ns is None:
            return None
        # After a window that is not the last, more speech says how the motion goes on.
        idle_until_ns = self._timeline.idle_until_ns if window.last else None
        first_ns = self._frame_ns(start_ns, window.start_frame)
        count = self._count(first_ns, self._timeline.speech_until_ns, idle_until_ns)
        times_ns = [self._frame_ns(start_ns, window.start_frame + index) for index in range(count)]
        return self._planned(times_ns, utterance_id)

    def plan_idle(self, start_ns: int, window: MotionWindow) -> PlannedMotion | None:
        """Add a window of the motion of silence to the timeline.

        Args:
            start_ns: when its frame 0 is shown.
            window: from the worker.

        Returns:
            What is planned now from the window's first frame on that will be shown, speech that
            comes after it included; None where none of its frames will, or where the window was
            not taken.
        """
        if not self._timeline.add_idle(start_ns, window):
            return None
        for index in range(len(window.motion)):
            frame_ns = self._frame_ns(start_ns, window.start_frame + index)
            if self._timeline.label(frame_ns)[0] in ('idle', 'returning'):
                return self._again(frame_ns, '')
        return None

    def emphasise(self, start_ns: int, duration_s: float, gain: float) -> bool:
        """Scale the size of the gesture for a span; see `Timeline.emphasise`.

        Args:
            start_ns: when its first frame is shown.
            duration_s: its length, above 0.
            gain: 0 (at rest) to 2 (twice as large); 1 changes nothing.

        Returns:
            True if the span was taken; `emphasised` then gives what it changes.
        """
        return self._timeline.emphasise(start_ns, duration_s, gain)

    def emphasised(self, start_ns: int) -> PlannedMotion | None:
        """Return what is planned from the first moment that a span from `start_ns` on changes.

        None where nothing is planned for it yet, or where that is too much to send again.
        """
        frame_ns = self._timeline.next_frame_ns(start_ns - round(EASE_S * NS))
        if frame_ns is None:
            return None
        return self._again(frame_ns, self._timeline.label(frame_ns)[1])

    def interrupt(self, now_ns: int, epoch: int) -> PlannedMotion:
        """Forget the speech that is planned; return the way to idling.

        Args:
            now_ns: the moment.
            epoch: windows of lower ones are stale from now on.
        """
        self._timeline.interrupt(now_ns, epoch)
        return self._from(now_ns, '')

    def _again(self, first_ns: int, utterance_id: str) -> PlannedMotion | None:
        """Return all that is planned from a moment on, unless that is too much to send again."""
        speech_until_ns = self._timeline.speech_until_ns
        if speech_until_ns is not None and speech_until_ns - first_ns > AGAIN_S * NS:
            return None
        return self._from(first_ns, utterance_id)

    def _from(self, first_ns: int, utterance_id: str) -> PlannedMotion:
        """Return all that is planned from a moment on."""
        timeline = self._timeline
        count = self._count(first_ns, timeline.speech_until_ns, timeline.idle_until_ns)
        return self._planned([self._frame_ns(first_ns, i) for i in range(count)], utterance_id)

    def _count(self, first_ns: int, *ends_ns: int | None) -> int:
        """Return the number of frames until the body stands at rest after all of these moments."""
        # Frames are rounded to whole nanoseconds.
        frames = [
            math.ceil((end_ns - first_ns) / NS * self._fps - 1e-6)
            for end_ns in ends_ns
            if end_ns is not None
        ]
        longest = round(LONGEST_S * self._fps)
        return min(max([0, *frames]), longest) + 1 + self._rest_frames

    def _frame_ns(self, start_ns: int, index: int) -> int:
        return start_ns + round(index * NS / self._fps)

    def _planned(self, times_ns: list[int], utterance_id: str) -> PlannedMotion:
        # The frame before tells which of its sets of angles the first one continues. Between two
        # frames the angles are followed in steps, as they are shown: a joint may turn so far from
        # one frame to the next that the frames alone do not tell which way.
        parts_ns = np.round(np.array(FINE) * NS / self._fps).astype(np.int64)
        before_ns = times_ns[0] - round(NS / self._fps)
        fine_ns = np.add.outer(np.array([before_ns, *times_ns]), parts_ns)
        idling = self._timeline.label(before_ns)[0] == 'idle'
        poses = self._timeline.planned_many(fine_ns.reshape(-1))
        with self._lock:
            angles = euler_xyz_of_quaternions(poses.rotations, self._angles_at(before_ns, idling))
            angles = angles.reshape(*fine_ns.shape, *angles.shape[1:])[1:]
            velocities = (angles[:, 1] - angles[:, 0]) / parts_ns[1] * NS
            velocities[-1] = 0.0
            weights = poses.weights[len(FINE) :: len(FINE)]
            self._newest = PlannedMotion(
                tuple(times_ns), utterance_id, angles[:, 0], velocities, weights
            )
            return self._newest

    def _angles_at(self, time_ns: int, idling: bool) -> np.ndarray | None:
        """Return angles to go on from: those last planned for about this time, else those of now.

        While idling whole turns are forgotten, as `show` does: None where that is still to come.
        """
        if idling:
            return self._angles if self._state == 'idle' else None
        planned = self._newest
        if planned is None or not planned.times_ns[0] <= time_ns <= planned.times_ns[-1] + NS:
            return self._angles
        frame = round((time_ns - planned.times_ns[0]) / NS * self._fps)
        return planned.angles[min(frame, len(planned.angles) - 1)]
