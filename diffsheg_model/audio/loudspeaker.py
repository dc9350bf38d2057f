"""Output to a loudspeaker of this machine, through PortAudio."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from diffsheg_model.audio.sound_device import LOST_S, SoundDevice

#: Callback ``fill(frames, heard_in_s, underrun)`` that returns the next samples, (frames,) float32,
#: -1..1. The first sample is heard `heard_in_s` from now. `underrun` is True if the device ran out
#: of samples before these. Runs in the device's thread.
Fill = Callable[[int, float, bool], np.ndarray]

#: Seconds of sound that wait in the device: enough for a busy computer, few enough to stop in time.
LATENCY_S = 0.1


class Loudspeaker(SoundDevice):
    """One output; see `SoundDevice`. `close` silences it at once and discards waiting samples.

    Attributes:
        latency_s: seconds from filling to hearing, as the device reports; 0 before `open`.
    """

    def __init__(
        self, fill: Fill, device: str = '', sample_rate: int = 0, latency_s: float = LATENCY_S
    ) -> None:
        """Load PortAudio.

        Args:
            fill: returns the sound to play.
            device: name of the device, a part of it, or its number; empty: the system's default.
            sample_rate: Hz; 0: the device's own.
            latency_s: latency to request from the device, in seconds.

        Raises:
            InputError: sounddevice or PortAudio is not installed.
        """
        super().__init__('loudspeaker', 'output', device, sample_rate)
        self._fill = fill
        self._wanted_latency_s = latency_s
        self.latency_s = 0.0

    def open(self) -> None:
        """Open the device; it plays nothing before `start`.

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
        if not 0 < heard_in_s < LOST_S:  # some drivers report no time
            heard_in_s = self.latency_s
        samples[:] = self._fill(frames, heard_in_s, bool(status.output_underflow))[:, None]


@contextlib.contextmanager
def playing(samples: np.ndarray, rate: int) -> Iterator[float]:
    """Play a recording while the `with` block runs; its end stops the playback.

    Args:
        samples: (n,) float32, -1..1.
        rate: Hz.

    Yields:
        Seconds from now until the first sample is heard: the latency of the output.

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
