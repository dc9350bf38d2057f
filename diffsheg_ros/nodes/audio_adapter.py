"""The audio adapter node: publishes messages of audio_common_msgs as utterances on `audio`.

    ros2 run diffsheg_ros audio_adapter --ros-args -r audio_in:=/mic/audio -p type:=AudioStamped

Two packages have the name audio_common_msgs. Building this package requires neither; the installed
one is imported when a parameter names its message.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.qos import QoSProfile, ReliabilityPolicy

from diffsheg_model.audio.sound_file import check_sample_rate
from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.capture.audio_common import (
    Encoding,
    read_audio,
    read_audio_data,
    read_audio_info,
)
from diffsheg_ros.capture.counters import AudioAdapterCounters
from diffsheg_ros.capture.parameters import AudioAdapterParameters
from diffsheg_ros.nodes.live_speech_node import LiveSpeechNode
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.run_node import run_node
from diffsheg_ros.startup.executables import start

PACKAGE = 'audio_common_msgs'
#: Nanoseconds without sound after which the utterance ends.
_STOPPED_NS = NS
#: Seconds between checks for the end of the sound.
_CHECK_S = 0.25


class AudioAdapterNode(LiveSpeechNode):
    """The node; see the module. Invalid messages are left out, and none ends the node."""

    def __init__(self, **arguments: Any) -> None:
        """Subscribe to the messages.

        Raises:
            InputError: a parameter is invalid, or the package of the messages is not installed.
        """
        super().__init__('audio_adapter', AudioAdapterParameters, **arguments)
        settings = self.settings
        self._unread = 0
        self._wrong = ''  # why messages cannot be read; empty if they can
        self._encoding: Encoding | None = None
        self._arrived_ns: int | None = None  # time of the last message; None while stopped
        # A best-effort subscription matches every publisher.
        best_effort = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)
        callback = {
            'AudioStamped': self._on_audio_stamped,
            'AudioDataStamped': self._on_audio_data_stamped,
            'AudioData': self._on_audio_data,
        }[settings.type]
        audio = self.refusals.subscribe(
            message_type(settings.type), 'audio_in', callback, best_effort
        )
        if settings.type != 'AudioStamped':
            if settings.sample_rate:
                self._encoding = Encoding(
                    settings.sample_rate, settings.channels, settings.sample_format
                )
            else:
                info = self.refusals.subscribe(
                    message_type('AudioInfo'), 'audio_in_info', self._on_info, best_effort
                )
                self._wrong = (
                    f'no AudioInfo on {info.topic_name}: map it to the AudioInfo '
                    'of the publisher, or set sample_rate, channels and sample_format'
                )
        self.create_timer(_CHECK_S, self._check, clock=self.steady)
        self.get_logger().info(f'listening to {audio.topic_name} ({PACKAGE}/{settings.type})')

    def source(self) -> tuple[str, dict[str, str], AudioAdapterCounters]:
        counters = AudioAdapterCounters(unread_messages=self._unread)
        return self._wrong, {'type': self.settings.type}, counters

    def _on_audio_stamped(self, message: Any) -> None:
        self._process(lambda: read_audio(message.audio), messages.from_stamp(message.header.stamp))

    def _on_audio_data_stamped(self, message: Any) -> None:
        self._on_audio_data(message.audio, messages.from_stamp(message.header.stamp))

    def _on_audio_data(self, data: Any, captured_ns: int = 0) -> None:
        encoding = self._encoding
        if encoding is None:
            self._unread += 1
            self.get_logger().warning(self._wrong, throttle_duration_sec=10.0)
            return
        self._process(lambda: read_audio_data(data, encoding), captured_ns)

    def _on_info(self, info: Any) -> None:
        try:
            self._encoding, self._wrong = read_audio_info(info), ''
        except InputError as error:
            self._encoding, self._wrong = None, str(error)

    def _process(self, read: Callable[[], tuple[np.ndarray, int]], captured_ns: int) -> None:
        """Publish a message's sound; if the message has no stamp, the sound ends now."""
        self._arrived_ns = self.steady.now().nanoseconds
        try:
            samples, rate = read()
            check_sample_rate(rate, PACKAGE)
        except InputError as error:
            self.refuse(error)
            return
        self.hear(samples, rate, captured_ns or self.now_ns() - len(samples) * NS // rate)

    def _check(self) -> None:
        """End the utterance if no more sound arrives."""
        arrived_ns = self._arrived_ns
        if arrived_ns and self.steady.now().nanoseconds - arrived_ns > _STOPPED_NS:
            self._arrived_ns = None
            self.end_utterance()


def message_type(name: str) -> type:
    """Return a message type of the installed audio_common_msgs.

    Raises:
        InputError: no package of that name is installed, or the other one.
    """
    owner = 'mgonzs13' if name == 'AudioStamped' else 'ros-drivers'
    try:
        module = importlib.import_module(f'{PACKAGE}.msg')
    except ImportError as error:
        raise InputError(
            f'{name} needs {PACKAGE} by {owner}, and no {PACKAGE} is installed: build it in your '
            'workspace and source its setup file'
        ) from error
    kind = getattr(module, name, None)
    # Both packages have AudioData and AudioInfo; these fields exist only in those by ros-drivers.
    field = {'AudioData': 'data', 'AudioInfo': 'sample_format'}.get(name)
    if kind is None or (field and field not in kind.get_fields_and_field_types()):
        raise InputError(
            f'{name} needs {PACKAGE} by {owner}, and the installed one is another: set type to a '
            'message that it has'
        )
    return kind


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return 2 if the messages are not installed."""
    return run_node(AudioAdapterNode, args)


if __name__ == '__main__':
    sys.exit(start('audio_adapter'))
