"""This machine's microphone, by PortAudio."""

from collections.abc import Callable
from typing import Any

import numpy as np

from diffsheg_model.audio.sound_device import LOST_S, SoundDevice

#: ``on_block(samples, age_s, after_loss)``: (n,) float32, how long ago the first of them was
#: heard, and whether sound was lost before it. Called in the device's thread.
OnBlock = Callable[[np.ndarray, float, bool], None]


class Microphone(SoundDevice):
    """One input; see `SoundDevice`.

    Attributes:
        overflows: times that sound was lost because this machine was too slow.
    """

    def __init__(
        self, on_block: OnBlock, device: str = '', sample_rate: int = 0, block_s: float = 0.02
    ) -> None:
        """Loads PortAudio.

        Args:
            on_block: takes the sound.
            device: its name, a part of it, or its number; empty: the system's choice.
            sample_rate: Hz; 0: the device's own.
            block_s: length of a block.

        Raises:
            InputError: sounddevice or PortAudio is not installed.
        """
        super().__init__('microphone', 'input', device, sample_rate)
        self._on_block = on_block
        self._block_s = block_s
        self.overflows = 0

    def open(self) -> None:
        """Begins to listen.

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
                callback=self._take,
            )
        )
        self.start()

    def _take(self, samples: np.ndarray, frames: int, times: Any, status: Any) -> None:
        self.called()
        self.overflows += bool(status.input_overflow)
        age_s = times.currentTime - times.inputBufferAdcTime
        if not 0 < age_s < LOST_S:  # not every driver knows
            age_s = frames / self.sample_rate
        self._on_block(samples[:, 0].copy(), age_s, bool(status.input_overflow))
