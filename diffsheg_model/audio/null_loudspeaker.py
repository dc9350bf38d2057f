"""A loudspeaker that nobody hears, for machines without one: it takes sound as a device would."""

import threading
import time
from collections.abc import Callable

from diffsheg_model.audio.loudspeaker import LATENCY_S, Fill


class NullLoudspeaker:
    """Asks for blocks by the steady clock, in a thread of its own; the interface of `Loudspeaker`.

    Attributes:
        name: 'null'.
        sample_rate: Hz.
        latency_s: from filling to when it would be heard.
        lost: whether its thread is gone.
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
        """Plays nothing yet.

        Args:
            fill: gives the sound.
            sample_rate: Hz, nominal.
            latency_s: a fifth of it is a block.
            rate_error_ppm: how much faster than nominal it plays, as sound cards do.
            clock: seconds that only go forward.
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
        return self._thread is None or not self._thread.is_alive()

    def open(self) -> None:
        """There is nothing to find."""

    def start(self) -> None:
        """Begins to take sound."""
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self.run, args=(self._stop.wait,), name='null_loudspeaker', daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stops within a block."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop.set()
            thread.join()

    def refresh(self) -> None:
        """Closes it; there is nothing to look for."""
        self.close()

    def run(self, wait: Callable[[float], bool]) -> None:
        """Takes sound until it is told to stop.

        Args:
            wait: waits for seconds, and says whether to stop.
        """
        frames = max(1, round(self.latency_s / 5 * self.sample_rate))
        begin_s, filled = self._clock() + self.latency_s, 0
        while True:
            heard_in_s = begin_s + filled / self._true_rate - self._clock()
            underrun = heard_in_s < 0
            if underrun:  # silence was played instead, until now
                begin_s -= heard_in_s
                heard_in_s = 0.0
            self._fill(frames, heard_in_s, underrun)
            filled += frames
            ahead_s = begin_s + filled / self._true_rate - self._clock()
            if wait(max(0.0, ahead_s - self.latency_s)):
                return
