"""Input from a microphone of this machine, through PortAudio."""

from collections.abc import Callable
from typing import Any

import numpy as np

from diffsheg_model.audio.sound_device import LOST_S, SoundDevice

#: Callback ``on_block(samples, age_s, after_loss)`` that receives samples, (n,) float32. `age_s` is
#: the age of the first sample in seconds; `after_loss` is True if samples were lost before it.
#: Runs in the device's thread.
OnBlock = Callable[[np.ndarray, float, bool], None]


class Microphone(SoundDevice):
    """One input; see `SoundDevice`.

    Attributes:
        overflows: number of times that sound was lost because this machine was too slow.
    """

    def __init__(
        self, on_block: OnBlock, device: str = '', sample_rate: int = 0, block_s: float = 0.02
    ) -> None:
        """Load PortAudio.

        Args:
            on_block: receives the sound.
            device: name of the device, a part of it, or its number; empty: the system's default.
            sample_rate: Hz; 0: the device's own.
            block_s: seconds of sound in a block.

        Raises:
            InputError: sounddevice or PortAudio is not installed.
        """
        super().__init__('microphone', 'input', device, sample_rate)
        self._on_block = on_block
        self._block_s = block_s
        self.overflows = 0

    def open(self) -> None:
        """Open the device and start listening.

        Raises:
            InputError: there is no such device, or it cannot be opened.
        """
        self.open_stream(
            lambda found, rate: self.portaudio.InputStream(
                device=found['index'],
                channels=1,
                dtype='float32',
                samplerate=rate,
                blocksize=max(1, round(self._block_s * rate)),
                callback=self._receive,
            )
        )
        self.start()

    def _receive(self, samples: np.ndarray, frames: int, times: Any, status: Any) -> None:
        self.called()
        self.overflows += bool(status.input_overflow)
        age_s = times.currentTime - times.inputBufferAdcTime
        if not 0 < age_s < LOST_S:  # some drivers report no time
            age_s = frames / self.sample_rate
        self._on_block(samples[:, 0].copy(), age_s, bool(status.input_overflow))
