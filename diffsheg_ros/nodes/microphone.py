"""The microphone node: publishes speech on `audio`, each time as an utterance.

    ros2 run diffsheg_ros microphone

PortAudio's thread passes blocks to the executor's thread, which does the rest. A third thread
searches for a microphone that was unplugged.
"""

import sys
import threading
from collections import deque
from typing import Any, NamedTuple

import numpy as np

from diffsheg_model.audio.microphone import Microphone
from diffsheg_model.errors import InputError
from diffsheg_model.time_units import NS
from diffsheg_ros.capture.counters import MicrophoneCounters
from diffsheg_ros.capture.parameters import MicrophoneParameters
from diffsheg_ros.nodes.live_speech_node import LiveSpeechNode
from diffsheg_ros.ros.run_node import run_node
from diffsheg_ros.startup.executables import start

#: Blocks that may wait for the executor; older ones are dropped.
_MOST_BLOCKS = 256
#: Seconds between checks for a lost microphone.
_CHECK_S = 0.25
#: Seconds until the first search for a lost microphone; each further wait doubles up to the last.
_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 8.0
#: Seconds that the end of the process waits for the search.
_PATIENCE_S = 2.0


class _Block(NamedTuple):
    samples: np.ndarray
    captured_ns: int
    after_loss: bool


class MicrophoneNode(LiveSpeechNode):
    """The node; see the module."""

    def __init__(self, **arguments: Any) -> None:
        """Open the microphone.

        Raises:
            InputError: a parameter is invalid, a package is not installed, or there is no
                microphone.
        """
        self._input: Microphone | None = None
        super().__init__('microphone', MicrophoneParameters, **arguments)
        settings = self.settings
        self._blocks: deque[_Block] = deque(maxlen=_MOST_BLOCKS)
        self._dropped_blocks = 0
        self._wrong = ''  # why there is no sound; empty if there is
        self._over = threading.Event()
        self._search: threading.Thread | None = None
        self._arrived = self.create_guard_condition(self._process_blocks)
        self._input = Microphone(
            self._on_block, settings.device, settings.sample_rate, settings.chunk_ms / 1000
        )
        self._input.open()
        self.get_logger().info(
            f'listening to {self._input.name} at {self._input.sample_rate} Hz'
            + (', publishing speech' if settings.gate == 'vad' else ', publishing all sound')
        )
        self.create_timer(_CHECK_S, self._check, clock=self.steady)

    def destroy_node(self) -> None:
        if self._input is not None:
            self._over.set()
            if self._search is not None:
                self._search.join(_PATIENCE_S)
            if self._search is None or not self._search.is_alive():
                self._input.close()
        super().destroy_node()

    def source(self) -> tuple[str, dict[str, str], MicrophoneCounters]:
        assert self._input is not None
        counters = MicrophoneCounters(
            overflows=self._input.overflows, dropped_blocks=self._dropped_blocks
        )
        return self._wrong, {'device': self._input.name}, counters

    def _on_block(self, samples: np.ndarray, age_s: float, after_loss: bool) -> None:
        """Queue a block; PortAudio calls this in its own thread."""
        captured_ns = self.now_ns() - round(age_s * NS)
        self._dropped_blocks += len(self._blocks) == _MOST_BLOCKS
        self._blocks.append(_Block(samples, captured_ns, after_loss))
        self._arrived.trigger()

    def _process_blocks(self) -> None:
        """Publish the sound of all queued blocks."""
        assert self._input is not None
        while self._blocks:
            block = self._blocks.popleft()
            self.hear(block.samples, self._input.sample_rate, block.captured_ns, block.after_loss)

    def _check(self) -> None:
        """Start the search if the microphone was lost."""
        assert self._input is not None
        if self._wrong or not self._input.lost:
            return
        self._wrong = f'{self._input.name} gives no sound any more: is it plugged in?'
        self.get_logger().error(self._wrong)
        self._process_blocks()
        self.end_utterance()
        # A thread of its own, since a driver may take long or never return.
        self._search = threading.Thread(target=self._reopen, daemon=True)
        self._search.start()

    def _reopen(self) -> None:
        """Try to open the microphone until that succeeds or the node ends."""
        assert self._input is not None
        self._input.close()
        retry_s = _FIRST_RETRY_S
        while not self._over.wait(retry_s):
            try:
                self._input.refresh()
                self._input.open()
            except InputError as error:
                self._wrong = str(error)
                retry_s = min(2 * retry_s, _LAST_RETRY_S)
            else:
                self.get_logger().info(f'listening to {self._input.name} again')
                self._wrong = ''
                return


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return 2 if there is no microphone."""
    return run_node(MicrophoneNode, args)


if __name__ == '__main__':
    sys.exit(start('microphone'))
