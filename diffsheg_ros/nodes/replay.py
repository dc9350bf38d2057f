"""The replay node: publishes a recording of topics again, as if it happened now.

ros2 run diffsheg_ros replay --ros-args -p file:=out/session/session.mcap
"""

import sys
from collections.abc import Iterator
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.mcap.motion import TimedMessage
from diffsheg_model.time_units import NS
from diffsheg_ros.msg import AudioChunk, FaceBlendshapes, FaceTrajectory
from diffsheg_ros.recording.parameters import ReplayParameters
from diffsheg_ros.recording.replay_source import open_source
from diffsheg_ros.ros.messages import (
    from_duration,
    from_stamp,
    to_duration,
    to_stamp,
)
from diffsheg_ros.ros.node_parameters import NodeParameters
from diffsheg_ros.ros.run_node import run_node
from diffsheg_ros.startup.executables import start

TYPES: dict[str, type] = {
    'audio': AudioChunk,
    'face': FaceBlendshapes,
    'joint_states': JointState,
    'face_trajectory': FaceTrajectory,
    'joint_trajectory': JointTrajectory,
}
#: Nanoseconds in which publishers and running subscribers surely discover each other, so that these
#: receive the first message.
SETTLE_NS = NS
#: Seconds between checks for messages that are due.
TICK_S = 0.005
#: Messages sent in one tick; the process handles signals between ticks.
MOST_A_TICK = 100
#: Seconds to wait until subscribers confirm the last messages.
FLUSH_S = 2.0


class ReplayNode(Node):
    """The node; see the module. It reads the recording from disk while playing.

    A message of time t is sent, and stamped, at start + (t - time of the first message) / rate. The
    start is appended to the name of each utterance, so that a listener that heard it before treats
    it as a new one. The node waits for no subscriber, but sends the first message one second after
    its start.

    Attributes:
        outputs: publishers by topic.
        finished: True after everything was played.
        exit_status: the exit status of the process.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('replay', **arguments)
        self._settings = settings = NodeParameters(self, ReplayParameters).read()
        if not settings.file:
            raise InputError('parameter file is empty: name a recording, -p file:=session.mcap')
        self._source, topics = open_source(
            settings.file, settings.topics, settings.recorded_namespace
        )
        self._messages: Iterator[TimedMessage] = self._source()
        self._next = next(self._messages, None)
        if self._next is None:
            raise InputError(f'{settings.file} has no messages on {", ".join(topics)}')
        profile = QoSProfile(depth=1000, reliability=ReliabilityPolicy.RELIABLE)
        self.outputs: dict[str, Publisher[Any]] = {
            topic: self.create_publisher(TYPES[topic], topic, profile) for topic in topics
        }
        self.finished = False
        self.exit_status = 0
        self._played = 0
        self._first_ns = self._next.time_ns
        self._begin_ns = self._now_ns() + SETTLE_NS  # time at which the next round may begin
        self._start_ns: int | None = None  # start of the present round; None between rounds
        self.get_logger().info(f'playing {", ".join(topics)} of {settings.file}')
        self._timer = self.create_timer(TICK_S, self._play)

    def _play(self) -> None:
        """Send the messages that are due; after the last one, finish or wait for a new round."""
        now_ns = self._now_ns()
        if self._start_ns is None:
            if now_ns < self._begin_ns:
                return
            self._start_ns = now_ns
        try:
            for _ in range(MOST_A_TICK):
                if self._next is None or self._shifted(self._next.time_ns) > now_ns:
                    break
                timed, self._next = self._next, next(self._messages, None)
                self._send(timed)
            if self._next is None:
                self._end_round(now_ns)
        except InputError as error:
            self.get_logger().error(str(error))
            self.exit_status = 2
            self._finish()

    def _end_round(self, now_ns: int) -> None:
        if not self._settings.loop:
            self._finish()
            return
        self._begin_ns = now_ns + round(self._settings.loop_pause_s * NS)
        self._start_ns = None
        self._messages = self._source()
        self._next = next(self._messages, None)

    def _send(self, timed: TimedMessage) -> None:
        try:
            message = deserialize_message(timed.data, TYPES[timed.topic])
            self._retime(message)
        except (RuntimeError, ValueError) as error:
            self.get_logger().warning(
                f'a message on {timed.topic} is left out: {error}', throttle_duration_sec=10.0
            )
            return
        self.outputs[timed.topic].publish(message)
        self._played += 1

    def _retime(self, message: Any) -> None:
        """Shift a message's times to the present.

        Raises:
            ValueError: the shifted time is outside of the range of ROS.
        """
        message.header.stamp = to_stamp(self._shifted(from_stamp(message.header.stamp)))
        if getattr(message, 'utterance_id', ''):
            message.utterance_id += f'-{self._start_ns}'
        rate = self._settings.rate
        if rate == 1:
            return
        if isinstance(message, JointState):
            message.velocity = [rate * value for value in message.velocity]
        for point in getattr(message, 'points', ()):
            point.time_from_start = to_duration(round(from_duration(point.time_from_start) / rate))
        if isinstance(message, JointTrajectory):
            for point in message.points:
                point.velocities = [rate * value for value in point.velocities]
                point.accelerations = [rate * rate * value for value in point.accelerations]

    def _shifted(self, time_ns: int) -> int:
        assert self._start_ns is not None
        return self._start_ns + round((time_ns - self._first_ns) / self._settings.rate)

    def _finish(self) -> None:
        self.destroy_timer(self._timer)
        for publisher in self.outputs.values():
            publisher.wait_for_all_acked(Duration(seconds=FLUSH_S))
        self.get_logger().info(f'played {self._played} messages')
        self.finished = True

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds


def main(args: list[str] | None = None) -> int:
    """Play the recording; return 0 if all was sent, or 2 if it cannot be played."""
    return run_node(ReplayNode, args, finished=lambda node: node.finished)


if __name__ == '__main__':
    sys.exit(start('replay'))
