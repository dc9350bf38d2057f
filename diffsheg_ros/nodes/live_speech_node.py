"""The base of nodes that publish an endless sound stream as utterances on `audio`."""

import time
from typing import Any

import numpy as np
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from diffsheg_model.errors import InputError
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.capture.counters import CaptureCounters
from diffsheg_ros.capture.live_speech import LiveSpeech
from diffsheg_ros.capture.parameters import SpeechParameters
from diffsheg_ros.diagnostics.report import WARN, Rises, report
from diffsheg_ros.msg import AudioChunk
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.node_parameters import NodeParameters
from diffsheg_ros.ros.refusals import Refusals
from diffsheg_ros.ros.report_publisher import ReportPublisher

#: Seconds that the end of the node waits until subscribers confirm the last chunk.
FLUSH_S = 1.0


class LiveSpeechNode(Node):
    """A node that publishes utterances, and a report once a second; subclasses bring the sound.

    Attributes:
        settings: the node's parameters.
        speech: cuts the sound into utterances.
        refusals: sound that was left out.
        steady: a clock that is independent of a simulation's time.
        faults: exceptions that callbacks have raised.
    """

    def __init__(self, name: str, kind: type[SpeechParameters], **arguments: Any) -> None:
        """Create the publishers.

        Args:
            name: name of the node, with which its utterances' names begin.
            kind: class of its parameters.
            **arguments: of `rclpy.node.Node`.

        Raises:
            InputError: a parameter is invalid, or the detector of speech is not installed.
        """
        self.speech: LiveSpeech | None = None  # rclpy also destroys an incomplete node
        super().__init__(name, **arguments)
        self.settings: Any = NodeParameters(self, kind).read()
        self.speech = LiveSpeech(name, self.settings)
        self.faults = 0
        self.refusals = Refusals(self, 'sound is left out')
        self._rises = Rises()
        self._audio = self.create_publisher(
            AudioChunk, 'audio', QoSProfile(depth=1000, reliability=ReliabilityPolicy.RELIABLE)
        )
        self._reports = ReportPublisher(self, 'sound')
        self.steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0, self._report, clock=self.steady)

    def destroy_node(self) -> None:
        if self.speech is not None and self.end_utterance():
            self._audio.wait_for_all_acked(Duration(seconds=FLUSH_S))
        super().destroy_node()

    def hear(
        self, samples: np.ndarray, rate: int, captured_ns: int, after_loss: bool = False
    ) -> None:
        """Append a block of sound as in `LiveSpeech.push`, and publish the resulting pieces."""
        assert self.speech is not None
        try:
            self._publish(self.speech.push(samples, rate, captured_ns, after_loss))
        except InputError as error:
            self.refuse(error)

    def refuse(self, error: InputError) -> None:
        """Record that sound was left out, and the reason."""
        self.refusals.add('sound', error)

    def end_utterance(self) -> bool:
        """End the present utterance because the sound has stopped; return False if none."""
        assert self.speech is not None
        pieces = self.speech.end()
        self._publish(pieces)
        return bool(pieces)

    def source(self) -> tuple[str, dict[str, str], CaptureCounters]:
        """Return what the diagnostics tell of the source of the sound.

        Returns:
            Its fault, or an empty text; its values by name; all counters of the node, of which the
            source sets its own.
        """
        raise NotImplementedError

    def now_ns(self) -> int:
        """Return the present time of the node's clock, nanoseconds."""
        return self.get_clock().now().nanoseconds

    def _publish(self, pieces: list[AudioPiece]) -> None:
        for piece in pieces:
            self._audio.publish(messages.audio_chunk(piece))

    def _report(self) -> None:
        speech = self.speech
        assert speech is not None
        wrong, facts, own = self.source()
        node = CaptureCounters(refused=self.refusals.count, faults=self.faults)
        counters = type(own).total(own, node, speech.counters)
        rises = self._rises.since(time.monotonic(), counters.values())
        words = [(WARN, wrong)] if wrong else []
        words += counters.news(rises, {}, last_refusal=self.refusals.last)
        state = 'speech' if speech.utterance_id else 'no speech'
        values = {
            'state': state,
            'utterance_id': speech.utterance_id,
            'gate': self.settings.gate,
            'level_dbfs': f'{speech.level_db():.1f}',
            'sample_rate': str(speech.sample_rate),
            **facts,
        }
        values |= {name: str(value) for name, value in counters.values().items()}
        self._reports.publish(report(words, state, values), logged=wrong)
