"""This machine's loudspeaker, by PortAudio."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from diffsheg_model.audio import check_sample_rate
from diffsheg_model.errors import InputError
from diffsheg_model.portaudio import load_sounddevice

#: ``fill(frames, heard_in_s, underrun)``: the next samples, (frames,) float32, -1..1. The first of
#: them is heard in `heard_in_s` from now; `underrun` says that the device had none to play before.
#: Called in the device's thread.
Fill = Callable[[int, float, bool], np.ndarray]

#: Sound waits so long in the device: long enough for a busy computer, short enough to stop in time.
LATENCY_S = 0.1
#: A device that has asked for nothing for so long is gone.
LOST_S = 2.0


class Loudspeaker:
    """One output, which may be unplugged and come back. All methods from one thread.

    Attributes:
        name: the device's; empty before it was opened.
        sample_rate: Hz; 0 before it was opened.
        latency_s: from filling to hearing, as the device says; 0 before it was opened.
    """

    def __init__(
        self, fill: Fill, device: str = '', sample_rate: int = 0, latency_s: float = LATENCY_S
    ) -> None:
        """Loads PortAudio.

        Args:
            fill: gives the sound.
            device: name of the device, a part of it, or its number; empty: the system's choice.
            sample_rate: Hz; 0: the device's own.
            latency_s: what is asked of the device.

        Raises:
            InputError: sounddevice or PortAudio is not installed.
        """
        self._portaudio = load_sounddevice('playing sound')
        self._fill = fill
        self._device: str | int | None = int(device) if device.isdigit() else device or None
        self._wanted_rate = sample_rate
        self._wanted_latency_s = latency_s
        self._stream: Any = None
        self._asked_s = 0.0  # when it last wanted samples, of time.monotonic
        self.name = ''
        self.sample_rate = 0
        self.latency_s = 0.0

    @property
    def lost(self) -> bool:
        """Whether it plays nothing, though it should."""
        if self._stream is None:
            return True
        return not self._stream.active or time.monotonic() - self._asked_s > LOST_S

    def open(self) -> None:
        """Finds the device; nothing is played yet.

        Raises:
            InputError: there is no such device, or it cannot be opened.
        """
        portaudio = self._portaudio
        try:
            found = portaudio.query_devices(self._device, 'output')
            rate = self._wanted_rate or round(found['default_samplerate'])
            check_sample_rate(rate, f'loudspeaker {found["name"]}')
            self._stream = portaudio.OutputStream(
                device=found['index'],
                channels=min(2, found['max_output_channels']),
                dtype='float32',
                samplerate=rate,
                latency=self._wanted_latency_s,
                callback=self._play,
            )
        except (portaudio.PortAudioError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            reason = str(error).splitlines()[0]
            wanted = '' if self._device is None else f' {self._device!r}'
            raise InputError(f'no loudspeaker{wanted}: {reason}; {self._others()}') from error
        self.name, self.sample_rate = found['name'], rate
        self.latency_s = float(self._stream.latency)

    def start(self) -> None:
        """Begins to play.

        Raises:
            InputError: the device does not start.
        """
        self._asked_s = time.monotonic()
        try:
            self._stream.start()
        except self._portaudio.PortAudioError as error:
            self.close()
            reason = str(error).splitlines()[0]
            raise InputError(f'loudspeaker {self.name}: {reason}; choose another device') from error

    def close(self) -> None:
        """Stops at once; what was filled and is not heard yet is not heard."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)

    def refresh(self) -> None:
        """Closes it and looks which devices there are now; `open` finds those plugged in since."""
        self.close()
        # PortAudio knows the devices of the moment at which it was initialised.
        self._portaudio._terminate()
        self._portaudio._initialize()

    def _play(self, samples: np.ndarray, frames: int, times: Any, status: Any) -> None:
        self._asked_s = time.monotonic()
        heard_in_s = times.outputBufferDacTime - times.currentTime
        if not 0 < heard_in_s < LOST_S:  # not every driver knows
            heard_in_s = self.latency_s
        samples[:] = self._fill(frames, heard_in_s, bool(status.output_underflow))[:, None]

    def _others(self) -> str:
        names = [
            f'{number} {device["name"]}'
            for number, device in enumerate(self._portaudio.query_devices())
            if device['max_output_channels']
        ]
        return f'there are: {", ".join(names)}' if names else 'connect one'


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
