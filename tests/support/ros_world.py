"""A node that watches others over real DDS, and one thread for several nodes."""

import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from diffsheg_ros.msg import AudioChunk, FaceBlendshapes, FaceTrajectory
from diffsheg_ros.ros import messages

LIMIT_S = 30.0


def overrides(**values: Any) -> list[Parameter]:
    return [Parameter(name, value=value) for name, value in values.items()]


class Watcher(Node):
    """A subscriber to all topics of the nodes, and a publisher of speech."""

    def __init__(self, namespace: str = '') -> None:
        super().__init__('watcher', namespace=namespace)
        self.audio: list[AudioChunk] = []
        self.faces: list[FaceBlendshapes] = []
        self.joints: list[JointState] = []
        self.face_stretches: list[FaceTrajectory] = []
        self.joint_stretches: list[JointTrajectory] = []
        self.statuses: list[Any] = []
        many = QoSProfile(depth=2000)
        for kind, topic, heard in (
            (AudioChunk, 'audio', self.audio),
            (FaceBlendshapes, 'face', self.faces),
            (JointState, 'joint_states', self.joints),
            (FaceTrajectory, 'face_trajectory', self.face_stretches),
            (JointTrajectory, 'joint_trajectory', self.joint_stretches),
        ):
            self.create_subscription(kind, topic, heard.append, many)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self.mouth = self.create_publisher(AudioChunk, 'audio', many)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.statuses += message.status

    def values(self) -> dict[str, str]:
        """Return the values of the newest diagnostics."""
        return {item.key: item.value for item in self.statuses[-1].values}

    def say(self, samples, *, start_ns, utterance_id='u', rate=16000, chunk=1600, end=True) -> None:
        """Publish an utterance at once, in chunks."""
        for first in range(0, len(samples), chunk):
            self.mouth.publish(
                messages.audio_chunk(
                    messages.AudioPiece(
                        utterance_id, first, rate, samples[first : first + chunk],
                        start_ns + first * messages.NS // rate,
                        end and first + chunk >= len(samples),
                    )
                )
            )  # fmt: skip


class World:
    """Some nodes that share one thread; `until` and `run` spin them."""

    def __init__(self) -> None:
        self.executor = SingleThreadedExecutor()
        self.nodes: list[Node] = []

    def add(self, node: Node) -> Any:
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def remove(self, node: Node) -> None:
        self.nodes.remove(node)
        self.executor.remove_node(node)
        node.destroy_node()
        # rclpy's life cycle keeps a destroyed node in the graph for as long as it lives itself.
        vars(node).pop('_state_machine', None)

    def until(self, condition: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
        end = time.monotonic() + limit_s
        while not (result := condition()):
            assert time.monotonic() < end, 'the condition was not met in time'
            self.executor.spin_once(timeout_sec=0.05)
        return result

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        for node in list(self.nodes):
            self.remove(node)
        self.executor.shutdown()
