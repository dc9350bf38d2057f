"""The viewer node: a page in the browser with the avatar and its sound, for speaking to it too.

    ros2 run diffsheg_ros viewer

By default only this machine has access. No message, from a topic or a page, ends the node.
"""

import math
import sys
import time
from collections import Counter
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.exceptions import InvalidNamespaceException
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from rclpy.validate_namespace import validate_namespace
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from diffsheg_model.errors import InputError
from diffsheg_model.viewer.announce import announce
from diffsheg_model.viewer.connections import NO_REQUEST
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer
from diffsheg_ros.diagnostics.avatar_timing import read_timing, report_name
from diffsheg_ros.msg import AudioChunk, FaceBlendshapes
from diffsheg_ros.nodes.avatar_settings import AvatarSettings
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.audio_subscription import AudioSubscription
from diffsheg_ros.ros.node_parameters import NodeParameters
from diffsheg_ros.ros.refusals import Refusals
from diffsheg_ros.ros.report_publisher import RefusalReports
from diffsheg_ros.ros.run_node import run_node
from diffsheg_ros.startup.executables import start
from diffsheg_ros.topic_values import check_utterance_id, clean_text, level_of, status_values
from diffsheg_ros.viewer.live_show import LiveShow, Request
from diffsheg_ros.viewer.parameters import ViewerParameters

_TICK_S = 0.02
#: Seconds between warnings of closed connections.
_WARN_S = 10.0
#: Seconds without a report, one of which is due each second, after which the avatar is lost.
_SILENT_S = 3.5


class ViewerNode(Node):
    """The node; see the module.

    Attributes:
        server: the web server; None before it has a port.
        show: the content of the pages.
    """

    def __init__(self, **arguments: Any) -> None:
        """Subscribe to all topics and serve the page.

        Raises:
            InputError: a parameter is invalid, or the port is unusable.
        """
        self.server: ViewerServer | None = None  # rclpy also destroys an incomplete node
        super().__init__('viewer', **arguments)
        settings = NodeParameters(self, ViewerParameters).read()
        spaces = [self.get_namespace()]
        if settings.beside:
            spaces.append(_other_namespace(settings.beside, spaces[0]))
        hub = Hub()
        names = [space.strip('/') or 'avatar' for space in spaces]
        self.show = LiveShow(hub, names, lambda: self.get_clock().now().nanoseconds)
        self.server = ViewerServer(
            self.show,
            hub,
            host=settings.host,
            port=settings.port,
            allow_remote=settings.allow_remote,
        )
        self._reports = {report_name(space): number for number, space in enumerate(spaces)}
        self._reported_s = time.monotonic()
        self._status: dict[str, Any] = {'state': '', 'level': 0, 'message': '', 'values': {}}
        self._utterance_id = ''
        self._refusals = Refusals(self)
        every = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
        self._audio = AudioSubscription(self, self._refusals.checked('audio', self._on_audio))
        self._refusals.subscribe(DiagnosticArray, '/diagnostics', self._on_diagnostics, every)
        for number, space in enumerate(spaces):
            self._follow(number, space.rstrip('/'), every)
        self._speaker = self.create_publisher(AudioChunk, 'audio', every)
        self._interrupt = self.create_client(Trigger, 'avatar/interrupt')
        self._avatar_settings = AvatarSettings(self, 'avatar', self.show.settings)
        # The page must respond even while a simulation's clock stands still.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_TICK_S, self._tick, clock=steady)
        self.create_timer(1.0, self._check, clock=steady)
        self._report = RefusalReports(self, self._refusals)
        self.server.start()
        self.get_logger().info(announce(self.server, settings.open_page))
        self._connected_pages = 0
        self._closed: Counter[str] = Counter()
        self._warned_s = -math.inf

    def destroy_node(self) -> None:
        if self.server is not None:
            self.server.stop()
        super().destroy_node()

    # Messages of the avatar

    def _follow(self, number: int, space: str, qos: QoSProfile) -> None:
        """Subscribe to the motion of an avatar, and show it."""

        def on_face(message: FaceBlendshapes) -> None:
            face = messages.read_face_blendshapes(message)
            self.show.face(number, face.names, int(face.times_ns[0]), face.weights[0])
            if number == 0 and face.utterance_id != self._utterance_id:
                self._utterance_id = face.utterance_id
                self._tell_status()

        def on_joints(message: JointState) -> None:
            joints = messages.read_joint_state(message)
            time_ns = int(joints.times_ns[0])
            self.show.body(number, joints.joint_names, time_ns, joints.angles[0])

        self._refusals.subscribe(FaceBlendshapes, f'{space}/face', on_face, qos)
        self._refusals.subscribe(JointState, f'{space}/joint_states', on_joints, qos)

    def _on_audio(self, message: AudioChunk, arrival_ns: int) -> None:
        piece = messages.read_audio_chunk(message)
        check_utterance_id(piece.utterance_id)
        self.show.sound(piece, arrival_ns)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            number = self._reports.get(status.name)
            if number is None:
                continue
            values = status_values((item.key, item.value) for item in status.values)
            self._update_timing(number, values)
            if number == 0:
                self._reported_s = time.monotonic()
                self._status = {
                    'state': values.get('state', ''),
                    'level': level_of(status.level),
                    'message': clean_text(status.message),
                    'values': values,
                }
                self._tell_status()

    def _update_timing(self, number: int, values: dict[str, str]) -> None:
        timing = read_timing(values, lambda error: self._refusals.add('/diagnostics', error))
        if timing is None:
            return
        self.show.set_delay(number, timing.delay_ns)
        if number == 0:
            self.show.update_interrupts(timing.interrupts)

    def _tell_status(self) -> None:
        self.show.status(**self._status, utterance_id=self._utterance_id)

    def _check(self) -> None:
        pages = self.show.client_count
        if pages != self._connected_pages:
            self._connected_pages = pages
            self.get_logger().info(f'connected pages: {pages}')
        self._warn_of_closed()
        if time.monotonic() - self._reported_s > _SILENT_S:
            self._status = {
                'state': 'no avatar',
                'level': 2,
                'message': 'the avatar does not report: start it, in the same namespace and domain',
                'values': {},
            }
            self._tell_status()
        self._avatar_settings.refresh()

    def _warn_of_closed(self) -> None:
        """Warn of the connections that the server has closed since the last warning."""
        now_s = time.monotonic()
        if self.server is None or now_s - self._warned_s < _WARN_S:
            return
        closed = self.server.closed
        new = {
            reason: count - self._closed[reason]
            for reason, count in closed.items()
            if reason != NO_REQUEST and count > self._closed[reason]
        }
        if new:
            told = ', '.join(f'{count} ({reason})' for reason, count in new.items())
            self.get_logger().warning(f'closed connections to the page: {told}')
            self._closed, self._warned_s = closed, now_s

    # Requests of pages

    def _tick(self) -> None:
        now_ns = self.get_clock().now().nanoseconds
        self.show.tick(now_ns)
        for piece in self.show.speech.due(now_ns):
            self._speaker.publish(messages.audio_chunk(piece))
        for request in self.show.requests():
            if request.kind == 'interrupt':
                self._on_interrupt(request)
            else:
                self._avatar_settings.change(
                    request.name, request.value, request.client, self.show.tell
                )

    def _on_interrupt(self, request: Request) -> None:
        self.show.interrupt()
        if not self._interrupt.service_is_ready():
            self.show.tell(request.client, 'there is no avatar to interrupt')
            return

        def answer(future: Future) -> None:
            response = future.result()
            if response is not None and not response.success:
                self.show.tell(request.client, response.message)

        self._interrupt.call_async(Trigger.Request()).add_done_callback(answer)


def _other_namespace(beside: str, own: str) -> str:
    space = '/' + beside.strip('/')
    try:
        validate_namespace(space)
    except InvalidNamespaceException as error:
        reason = ' '.join(str(error).split())
        raise InputError(f'parameter beside = {beside!r}: is not a namespace ({reason})') from error
    if space == own:
        raise InputError(f"parameter beside = {beside!r}: is this viewer's own namespace")
    return space


def main(args: list[str] | None = None) -> int:
    """Run the viewer until SIGINT or SIGTERM."""
    return run_node(ViewerNode, args)


if __name__ == '__main__':
    sys.exit(start('viewer'))
