"""This machine's loudspeaker, by PortAudio."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from diffsheg_model.audio.sound_device import LOST_S, SoundDevice

#: ``fill(frames, heard_in_s, underrun)``: the next samples, (frames,) float32, -1..1. The first of
#: them is heard in `heard_in_s` from now; `underrun` says that the device had none to play before.
#: Called in the device's thread.
Fill = Callable[[int, float, bool], np.ndarray]

#: Sound waits so long in the device: long enough for a busy computer, short enough to stop in time.
LATENCY_S = 0.1


class Loudspeaker(SoundDevice):
    """One output; see `SoundDevice`. Closed, it is silent at once: what waits is not heard.

    Attributes:
        latency_s: from filling to hearing, as the device says; 0 before it was opened.
    """

    def __init__(
        self, fill: Fill, device: str = '', sample_rate: int = 0, latency_s: float = LATENCY_S
    ) -> None:
        """Loads PortAudio.

        Args:
            fill: gives the sound.
            device: its name, a part of it, or its number; empty: the system's choice.
            sample_rate: Hz; 0: the device's own.
            latency_s: what is asked of the device.

        Raises:
            InputError: sounddevice or PortAudio is not installed.
        """
        super().__init__('loudspeaker', 'output', device, sample_rate)
        self._fill = fill
        self._wanted_latency_s = latency_s
        self.latency_s = 0.0

    def open(self) -> None:
        """Finds the device; nothing is played before `start`.

        Raises:
            InputError: there is no such device, or it cannot be opened.
        """
        self.open_stream(
            lambda found, rate: self.portaudio.OutputStream(
                device=found['index'],
                channels=min(2, found['max_output_channels']),
                dtype='float32',
                samplerate=rate,
                latency=self._wanted_latency_s,
                callback=self._play,
            )
        )
        self.latency_s = float(self.stream.latency)

    def _play(self, samples: np.ndarray, frames: int, times: Any, status: Any) -> None:
        self.called()
        heard_in_s = times.outputBufferDacTime - times.currentTime
        if not 0 < heard_in_s < LOST_S:  # not every driver knows
            heard_in_s = self.latency_s
        samples[:] = self._fill(frames, heard_in_s, bool(status.output_underflow))[:, None]


@contextlib.contextmanager
def playing(samples: np.ndarray, rate: int) -> Iterator[float]:
    """Plays a recording while the block runs; what is left at its end is not played.

    Args:
        samples: (n,) float32, -1..1.
        rate: Hz.

    Yields:
        The output's latency in seconds: so much later than now the first sample is heard.

    Raises:
        InputError: sounddevice or PortAudio is not installed, or there is no output.
    """
    rest = samples

    def fill(frames: int, heard_in_s: float, underrun: bool) -> np.ndarray:
        nonlocal rest
        block, rest = rest[:frames], rest[frames:]
        return np.pad(block, (0, frames - len(block)))

    loudspeaker = Loudspeaker(fill, sample_rate=rate)
    loudspeaker.open()
    loudspeaker.start()
    try:
        yield loudspeaker.latency_s
    finally:
        loudspeaker.close()
