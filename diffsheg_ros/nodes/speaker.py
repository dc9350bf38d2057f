"""The speaker node: plays `audio` on a loudspeaker, each sample with its motion.

    ros2 run diffsheg_ros speaker

The sample stamped t is heard at t + the avatar's playout delay. The avatar reports that delay and
its interrupts on /diagnostics. The device asks for samples in a thread of its own.
"""

import sys
import time
from collections import deque
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from diffsheg_model.audio.loudspeaker import Loudspeaker
from diffsheg_model.audio.null_loudspeaker import NullLoudspeaker
from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.counters import AudioListenerCounters
from diffsheg_ros.diagnostics.avatar_timing import read_timing, report_name
from diffsheg_ros.msg import AudioChunk
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.audio_subscription import AudioSubscription
from diffsheg_ros.ros.node_parameters import NodeParameters
from diffsheg_ros.ros.refusals import Refusals
from diffsheg_ros.ros.report_publisher import ReportPublisher
from diffsheg_ros.ros.run_node import run_node
from diffsheg_ros.speaker.health import LoudspeakerStatus, SpeakerHealth
from diffsheg_ros.speaker.parameters import SpeakerParameters
from diffsheg_ros.speaker.speaker import Speaker
from diffsheg_ros.startup.executables import start
from diffsheg_ros.topic_values import status_values

#: Seconds between attempts to find a lost loudspeaker again.
_RETRY_S = 2.0
#: Largest relative difference between simulated and real time at which speech is played: sound
#: cannot be stretched.
_MOST_PACE_ERROR = 0.05
_CLOCKS_READ = 4


class SpeakerNode(Node):
    """The node; see the module.

    Attributes:
        speaker: the player.
        faults: exceptions that callbacks have raised.
    """

    def __init__(self, **arguments: Any) -> None:
        """Start to play.

        Raises:
            InputError: a parameter is not allowed, or the loudspeaker does not exist.
        """
        self._output: Loudspeaker | NullLoudspeaker | None = None
        super().__init__('speaker', **arguments)
        self._settings = settings = NodeParameters(self, SpeakerParameters).read()
        self.faults = 0
        self.speaker = Speaker(settings.hearing_options())
        if settings.playout_delay_s >= 0:
            self.speaker.delay_ns = round(settings.playout_delay_s * NS)
        self._avatar = report_name(self.get_namespace())
        self._failure = self._muted = ''
        self._refusals = Refusals(self)
        # Times of the node's clock, ns, and of the steady clock, s, in the last seconds.
        self._clocks: deque[tuple[int, float]] = deque(maxlen=_CLOCKS_READ)
        self._health = SpeakerHealth()
        self._reports = ReportPublisher(self, 'sound')
        self._output = self._find()
        self._play()
        self.get_logger().info(
            f'playing on {self._output.name} at {self._output.sample_rate} Hz, '
            f'{self._output.latency_s:.3f} s ahead'
        )
        if self._simulated:
            self._mute('waiting for /clock')
            self.get_logger().info(
                'use_sim_time: speech is heard while /clock runs at real time, else left out'
            )
        every = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
        self._audio = AudioSubscription(
            self,
            self._refusals.checked('audio', self._on_audio),
            reliability=settings.audio_reliability,
            depth=settings.audio_depth,
        )
        self._refusals.subscribe(DiagnosticArray, '/diagnostics', self._on_diagnostics, every)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0, self._report, clock=steady)
        self.create_timer(_RETRY_S, self._look_after_device, clock=steady)

    def destroy_node(self) -> None:
        if self._output is not None:
            self._output.close()
        super().destroy_node()

    # In

    def _on_audio(self, chunk: AudioChunk, arrival_ns: int) -> None:
        self.speaker.hear(messages.read_audio_chunk(chunk), arrival_ns)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name != self._avatar:
                continue
            values = status_values((item.key, item.value) for item in status.values)
            timing = read_timing(values, lambda error: self._refusals.add('/diagnostics', error))
            if timing is None:
                continue
            self.speaker.update_interrupts(timing.interrupts)
            if self._settings.playout_delay_s < 0:
                self.speaker.delay_ns = timing.delay_ns

    # Out

    def _find(self) -> Loudspeaker | NullLoudspeaker:
        settings = self._settings
        if settings.device != 'null':
            device = '' if settings.device == 'auto' else settings.device
            try:
                found = Loudspeaker(self._fill, device, settings.sample_rate, settings.latency_s)
                found.open()
                return found
            except InputError as error:
                if settings.device != 'auto':
                    raise
                self.get_logger().warning(f'nothing is heard here: {error}')
        rate = settings.sample_rate or NullLoudspeaker.SAMPLE_RATE
        return NullLoudspeaker(self._fill, rate, settings.latency_s)

    def _play(self) -> None:
        assert self._output is not None
        self.speaker.connect(self._output.sample_rate)
        self._output.start()

    def _fill(self, frames: int, heard_in_s: float, underrun: bool) -> np.ndarray:
        """Return the next samples, in the device's thread."""
        return self.speaker.pull(frames, self._now_ns() + round(heard_in_s * NS), underrun)

    def _look_after_device(self) -> None:
        assert self._output is not None
        if not self._output.lost:
            return
        if not self._failure:
            self.get_logger().error(f'{self._output.name} plays nothing any more')
        try:
            self._output.refresh()
            self._output.open()
            self._play()
        except InputError as error:
            self._failure = f'the loudspeaker is gone: {error}'
        else:
            self._failure = ''
            self.get_logger().info(f'playing on {self._output.name} again')

    # A simulation's clock

    @property
    def _simulated(self) -> bool:
        return bool(self.get_parameter('use_sim_time').value)

    def _follow_pace(self) -> None:
        """Mute while the simulation does not run at real time; called once a second."""
        self._clocks.append((self._now_ns(), time.monotonic()))
        (first_ns, first_s), (last_ns, last_s) = self._clocks[0], self._clocks[-1]
        if len(self._clocks) < _CLOCKS_READ:
            return
        pace = (last_ns - first_ns) / NS / (last_s - first_s)
        real = abs(pace - 1) <= _MOST_PACE_ERROR
        self._mute('' if real else f'/clock runs at {pace:.2f} of real time: nothing is heard')

    def _mute(self, why: str) -> None:
        self._muted = why
        self.speaker.muted = bool(why)

    def _report(self) -> None:
        assert self._output is not None
        if self._simulated:
            self._follow_pace()
        output = LoudspeakerStatus(
            device=self._output.name,
            sample_rate=self._output.sample_rate,
            latency_s=self._output.latency_s,
            failure=self._failure,
            muted=self._muted,
        )
        listener = AudioListenerCounters(
            lost_messages=self._audio.lost,
            refused_messages=self._refusals.count,
            faults=self.faults,
        )
        self._reports.publish(
            self._health.report(
                time.monotonic(), self.speaker, output, listener, self._refusals.last
            )
        )

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds


def main(args: list[str] | None = None) -> int:
    """Run the node until a stop signal; return 2 if the loudspeaker does not exist."""
    return run_node(SpeakerNode, args)


if __name__ == '__main__':
    sys.exit(start('speaker'))
