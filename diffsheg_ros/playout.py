"""From the timeline to what is published: joint angles that never jump, and planned stretches.

Both the pose of now and the stretches planned ahead are read from the one timeline, blends
included, so a trajectory says what joint_states will show.
"""

import math
import threading
from dataclasses import dataclass

import numpy as np

from diffsheg_model.rotations import euler_xyz_unwrapped, rates
from diffsheg_model.session import MotionWindow
from diffsheg_model.time_units import NS
from diffsheg_ros.timeline import Timeline

#: Steps in which the angles are followed from one frame to the next.
FINE = 4


@dataclass(frozen=True, eq=False)
class Shown:
    """Face and body at one moment.

    Attributes:
        time_ns: the moment.
        utterance_id: whose motion it is; empty while idle.
        state: see `Pose`.
        angles: (J, 3) rad, R = Rx Ry Rz, continuous in time but for whole turns, which are
            forgotten at rest.
        weights: (W,).
    """

    time_ns: int
    utterance_id: str
    state: str
    angles: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Stretch:
    """Motion planned ahead; it replaces what was planned from its first moment on.

    It ends at rest, as what is shown would if nothing more came: a robot that follows it is never
    left in the middle of a movement.

    Attributes:
        times_ns: F moments, one frame apart.
        utterance_id: whose motion it is; empty on the way to rest.
        angles: (F, J, 3) rad, continuous with the stretch before.
        velocities: (F, J, 3) rad/s.
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

    def __init__(self, timeline: Timeline, fps: float, blend_s: float, hold_s: float) -> None:
        self._timeline = timeline
        self._fps = fps
        # One more than it takes, so that the last one stands still.
        self._rest_frames = math.ceil(blend_s * fps) + 1
        self._hold_frames = math.ceil(hold_s * fps)
        self._lock = threading.Lock()
        self._angles = np.zeros((len(timeline.joint_names), 3))
        self._stretch: Stretch | None = None
        self._state = 'idle'
        self.underruns = 0

    def show(self, time_ns: int) -> Shown:
        """The pose of now; ask in order of time."""
        pose = self._timeline.sample(time_ns)
        # Turns that a gesture has wound up are forgotten at rest, or a motor would keep them for
        # ever.
        previous = None if pose.state == 'idle' else self._angles
        self._angles = euler_xyz_unwrapped(pose.rotvecs[None], previous)[0]
        if pose.state == 'holding' and self._state == 'speaking':
            self.underruns += 1
        self._state = pose.state
        return Shown(time_ns, pose.utterance_id, pose.state, self._angles, pose.weights)

    def plan(
        self, epoch: int, utterance_id: str, start_ns: int, window: MotionWindow
    ) -> Stretch | None:
        """Adds a window to the timeline.

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
        count = len(window.motion) + self._rest_frames
        if not window.last:
            count += self._hold_frames
        return self._planned(self._frames_ns(start_ns, window.start_frame, count), utterance_id)

    def interrupt(self, now_ns: int, epoch: int) -> Stretch:
        """Forgets what is planned; returns the way to rest.

        Args:
            now_ns: the moment.
            epoch: windows of lower ones are stale from now on.
        """
        self._timeline.interrupt(now_ns, epoch)
        return self._planned(self._frames_ns(now_ns, 0, self._rest_frames + 1), '')

    def _frames_ns(self, start_ns: int, first: int, count: int) -> list[int]:
        return [start_ns + round((first + index) * NS / self._fps) for index in range(count)]

    def _planned(self, times_ns: list[int], utterance_id: str) -> Stretch:
        # The frame before gives the first one a velocity that fits what it continues. Between two
        # frames the angles are followed in steps, as they are shown: a joint may turn so far from
        # one frame to the next that the frames alone do not tell which way.
        before_ns = times_ns[0] - round(NS / self._fps)
        frames_ns = np.array([before_ns, *times_ns])
        steps = np.arange(FINE * (len(frames_ns) - 1) + 1) / FINE
        fine_ns = frames_ns[0] + np.interp(
            steps, np.arange(len(frames_ns)), frames_ns - frames_ns[0]
        ).round().astype(np.int64)
        poses = [self._timeline.planned(int(time_ns)) for time_ns in fine_ns]
        rotvecs = np.stack([pose.rotvecs for pose in poses])
        with self._lock:
            angles = euler_xyz_unwrapped(rotvecs, self._angles_at(before_ns))[::FINE]
            self._stretch = Stretch(
                tuple(times_ns),
                utterance_id,
                angles[1:],
                rates(angles, self._fps)[1:],
                np.stack([pose.weights for pose in poses[FINE::FINE]]),
            )
            return self._stretch

    def _angles_at(self, time_ns: int) -> np.ndarray:
        """Angles to go on from: those last planned for about this time, else those of now."""
        stretch = self._stretch
        if stretch is None or not stretch.times_ns[0] <= time_ns <= stretch.times_ns[-1] + NS:
            return self._angles
        frame = round((time_ns - stretch.times_ns[0]) / NS * self._fps)
        return stretch.angles[min(frame, len(stretch.angles) - 1)]
