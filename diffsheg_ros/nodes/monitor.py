"""The monitor node: displays and records what the avatar publishes.

ros2 run diffsheg_ros monitor --ros-args -p record:=out/session
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
from diffsheg_model.errors import InputError, one_line
from diffsheg_model.files.private_files import private_files
from diffsheg_model.motion_files.mcap.definitions import AVATAR_TOPICS, DIAGNOSTIC_ARRAY
from diffsheg_model.motion_files.mcap.recorder import McapRecorder, require_mcap
from diffsheg_model.outputs import write_outputs
from diffsheg_model.time_units import NS
from diffsheg_ros.diagnostics.avatar_timing import report_name
from diffsheg_ros.diagnostics.meters import Rate
from diffsheg_ros.msg import AudioChunk, FaceBlendshapes, FaceTrajectory
from diffsheg_ros.recording.display import (
    JOINTS,
    WEIGHTS,
    Display,
    View,
)
from diffsheg_ros.recording.motion_recording import MotionRecording
from diffsheg_ros.recording.parameters import MonitorParameters
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.audio_subscription import AudioSubscription
from diffsheg_ros.ros.node_parameters import NodeParameters
from diffsheg_ros.ros.refusals import Refusals
from diffsheg_ros.ros.report_publisher import RefusalReports
from diffsheg_ros.ros.run_node import INTERRUPTED, end_at_signals, run_node
from diffsheg_ros.startup.executables import start
from diffsheg_ros.topic_values import (
    MAX_DURATION_S,
    check_first_sample,
    check_utterance_id,
    level_of,
    parsed_number,
    status_values,
)

SESSION_FILE = 'session.mcap'
#: Seconds between writes to disk; killing the process loses at most the messages since the last.
FLUSH_S = 0.5
#: Hz, the range of the avatar's parameter publish_rate_hz.
MIN_RATE_HZ, MAX_RATE_HZ = 1.0, 240.0


class MonitorNode(Node):
    """The node; see the module. Invalid messages are left out, and none ends the node.

    Attributes:
        view: the values to display.
        recording: the motion and sound so far; None if nothing is recorded.
        shown_ns: stamp of the newest face.
    """

    def __init__(self, *, record: bool = False, mcap: Path | None = None, **arguments: Any) -> None:
        """Subscribe to all topics.

        Args:
            record: collect motion and sound even if the parameter names no folder.
            mcap: file for all messages; None for session.mcap in the folder of the parameter.
            **arguments: of `rclpy.node.Node`.

        Raises:
            InputError: a parameter is invalid, or the file cannot be written.
        """
        super().__init__('monitor', **arguments)
        self._display = Display()
        self._file: McapRecorder | None = None
        self._settings = settings = NodeParameters(self, MonitorParameters).read()
        self._skeleton = None
        if settings.record:
            self._skeleton = load_bundle(settings.bundle or DEFAULT_BUNDLE).skeleton
        self.recording: MotionRecording | None = None
        if record or settings.record:
            self.recording = MotionRecording(settings.record or None)
        self._full = False
        self.view = View()
        self.shown_ns = 0
        self._avatar = report_name(self.get_namespace())
        self._refusals = Refusals(self)
        self._face_rate, self._joint_rate = Rate(), Rate()
        self._planned_until_ns = 0
        self._publish_rate_hz, self._playout_delay_s = 60.0, 0.0
        if settings.record and mcap is None:
            mcap = Path(settings.record) / SESSION_FILE
        if mcap:
            self._file = self._open_file(mcap)
        every = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
        self._audio = AudioSubscription(
            self, self._refusals.checked('audio', self._on_audio), raw=True
        )
        self._audio_topic = self.resolve_topic_name('audio')
        self._listen(FaceBlendshapes, 'face', self._on_face, every)
        self._listen(JointState, 'joint_states', self._on_joints, every)
        self._listen(JointTrajectory, 'joint_trajectory', self._on_trajectory, every)
        self._listen(DiagnosticArray, '/diagnostics', self._on_diagnostics, every)
        if self._file:
            self._listen(FaceTrajectory, 'face_trajectory', None, every)
        refresh_hz = settings.refresh_hz if self._display.in_place else 1.0
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1 / refresh_hz, self._refresh, clock=steady)
        self._reports = RefusalReports(self, self._refusals)
        self.create_timer(FLUSH_S, lambda: self._with_file(McapRecorder.flush), clock=steady)

    def destroy_node(self) -> None:
        self._display.close()
        self._with_file(McapRecorder.close)
        super().destroy_node()

    def write(self) -> tuple[Path, ...]:
        """Write the recorded motion, readable by this user only, to the folder of the parameter.

        Raises:
            InputError: nothing was published, or the folder is not writable.
        """
        assert self.recording is not None and self._skeleton is not None
        motion = self.recording.motion(*self.timing())
        audio = self.recording.audio(motion.duration_s)
        rate = self.recording.sample_rate or 16000
        with private_files():
            return write_outputs(self._settings.record, motion, self._skeleton, audio, rate)

    def timing(self) -> tuple[float, float]:
        """Return the avatar's publish rate, Hz, and its playout delay, seconds."""
        return self._publish_rate_hz, self._playout_delay_s

    def _open_file(self, path: Path) -> McapRecorder | None:
        try:
            require_mcap()
        except InputError as error:
            self.get_logger().warning(f'{path} is not written: {error}')
            return None
        return McapRecorder(path)

    def _listen(
        self, kind: type, topic: str, callback: Callable[[Any], None] | None, profile: QoSProfile
    ) -> None:
        """Subscribe to a topic; record its messages unchanged, and pass them to a callback."""
        name = self.resolve_topic_name(topic)
        kind_name = AVATAR_TOPICS.get(topic, DIAGNOSTIC_ARRAY)

        def on_bytes(data: bytes) -> None:
            now_ns = self.get_clock().now().nanoseconds
            self._with_file(lambda file: file.add(name, kind_name, data, now_ns))
            if callback:
                callback(_deserialised(data, kind))

        self._refusals.subscribe(kind, topic, on_bytes, profile, raw=True)

    def _with_file(self, act: Callable[[McapRecorder], None]) -> None:
        """Do something with the open MCAP file; a full disk ends the file, but not the node."""
        if not self._file:
            return
        try:
            act(self._file)
        except InputError as error:
            self.get_logger().error(str(error))
            self._file = None

    def _on_audio(self, data: bytes, arrival_ns: int) -> None:
        kind = AVATAR_TOPICS['audio']
        now_ns = self.get_clock().now().nanoseconds  # the file is in the order of its times
        self._with_file(lambda file: file.add(self._audio_topic, kind, data, now_ns))
        piece = messages.read_audio_chunk(_deserialised(data, AudioChunk))
        check_utterance_id(piece.utterance_id)
        check_first_sample(piece.first_sample, piece.sample_rate)
        if piece.sample_rate:
            self.view.audio_s += len(piece.samples) / piece.sample_rate
        if self.recording is not None:
            self._record(lambda recording: recording.add_audio(piece, arrival_ns))

    def _record(self, add: Callable[[MotionRecording], None]) -> None:
        """Add something to the recording; a full disk ends the recording, but not the node."""
        if self.recording is None or self._full:
            return
        try:
            add(self.recording)
        except InputError as error:
            self._full = True
            self.get_logger().error(f'{error}; the motion is written up to here')

    def _on_face(self, message: FaceBlendshapes) -> None:
        face = messages.read_face_blendshapes(message)
        self._face_rate.tick(time.monotonic())
        self.shown_ns = int(face.times_ns[0])
        view = self.view
        view.frames += 1
        view.utterance_id = face.utterance_id
        values = dict(zip(face.names, face.weights[0], strict=True))
        view.weights = {name: float(values[name]) for name in WEIGHTS if name in values}
        if self.recording is not None:
            self._record(lambda recording: recording.add_face(face))

    def _on_joints(self, message: JointState) -> None:
        joints = messages.read_joint_state(message)
        self._joint_rate.tick(time.monotonic())
        values = dict(zip(message.name, message.position, strict=True))
        self.view.angles = {name: values[name] for name in JOINTS if name in values}
        if self.recording is not None:
            self._record(lambda recording: recording.add_joints(joints))

    def _on_trajectory(self, message: JointTrajectory) -> None:
        if message.points:
            until = message.points[-1].time_from_start
            self._planned_until_ns = messages.from_stamp(
                message.header.stamp
            ) + messages.from_duration(until)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == self._avatar:
                view = self.view
                view.level, view.message = level_of(status.level), status.message
                view.values = status_values((item.key, item.value) for item in status.values)
                view.state = view.values.get('state', '')
                self._update_timing(view.values)

    def _update_timing(self, values: dict[str, str]) -> None:
        """Store the avatar's rate and delay; an unconfigured avatar reports rate 0."""
        try:
            rate_hz = parsed_number(
                'publish_rate_hz', values.get('publish_rate_hz', '0'), 0.0, MAX_RATE_HZ
            )
            if rate_hz >= MIN_RATE_HZ:
                delay_s = values.get('playout_delay_s', '0')
                self._playout_delay_s = parsed_number(
                    'playout_delay_s', delay_s, 0.0, MAX_DURATION_S
                )
                self._publish_rate_hz = rate_hz
        except InputError as error:
            self._refusals.add('/diagnostics', error)

    def _refresh(self) -> None:
        now_s = time.monotonic()
        view = self.view
        view.face_hz = self._face_rate.per_second(now_s)
        view.joints_hz = self._joint_rate.per_second(now_s)
        now_ns = self.get_clock().now().nanoseconds
        view.ahead_s = max(0.0, (self._planned_until_ns - now_ns) / NS)
        self._display.show(view)


def _deserialised(data: bytes, kind: type) -> Any:
    """Deserialise a message.

    Raises:
        InputError: the bytes are not such a message.
    """
    try:
        return deserialize_message(data, kind)
    except Exception as error:
        raise InputError(f'not a {kind.__name__} message: {one_line(error)}') from error


def main(args: list[str] | None = None) -> int:
    """Run the monitor until SIGINT or SIGTERM, then write the recording."""
    nodes: list[MonitorNode] = []

    def create() -> MonitorNode:
        nodes.append(MonitorNode())
        return nodes[0]

    status = run_node(create, args)
    if status == 0 and nodes[0].recording is not None:
        try:
            end_at_signals()
            folder = nodes[0].write()[0].parent
        except InputError as error:
            sys.stderr.write(f'error: {error}\n')
            return 2
        except KeyboardInterrupt:
            sys.stderr.write("interrupted: the motion's files were not written\n")
            return INTERRUPTED
        sys.stderr.write(f'written to {folder}\n')
    return status


if __name__ == '__main__':
    sys.exit(start('monitor'))
