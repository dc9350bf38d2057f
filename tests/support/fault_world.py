"""An avatar for fault tests over real DDS, in this process or in its own."""

import math
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from lifecycle_msgs.srv import ChangeState
from std_srvs.srv import Trigger

from diffsheg_ros.nodes.avatar import AvatarNode
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.messages import AudioPiece
from tests.support.ros_world import Watcher, World

RATE = 16000
CHUNK = 1600
#: Seconds of playout delay. Speech is planned long before it is shown, also on a busy machine.
DELAY_S = 2.5
SETTINGS = {
    'engine': 'onnxruntime',
    'engine_threads': 1,
    'publish_rate_hz': 40.0,
    'playout_delay_s': DELAY_S,
    'audio_reliability': 'reliable',
    'audio_depth': 1000,
    # Motion as generated from a file, and no idle motion.
    'preset': 'quality',
    'idle': False,
}
#: Settings of live speech, with idle motion.
LIVE = {'preset': 'balanced', 'idle': True, 'playout_delay_s': -1.0}
LIMIT_S = 60.0


class Resources(NamedTuple):
    """Resources of a process: threads, open files and MiB of memory."""

    threads: int
    files: int
    rss_mib: float


class WatchedAvatar:
    """An avatar node, and a watcher of its topics.

    Attributes:
        ears: the watcher, which also publishes speech.
        node: the node, if it runs in this process.
        process, log: the process and the file of its output, if it runs in its own.
        sent: number of chunks sent to it.
    """

    def __init__(self, world: World, namespace: str, ears: Watcher | None) -> None:
        self.world = world
        self.ears = ears or world.add(Watcher(namespace))
        self.node: AvatarNode | None = None
        self.process: subprocess.Popen | None = None
        self.log: Path | None = None
        self.sent = 0
        ears, name = self.ears, f'{namespace}/avatar'
        self._stop = ears.create_client(Trigger, f'{name}/interrupt')
        self._change = ears.create_client(ChangeState, f'{name}/change_state')

    def until_heard(self) -> None:
        """Wait until poses arrive and audio is connected."""
        ears = self.ears
        count = len(ears.faces)
        self.until(lambda: len(ears.faces) > count and ears.joints)
        # The watcher itself is one of the subscribers.
        self.until(lambda: ears.mouth.get_subscription_count() >= 2)
        self.until(self._stop.service_is_ready)
        self.world.run(0.3)

    def until(self, condition: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
        """Wait for a condition; fail if the process ends."""

        def met() -> Any:
            if self.process is not None:
                assert self.process.poll() is None, self.output()
            return condition()

        return self.world.until(met, limit_s)

    def output(self) -> str:
        """Return the log of its process."""
        return self.log.read_text() if self.log is not None else ''

    def send(self, piece: AudioPiece) -> None:
        self.ears.mouth.publish(messages.audio_chunk(piece))
        self.sent += 1

    def say(self, samples: np.ndarray, utterance_id: str, **how: Any) -> int:
        """Send an utterance at once, see `Watcher.say`; return its time of hearing, ns."""
        how = {'start_ns': now_ns(), 'chunk': CHUNK} | how
        self.ears.say(samples, utterance_id=utterance_id, **how)
        self.sent += math.ceil(len(samples) / how['chunk'])
        return how['start_ns']

    def until_all_heard(self) -> None:
        """Wait until every sent chunk was counted: up to `audio_depth` may be on their way."""
        self.until_counted(heard_chunks=self.sent)

    def interrupt(self) -> None:
        """Call the service and wait for the answer."""
        future = self._stop.call_async(Trigger.Request())
        self.until(future.done)
        assert future.result().success

    def change(self, transition: int) -> None:
        """Request a transition of the life cycle and wait for it."""
        request = ChangeState.Request()
        request.transition.id = transition
        future = self._change.call_async(request)
        self.until(future.done)
        assert future.result().success, self.output()

    def values(self) -> dict[str, str]:
        """Return the values of the next diagnostics."""
        count = len(self.ears.statuses)
        self.until(lambda: len(self.ears.statuses) > count + 1)
        return self.ears.values()

    def until_counted(self, **counters: int | str) -> None:
        """Wait until diagnostics report these values."""

        def differing() -> dict[str, str]:
            values = self.ears.values() if self.ears.statuses else {}
            return {
                name: values.get(name, '')
                for name, value in counters.items()
                if values.get(name) != str(value)
            }

        try:
            self.until(lambda: not differing(), 20.0)
        except AssertionError:
            raise AssertionError(f'{differing()}: must be {counters}') from None

    def until_well(self) -> None:
        """Wait until there is no problem, except perhaps a busy CPU."""
        statuses = self.ears.statuses
        self.until(
            lambda: (
                statuses
                and (
                    statuses[-1].level == b'\0' or statuses[-1].message.startswith('publishing at')
                )
            )
        )

    def resources(self) -> Resources:
        assert self.process is not None
        proc = Path(f'/proc/{self.process.pid}')
        status = dict(line.split(':', 1) for line in (proc / 'status').read_text().splitlines())
        files = len(list((proc / 'fd').iterdir()))
        return Resources(int(status['Threads']), files, int(status['VmRSS'].split()[0]) / 1024)


def now_ns() -> int:
    return time.time_ns()


def stamps(heard: list[Any]) -> np.ndarray:
    """(n,) ns."""
    return np.array([messages.from_stamp(message.header.stamp) for message in heard])
