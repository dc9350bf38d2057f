"""The avatar: speech on `audio` in, face and body motion out. A managed (lifecycle) node.

    ros2 run diffsheg_ros avatar --ros-args -p autostart:=true

on_configure reads the parameters, loads the engine and warms it up; on_activate subscribes and
starts the worker and the timer; on_deactivate stops them; on_cleanup releases all. Callbacks
convert messages and hand them over. Audio goes to the worker; its thread owns the engine and
publishes planned motion. Poses go from the timeline to `face` and `joint_states`.
"""

import sys
import threading
import time
from typing import Any

from rclpy.clock import Clock, JumpHandle, JumpThreshold, TimeJump
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.lifecycle import (
    LifecycleNode,
    LifecyclePublisher,
    LifecycleState,
    TransitionCallbackReturn,
)
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from diffsheg_model.errors import one_line
from diffsheg_ros.avatar.avatar import Avatar
from diffsheg_ros.avatar.counters import AvatarNodeCounters
from diffsheg_ros.avatar.health import Health
from diffsheg_ros.avatar.parameters import AvatarParameters
from diffsheg_ros.avatar.snapshot import AvatarSnapshot, with_avatar
from diffsheg_ros.avatar.speech_log import SpeechLog
from diffsheg_ros.avatar.status_line import StatusLine
from diffsheg_ros.diagnostics.meters import Rate
from diffsheg_ros.msg import AudioChunk, Emphasis, FaceBlendshapes, FaceTrajectory
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.audio_subscription import AudioSubscription
from diffsheg_ros.ros.node_parameters import NodeParameters
from diffsheg_ros.ros.pose_timer import PoseTimer
from diffsheg_ros.ros.refusals import Refusals
from diffsheg_ros.ros.report_publisher import ReportPublisher
from diffsheg_ros.ros.run_node import run_node
from diffsheg_ros.ros.transitions import guarded
from diffsheg_ros.startup.executables import CANNOT_START, start
from diffsheg_ros.timeline.emphasis import MAX_SPANS
from diffsheg_ros.timeline.playout import PlannedMotion

#: Seconds that a report waits for another thread's.
_REPORT_WAIT_S = 0.2
#: A simulation's clock that steps so far forward, or back at all, has jumped.
CLOCK_JUMP_S = 10.0

SUCCESS = TransitionCallbackReturn.SUCCESS


class AvatarNode(LifecycleNode):
    """The node; see the module.

    Attributes:
        failure: why the last transition failed; empty where it did not.
        faults: exceptions that callbacks have raised.
        finished: True if the process is to end.
        exit_status: status of the process then.
    """

    def __init__(self, **arguments: Any) -> None:
        # rclpy destroys a node that was never whole, too.
        self._avatar: Avatar | None = None
        self._jumps: JumpHandle | None = None
        self._poses: PoseTimer | None = None
        self._lifecycle = 'unconfigured'
        self.finished = False
        self.exit_status = 0
        super().__init__('avatar', **arguments)
        self._declared = NodeParameters(self, AvatarParameters, self._on_change)
        self._settings = AvatarParameters()
        self._audio: AudioSubscription | None = None
        self._outputs: list[LifecyclePublisher] = []
        self.failure = ''
        self.faults = 0
        self._counts = AvatarNodeCounters()
        self._state = ('', '')  # of the pose that was published last, and its utterance
        self._rate = Rate()
        self._speech_log = SpeechLog()
        self._interrupts = 0  # when speech last began or ended
        self._health = Health()
        self._status_line = StatusLine(0)
        self._reports = ReportPublisher(self, 'motion')
        self._reporting = threading.Lock()
        self._refusals = Refusals(self)
        self._pose_failure = ''  # why the newest pose could not be published
        # Diagnostics and services must work while a simulation's clock stands still.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._poses = PoseTimer(
            self, steady=self._steady, why=lambda: self._pose_failure, report=self._report
        )
        self.create_timer(1.0, self._report, clock=self._steady)
        self._jumps = self.get_clock().create_jump_callback(
            JumpThreshold(
                min_forward=Duration(seconds=CLOCK_JUMP_S),
                min_backward=Duration(nanoseconds=-1),
                on_clock_change=False,
            ),
            post_callback=self._on_clock_jump,
        )
        self.create_service(Trigger, '~/interrupt', self._on_interrupt)
        if self.get_parameter('autostart').value:
            self._starter = self.create_timer(0.0, self._start, clock=self._steady)
        else:
            self.get_logger().info(
                'ready to be configured and activated, by a lifecycle manager or `ros2 lifecycle '
                'set`; with -p autostart:=true this node does so by itself'
            )

    # Life cycle

    @guarded
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._settings = parameters = self._declared.read()
        self._avatar = avatar = Avatar(parameters, self._publish_planned, self._now_ns)
        self._declared.locked = True
        self._counts = AvatarNodeCounters()
        self._joint_names = avatar.timeline.joint_names
        self._weight_names = avatar.timeline.weight_names
        self._face = self._create_output(FaceBlendshapes, 'face')
        self._joint_states = self._create_output(JointState, 'joint_states')
        self._face_trajectory = self._create_output(FaceTrajectory, 'face_trajectory')
        self._joint_trajectory = self._create_output(JointTrajectory, 'joint_trajectory')
        self._lifecycle = 'inactive'
        self.get_logger().info(
            f'bundle {avatar.bundle.config.name}, engine {avatar.engine.name} '
            f'({avatar.engine.precision}): {avatar.hop_s:.2f} s of motion take '
            f'{avatar.warm_up_s:.2f} s to generate; playout delay {avatar.playout_delay_s:.2f} s'
        )
        if avatar.warm_up_s > avatar.hop_s:
            self.get_logger().warning(
                'too slow for live speech: raise hop, choose preset balanced or quality, lower '
                'sampling_steps, or choose a smaller bundle'
            )
        if self._namesakes():
            self.get_logger().warning(
                f'another node is called {self.get_fully_qualified_name()} (a killed one is seen '
                'for up to 20 s): both answer the same services; give one a namespace or another '
                'name'
            )
        return SUCCESS

    @guarded
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        assert self._avatar is not None
        self._avatar.start()
        super().on_activate(state)
        parameters = self._settings
        self._audio = AudioSubscription(
            self,
            self._refusals.checked('audio', self._on_audio),
            reliability=parameters.audio_reliability,
            depth=parameters.audio_depth,
        )
        # A synthesiser sends those of a whole utterance at once.
        reliable = QoSProfile(depth=MAX_SPANS, reliability=ReliabilityPolicy.RELIABLE)
        self._emphasis = self._refusals.subscribe(Emphasis, 'emphasis', self._on_emphasis, reliable)
        self._rate = Rate()
        self._status_line = StatusLine(parameters.status_period_s)
        self._lifecycle = 'active'
        self._poses.start(parameters.publish_rate_hz, self._publish_pose)
        self.get_logger().info(f'active: listening to {self.resolve_topic_name("audio")}')
        return SUCCESS

    @guarded
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._deactivate()
        return super().on_deactivate(state)

    @guarded
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._release()
        return SUCCESS

    @guarded
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._deactivate()
        self._release()
        return SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After a fault of the program: release all, back to unconfigured."""
        failure = self.failure
        self.on_shutdown(state)
        self.failure = failure
        return SUCCESS

    def destroy_node(self) -> None:
        if self._poses is not None:
            self._poses.close()
        if self._jumps is not None:
            self._jumps.unregister()
        self._deactivate()
        self._release()
        super().destroy_node()

    def _start(self) -> None:
        self.destroy_timer(self._starter)
        if self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS:
            return
        if self.get_parameter('exit_on_failure').value:
            self.finished, self.exit_status = True, CANNOT_START

    def _deactivate(self) -> None:
        if self._lifecycle != 'active':
            return
        self._lifecycle = 'inactive'
        self.get_logger().info('inactive')
        assert self._audio is not None
        self._audio.destroy()
        self._counts.lost_messages += self._audio.lost
        self._audio = None
        self.destroy_subscription(self._emphasis)
        self._poses.stop()
        self._counts.pose_gaps += self._poses.gaps
        self._poses.gaps = 0
        assert self._avatar is not None
        if not self._avatar.stop(self._settings.stop_timeout_s):
            self.get_logger().error(
                f'the engine has not returned within {self._settings.stop_timeout_s:g} s '
                '(stop_timeout_s); going on without it'
            )
        self._state = ('', '')

    def _release(self) -> None:
        if self._avatar is None:
            return
        while self._outputs:
            self.destroy_lifecycle_publisher(self._outputs.pop())
        self._avatar.close()
        self._avatar = None
        self._declared.locked = False
        self._lifecycle = 'unconfigured'
        self.get_logger().info('unconfigured: bundle and engine were released')

    def _create_output(self, kind: type, topic: str) -> LifecyclePublisher:
        qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        self._outputs.append(self.create_lifecycle_publisher(kind, topic, qos))
        return self._outputs[-1]

    # In

    def _on_clock_jump(self, jump: TimeJump) -> None:
        # The first time that a simulation tells is no jump.
        if jump.delta.nanoseconds != self._now_ns():
            self._counts.clock_jumps += 1

    def _on_change(self, parameters: AvatarParameters) -> None:
        assert self._avatar is not None
        guidance_scale = parameters.guidance_scale if parameters.guidance_scale >= 0 else None
        self._avatar.set_style(parameters.seed, parameters.style, guidance_scale)

    def _on_audio(self, chunk: AudioChunk, arrival_ns: int) -> None:
        self._counts.heard_chunks += 1
        assert self._avatar is not None
        self._avatar.hear(messages.read_audio_chunk(chunk)._replace(arrival_ns=arrival_ns))

    def _on_emphasis(self, emphasis: Emphasis) -> None:
        assert self._avatar is not None
        self._avatar.emphasise(*messages.read_emphasis(emphasis))

    def _on_interrupt(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        response.success = self._lifecycle == 'active'
        if response.success:
            assert self._avatar is not None
            self._avatar.interrupt()
            self._report()  # the speaker falls silent by it
            response.message = 'stopped; blending to rest'
        else:
            response.message = f'the node is {self._lifecycle}, not active'
        return response

    # Out

    def _publish_pose(self) -> None:
        assert self._avatar is not None and self._poses is not None
        shown = self._avatar.show(self._now_ns())
        try:
            self._face.publish(
                messages.face_blendshapes(
                    self._weight_names,
                    shown.weights,
                    time_ns=shown.time_ns,
                    utterance_id=shown.utterance_id,
                )
            )
        except Exception as error:
            self._pose_failure = one_line(error)
            raise
        finally:
            # The body goes on without a face.
            self._joint_states.publish(
                messages.joint_state(
                    self._joint_names,
                    shown.angles,
                    time_ns=shown.time_ns,
                    velocities=shown.velocities,
                )
            )
        self._pose_failure = ''
        self._poses.published()
        if shown.utterance_id != self._state[1]:
            self._tell_speech(shown.time_ns, shown.utterance_id)
        self._state = (shown.state, shown.utterance_id)
        self._rate.tick(time.monotonic())
        self._avatar.tell_emphasised()

    def _tell_speech(self, time_ns: int, utterance_id: str) -> None:
        assert self._avatar is not None
        interrupts = self._avatar.stats().counters.interrupts
        interrupted = interrupts != self._interrupts
        self._interrupts = interrupts
        for line in self._speech_log.lines(time_ns, utterance_id, interrupted):
            self.get_logger().info(line)

    def _publish_planned(self, planned: PlannedMotion) -> None:
        """Publish planned motion, from the worker's thread or the one that interrupts."""
        self._face_trajectory.publish(
            messages.face_trajectory(
                self._weight_names,
                planned.weights,
                planned.times_ns,
                utterance_id=planned.utterance_id,
            )
        )
        self._joint_trajectory.publish(
            messages.joint_trajectory(
                self._joint_names, planned.angles, planned.velocities, planned.times_ns
            )
        )

    def _report(self) -> None:
        """Publish a report, from the executor, or from the watchdog where that is blocked."""
        if not self._reporting.acquire(timeout=_REPORT_WAIT_S):
            return
        try:
            now_s = time.monotonic()
            snapshot = self._snapshot(now_s)
            self._reports.publish(self._health.report(now_s, snapshot), logged=self.failure)
            line = self._status_line.text(now_s, time.process_time(), snapshot)
        finally:
            self._reporting.release()
        if line:
            self.get_logger().info(line)

    def _snapshot(self, now_s: float) -> AvatarSnapshot:
        now = AvatarNodeCounters(
            faults=self.faults,
            refused_messages=self._refusals.count,
            lost_messages=self._audio.lost if self._audio else 0,
        )
        snapshot = AvatarSnapshot(
            lifecycle=self._lifecycle,
            failure=self.failure,
            state=self._state[0] or self._lifecycle,
            utterance_id=self._state[1],
            namesakes=self._namesakes(),
            fps=self._rate.per_second(now_s),
            counters=AvatarNodeCounters.total(self._counts, now),
            last_refusal=self._refusals.last,
        )
        avatar = self._avatar
        return with_avatar(snapshot, avatar, self._settings, self._poses) if avatar else snapshot

    def _namesakes(self) -> int:
        """Return the number of other nodes with this node's full name."""
        me = (self.get_name(), self.get_namespace())
        return self.get_node_names_and_namespaces().count(me) - 1

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM."""
    return run_node(AvatarNode, args, finished=lambda node: node.finished)


if __name__ == '__main__':
    sys.exit(start('avatar'))
