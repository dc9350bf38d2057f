"""The file player node: publishes a recording on `audio` in real time, as if spoken now.

ros2 run diffsheg_ros file_player --ros-args -p file:=speech.wav
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from diffsheg_model.audio.sound_file import audio_info, read_blocks
from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.capture.parameters import FilePlayerParameters
from diffsheg_ros.msg import AudioChunk
from diffsheg_ros.ros.messages import audio_chunk
from diffsheg_ros.ros.node_parameters import NodeParameters
from diffsheg_ros.ros.run_node import run_node
from diffsheg_ros.startup.executables import start

#: Nanoseconds from discovering a subscriber until it has surely discovered this publisher. A
#: best-effort subscription loses messages sent before.
SETTLE_NS = NS // 2
#: Nanoseconds between checks for subscribers.
ASK_EVERY_NS = NS // 20
#: Nanoseconds to wait until subscribers confirm the last chunks.
FLUSH_NS = 10 * NS
#: Number of times that the end is sent to best-effort subscribers, which confirm nothing.
_ENDS = 3
#: Seconds between these.
_END_EVERY_S = 0.1


class FilePlayerNode(Node):
    """The node; see the module. It reads the recording from disk while playing.

    The stamp of a chunk is the time at which its first sample is heard, start + first_sample /
    sample_rate. The chunk is sent at that time, or earlier by the factor `rate`.

    Attributes:
        finished: True after everything was sent.
        exit_status: the exit status of the process.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('file_player', **arguments)
        self._settings = parameters = NodeParameters(self, FilePlayerParameters).read()
        if not parameters.file:
            raise InputError('parameter file is empty: name a recording, -p file:=speech.wav')
        info = audio_info(parameters.file)
        self._sample_rate = info.sample_rate
        self._publisher = self.create_publisher(
            AudioChunk, 'audio', QoSProfile(depth=1000, reliability=ReliabilityPolicy.RELIABLE)
        )
        self.finished = False
        self.exit_status = 0
        self._round = 0
        self._chunks: Iterator[tuple[np.ndarray, bool]] = iter(())
        self._due: tuple[np.ndarray, bool] | None = (
            None  # the next chunk, and True if it is the last
        )
        self._first_sample = 0
        self._utterance_id = ''
        self._begun_ns = self._now_ns()
        self._start_ns: int | None = None  # time of the first sample; None while waiting
        self._seen_ns: int | None = None
        self.get_logger().info(
            f'{parameters.file}: {info.duration_s:.1f} s, {info.sample_rate} Hz, '
            f'{info.channels} channel{"s" if info.channels > 1 else ""}'
        )
        self._timer = self.create_timer(ASK_EVERY_NS / NS, self._wait)

    def _wait(self) -> None:
        """Begin when there are enough subscribers; give up after `wait_s`."""
        now_ns, settings = self._now_ns(), self._settings
        found = self._publisher.get_subscription_count()
        if found >= settings.subscribers:
            self._seen_ns = now_ns if self._seen_ns is None else self._seen_ns
            if not settings.subscribers or now_ns - self._seen_ns >= SETTLE_NS:
                self._begin(now_ns)
            return
        self._seen_ns = None
        topic = self._publisher.topic_name
        if 0 <= settings.wait_s * NS <= now_ns - self._begun_ns:
            self.get_logger().error(
                f'{topic} has {found} of {settings.subscribers} subscribers after '
                f'{settings.wait_s:g} s (wait_s); start the avatar first'
            )
            self.exit_status, self.finished = 2, True
            return
        self.get_logger().info(
            f'waiting for subscribers of {topic} ({found} of {settings.subscribers})',
            throttle_duration_sec=10.0,
        )

    def _begin(self, start_ns: int) -> None:
        parameters = self._settings
        self._round += 1
        self._utterance_id = parameters.utterance_id or f'{Path(parameters.file).stem}-{start_ns}'
        if parameters.utterance_id and self._round > 1:
            self._utterance_id += f'-{self._round}'
        self._chunks = _with_last(read_blocks(parameters.file, parameters.chunk_ms / 1000))
        self._first_sample = 0
        self._start_ns = start_ns
        try:
            self._due = next(self._chunks)
        except InputError as error:
            self._fail(error)
            return
        self.destroy_timer(self._timer)
        # Chunks are sent by the clock, so delays of the timer do not accumulate.
        period_s = max(0.001, parameters.chunk_ms / 1000 / parameters.rate)
        self._timer = self.create_timer(period_s, self._play)
        self.get_logger().info(f'playing as utterance {self._utterance_id}')
        self._play()

    def _play(self) -> None:
        """Send the chunks that are due; after the last one, finish or begin the next round."""
        assert self._start_ns is not None
        now_ns = self._now_ns()
        try:
            while self._due is not None and self._sent_at_ns() <= now_ns:
                samples, last = self._due
                self._send(samples, last)
                self._due = None if last else next(self._chunks)
        except InputError as error:
            self._fail(error)
            return
        if self._due is not None:
            return
        if not self._settings.loop:
            self._finish()
        elif now_ns >= self._heard_ns() + self._settings.loop_pause_s * NS:
            self._begin(now_ns)

    def _fail(self, error: InputError) -> None:
        """End the utterance because the recording cannot be read further."""
        self.get_logger().error(str(error))
        self.exit_status = 2
        self._send(np.zeros(0, np.float32), True)
        self._finish()

    def _send(self, samples: np.ndarray, last: bool) -> None:
        self._publisher.publish(
            audio_chunk(
                AudioPiece(
                    utterance_id=self._utterance_id,
                    first_sample=self._first_sample,
                    sample_rate=self._sample_rate,
                    samples=samples,
                    start_ns=self._heard_ns(),
                    end=last,
                )
            )
        )
        self._first_sample += len(samples)

    def _heard_ns(self) -> int:
        assert self._start_ns is not None
        return self._start_ns + self._first_sample * NS // self._sample_rate

    def _sent_at_ns(self) -> int:
        assert self._start_ns is not None
        heard_after_ns = self._first_sample * NS / self._sample_rate
        return self._start_ns + round(heard_after_ns / self._settings.rate)

    def _finish(self) -> None:
        """Wait until subscribers have received the end, then finish."""
        self.destroy_timer(self._timer)
        self._ends_left = _ENDS if self._has_best_effort_subscribers() else 0
        self._flush_until_ns = time.monotonic_ns() + FLUSH_NS
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(_END_EVERY_S, self._flush, clock=steady)

    def _flush(self) -> None:
        if self._ends_left:
            self._ends_left -= 1
            self._send(np.zeros(0, np.float32), True)
            return
        confirmed = self._publisher.wait_for_all_acked(Duration())
        if not confirmed and time.monotonic_ns() < self._flush_until_ns:
            return
        if not confirmed:
            self.get_logger().warning(
                f'a subscriber of {self._publisher.topic_name} has not confirmed the last chunks'
            )
        seconds = self._first_sample / self._sample_rate
        self.get_logger().info(f'sent {seconds:.1f} s of speech')
        self.destroy_timer(self._timer)
        self.finished = True

    def _has_best_effort_subscribers(self) -> bool:
        found = self.get_subscriptions_info_by_topic(self._publisher.topic_name)
        return any(each.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for each in found)

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds


def _with_last(blocks: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, bool]]:
    """Yield each block, with True for the last one."""
    before = next(blocks)
    for block in blocks:
        yield before, False
        before = block
    yield before, True


def main(args: list[str] | None = None) -> int:
    """Play the file; return 0 if all was sent, or 2 if the file cannot be played."""
    return run_node(FilePlayerNode, args, finished=lambda node: node.finished)


if __name__ == '__main__':
    sys.exit(start('file_player'))
