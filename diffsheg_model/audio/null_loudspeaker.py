"""A silent replacement for a loudspeaker, for machines without one."""

import threading
import time
from collections.abc import Callable

from diffsheg_model.audio.loudspeaker import LATENCY_S, Fill


class NullLoudspeaker:
    """Output with the interface of `Loudspeaker`: requests blocks in real time and discards them.

    Attributes:
        name: 'null'.
        sample_rate: Hz.
        latency_s: seconds from filling to the time at which a sample would be heard.
    """

    SAMPLE_RATE = 48000

    name = 'null'

    def __init__(
        self,
        fill: Fill,
        sample_rate: int = SAMPLE_RATE,
        latency_s: float = LATENCY_S,
        *,
        rate_error_ppm: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create a stopped output.

        Args:
            fill: returns the sound to play.
            sample_rate: Hz, nominal.
            latency_s: seconds that a sample waits; a block is a fifth of it.
            rate_error_ppm: parts per million by which it plays faster than nominal, to imitate a
                sound card.
            clock: monotonic time in seconds.
        """
        self.sample_rate = sample_rate
        self.latency_s = latency_s
        self._fill = fill
        self._true_rate = sample_rate * (1 + rate_error_ppm * 1e-6)
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> bool:
        """True if its thread does not run."""
        return self._thread is None or not self._thread.is_alive()

    def open(self) -> None:
        """Do nothing: there is no device to open."""

    def start(self) -> None:
        """Start requesting sound."""
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self.run, args=(self._stop.wait,), name='null_loudspeaker', daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop within a block."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop.set()
            thread.join()

    def refresh(self) -> None:
        """Close it: there are no devices to search for."""
        self.close()

    def run(self, wait: Callable[[float], bool]) -> None:
        """Request sound until told to stop.

        Args:
            wait: sleeps for that many seconds and returns True to stop.
        """
        frames = max(1, round(self.latency_s / 5 * self.sample_rate))
        begin_s, filled = self._clock() + self.latency_s, 0
        while True:
            heard_in_s = begin_s + filled / self._true_rate - self._clock()
            underrun = heard_in_s < 0
            if underrun:  # a device would have played silence until now
                begin_s -= heard_in_s
                heard_in_s = 0.0
            self._fill(frames, heard_in_s, underrun)
            filled += frames
            ahead_s = begin_s + filled / self._true_rate - self._clock()
            if wait(max(0.0, ahead_s - self.latency_s)):
                return
