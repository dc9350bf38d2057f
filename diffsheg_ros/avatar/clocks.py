"""The two clocks of the avatar's work."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clocks:
    """Time as the sender stamps it, and time for durations.

    Attributes:
        now_ns: gives the time of the audio's stamps, nanoseconds; a simulation may stop it.
        seconds: gives seconds that only go forward, to measure durations with.
    """

    now_ns: Callable[[], int] = time.time_ns
    seconds: Callable[[], float] = time.monotonic
