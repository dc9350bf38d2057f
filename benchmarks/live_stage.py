"""Real nodes in processes, and a node of the benchmark that speaks to them and watches them."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from std_srvs.srv import Trigger

from benchmarks.live_speech import Faces, Spoken
from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.msg import AudioChunk, FaceBlendshapes, FaceTrajectory
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.child_process import NodeProcess
from diffsheg_ros.ros.isolation import isolate

AVATAR, SPEAKER = 'avatar: motion', 'speaker: sound'
"""Names of the nodes in the diagnostics."""

#: Seconds that the nodes may take to start.
START_LIMIT_S = 90.0
#: Seconds that the nodes may take to publish new diagnostics.
REPORT_LIMIT_S = 20.0
#: Seconds after the discovery of two nodes until all messages arrive.
SETTLE_S = 0.5


@dataclass(frozen=True)
class Usage:
    """Resources of a process.

    Attributes:
        cpu_s: processor time used so far, in seconds.
        rss_mb: resident memory, MB (10^6 bytes).
        threads: number of threads.
        files: number of open files.
    """

    cpu_s: float
    rss_mb: float
    threads: int
    files: int


class WatchedProcess(NodeProcess):
    """A node in a process, with measurement of its resources."""

    def usage(self) -> Usage:
        """Return its resources now."""
        proc = Path(f'/proc/{self._process.pid}')
        # The name of the process precedes the fields and may contain spaces.
        fields = (proc / 'stat').read_text().rpartition(') ')[2].split()
        pages = int((proc / 'statm').read_text().split()[1])
        return Usage(
            cpu_s=(int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK'),
            rss_mb=pages * os.sysconf('SC_PAGE_SIZE') / 1e6,
            threads=int(fields[17]),
            files=len(os.listdir(proc / 'fd')),
        )


class Ear(Node):
    """Node that publishes speech on `audio` and records what avatar and speaker publish.

    Attributes:
        planned: for each message of planned motion the utterance, the time of the first frame, and
            the time of arrival.
        reports: the newest diagnostics by name.
        reported_ns: stamp of each of them.
    """

    def __init__(self, context: rclpy.Context) -> None:
        super().__init__('ear', context=context)
        self._faces: list[tuple[str, int, int]] = []
        self.planned: list[tuple[str, int, int]] = []
        self.reports: dict[str, dict[str, str]] = {}
        self.reported_ns: dict[str, int] = {}
        many = QoSProfile(depth=1000)
        self.create_subscription(FaceBlendshapes, 'face', self._on_face, many)
        self.create_subscription(FaceTrajectory, 'face_trajectory', self._on_planned, many)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, many)
        self.mouth = self.create_publisher(AudioChunk, 'audio', many)
        self.stop = self.create_client(Trigger, 'avatar/interrupt')

    def faces(self, first: int = 0) -> Faces:
        """Return the received faces from an index on."""
        ids, stamps, received = zip(*self._faces[first:], strict=True) if self.count > first else (
            (), (), ()
        )  # fmt: skip
        return Faces(np.array(ids), np.array(stamps, np.int64), np.array(received, np.int64))

    @property
    def count(self) -> int:
        """Number of received faces."""
        return len(self._faces)

    def _on_face(self, face: FaceBlendshapes) -> None:
        stamp_ns = messages.from_stamp(face.header.stamp)
        self._faces.append((face.utterance_id, stamp_ns, time.time_ns()))

    def _on_planned(self, stretch: FaceTrajectory) -> None:
        first_ns = messages.from_stamp(stretch.header.stamp)
        self.planned.append((stretch.utterance_id, first_ns, time.time_ns()))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {item.key: item.value for item in status.values}
            self.reports[status.name] = values | {'message': status.message}
            self.reported_ns[status.name] = messages.from_stamp(message.header.stamp)


class Stage:
    """Context manager of an active avatar, optionally a speaker, and an `Ear`.

    Attributes:
        ear: node that speaks and listens.
        lose_every: one chunk in this many is dropped before sending; 0: none.
        sent: number of chunks sent, including dropped ones.
        on_second: called about once a second during all waits.
    """

    def __init__(
        self,
        avatar: Mapping[str, object],
        speaker: Mapping[str, object] | None = None,
        lose_every: int = 0,
    ) -> None:
        """Store the settings; the nodes start on entering the context.

        Args:
            avatar, speaker: parameters of the nodes; None: no speaker.
            lose_every: see above.
        """
        self._parameters = {'avatar': {'autostart': True, **avatar}}
        if speaker is not None:
            self._parameters['speaker'] = dict(speaker)
        self.ear: Ear
        self.lose_every = lose_every
        self.sent = 0
        self.on_second: Callable[[], None] = lambda: None
        self._second_s = 0.0

    def __enter__(self) -> 'Stage':
        if 'ROS_DOMAIN_ID' not in os.environ:
            isolate()
        os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        self._folder = tempfile.TemporaryDirectory(prefix='diffsheg_stage.')
        self._context = rclpy.Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._processes: list[WatchedProcess] = []
        try:
            for name, parameters in self._parameters.items():
                process = WatchedProcess(name, parameters, Path(self._folder.name))
                self._processes.append(process)
            self.ear = Ear(self._context)
            self._executor = SingleThreadedExecutor(context=self._context)
            self._executor.add_node(self.ear)
            self._wait_for_nodes()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.stop()
        if hasattr(self, 'ear'):
            self.ear.destroy_node()
        self._context.try_shutdown()
        self._folder.cleanup()

    def usages(self) -> dict[str, Usage]:
        """Return the resources of each process now: 'avatar', and 'speaker' if there is one."""
        return {process.name: process.usage() for process in self._processes}

    def until(self, condition: Callable[[], object], limit_s: float = START_LIMIT_S) -> bool:
        """Run until a condition holds; return False if it does not within the limit.

        Raises:
            InputError: a node has ended.
        """
        end_s = time.monotonic() + limit_s
        while not condition():
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                return False
            self._work(min(left_s, 0.05))
        return True

    def wait_until(self, time_ns: int) -> None:
        """Run until a time."""
        while (left_ns := time_ns - time.time_ns()) > 0:
            self._work(min(left_ns / NS, 0.05))

    def wait(self, seconds: float) -> None:
        """Run for some seconds."""
        self.wait_until(time.time_ns() + round(seconds * NS))

    def send(self, piece: AudioPiece) -> int:
        """Publish a chunk, unless it is one to drop; return the time, ns."""
        self.sent += 1
        if not self.lose_every or self.sent % self.lose_every:
            self.ear.mouth.publish(messages.audio_chunk(piece))
        return time.time_ns()

    def say(self, spoken: Spoken, until_ns: int | None = None) -> np.ndarray:
        """Send each chunk of an utterance after its last sample was heard.

        Args:
            spoken: the utterance.
            until_ns: time after which nothing is sent; None: all is sent.

        Returns:
            (chunks,) times of publishing, ns.
        """
        published = []
        for piece in spoken.pieces():
            due_ns = spoken.heard_ns(piece.first_sample + len(piece.samples))
            if until_ns is not None and due_ns > until_ns:
                break
            self.wait_until(due_ns)
            published.append(self.send(piece))
        return np.array(published, np.int64)

    def interrupt(self) -> None:
        """Call the avatar's interrupt service and wait for the answer."""
        answer = self.ear.stop.call_async(Trigger.Request())
        if not self.until(answer.done, 10.0):
            raise InputError('the avatar does not answer an interrupt')

    def reports(self) -> dict[str, dict[str, str]]:
        """Return diagnostics by node that are newer than this call.

        Raises:
            InputError: none arrived in time.
        """
        ear, asked_ns = self.ear, time.time_ns()
        names = (AVATAR, SPEAKER)[: len(self._processes)]

        def missing() -> list[str]:
            return [name for name in names if ear.reported_ns.get(name, 0) < asked_ns]

        if not self.until(lambda: not missing(), REPORT_LIMIT_S):
            raise InputError(f'no diagnostics of {missing()} came for {REPORT_LIMIT_S:g} s')
        return {name: ear.reports[name] for name in names}

    def _wait_for_nodes(self) -> None:
        ear, listeners = self.ear, len(self._processes)
        failure = ''

        def ready() -> bool:
            nonlocal failure
            report = ear.reports.get(AVATAR, {})
            if report.get('lifecycle') == 'unconfigured' and report['message'].startswith('cannot'):
                failure = report['message']
                return True
            speaker_ready = listeners == 1 or ear.reports.get(SPEAKER, {}).get('playout_delay_s')
            return (
                ear.count > 0
                and ear.mouth.get_subscription_count() >= listeners
                and ear.stop.service_is_ready()
                and bool(speaker_ready)
            )

        if not self.until(ready):
            failure = f'the nodes have not come up in {START_LIMIT_S:g} s'
        if failure:
            raise InputError(failure)
        self.wait(SETTLE_S)

    def _work(self, seconds: float) -> None:
        self._executor.spin_once(timeout_sec=seconds)
        now_s = time.monotonic()
        if now_s - self._second_s < 1.0:
            return
        self._second_s = now_s
        for process in self._processes:
            if process.exit_status() is not None:
                raise InputError(f'{process.name} ended: {process.last_words()}')
        self.on_second()
