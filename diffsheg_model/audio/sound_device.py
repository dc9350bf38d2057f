"""Sound devices of this machine, through PortAudio."""

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from diffsheg_model.advice import install_advice
from diffsheg_model.audio.sound_file import check_sample_rate
from diffsheg_model.errors import InputError

#: Seconds without a callback after which a device counts as lost.
LOST_S = 2.0


def load_sounddevice(what: str) -> ModuleType:
    """Import sounddevice.

    Args:
        what: subject of the error message, such as `a microphone`.

    Raises:
        InputError: sounddevice or PortAudio is not installed.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise InputError(f'{what} needs sounddevice: {install_advice("audio")}') from error
    except OSError as error:
        raise InputError(f'{what} needs PortAudio ({error}): install libportaudio2') from error
    return sounddevice


class SoundDevice:
    """One input or output that may be unplugged and plugged in again. Not thread-safe.

    Attributes:
        name: name of the device; empty before `open`.
        sample_rate: Hz; 0 before `open`.
    """

    def __init__(self, what: str, kind: str, device: str, sample_rate: int) -> None:
        """Load PortAudio; the device is opened later.

        Args:
            what: 'microphone' or 'loudspeaker', for messages.
            kind: 'input' or 'output'.
            device: name of the device, a part of it, or its number; empty: the system's default.
            sample_rate: Hz; 0: the device's own.

        Raises:
            InputError: sounddevice or PortAudio is not installed.
        """
        self.portaudio = load_sounddevice(f'a {what}')
        self._what, self._kind = what, kind
        self._device: str | int | None = int(device) if device.isdigit() else device or None
        self._wanted_rate = sample_rate
        self.stream: Any = None
        self._called_s = 0.0  # time.monotonic of the last callback
        self.name = ''
        self.sample_rate = 0

    @property
    def lost(self) -> bool:
        """True if the device is closed, has stopped, or sends no callbacks any more."""
        if self.stream is None:
            return True
        return not self.stream.active or time.monotonic() - self._called_s > LOST_S

    def called(self) -> None:
        """Note a callback of the stream, as a sign that the device works."""
        self._called_s = time.monotonic()

    def open_stream(self, make: Callable[[dict[str, Any], int], Any]) -> None:
        """Find the device and open its stream.

        Args:
            make: makes the stream from the device's entry in `query_devices` and a rate in Hz.

        Raises:
            InputError: there is no such device, or it cannot be opened.
        """
        portaudio = self.portaudio
        try:
            found = portaudio.query_devices(self._device, self._kind)
            rate = self._wanted_rate or round(found['default_samplerate'])
            check_sample_rate(rate, f'{self._what} {found["name"]}')
            self.name, self.sample_rate = found['name'], rate
            self.stream = make(found, rate)
        except (portaudio.PortAudioError, ValueError) as error:
            raise self._failure(error) from error

    def start(self) -> None:
        """Start the stream.

        Raises:
            InputError: the device does not start.
        """
        self.called()
        try:
            self.stream.start()
        except self.portaudio.PortAudioError as error:
            self.close()
            raise self._failure(error) from error

    def close(self) -> None:
        """Close the stream at once, without playing what waits."""
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.close(ignore_errors=True)

    def refresh(self) -> None:
        """Close the stream and search again for devices, to find those plugged in meanwhile."""
        self.close()
        # PortAudio lists devices only when it is initialised.
        self.portaudio._terminate()
        self.portaudio._initialize()

    def _failure(self, error: Exception) -> InputError:
        """Return an InputError with a message of one line that lists the other devices."""
        if isinstance(error, InputError):
            return error
        names = [
            f'{number} {device["name"]}'
            for number, device in enumerate(self.portaudio.query_devices())
            if device[f'max_{self._kind}_channels']
        ]
        wanted = '' if self._device is None else f' {self._device!r}'
        reason = str(error).splitlines()[0]
        others = f'there are: {", ".join(names)}' if names else 'connect one'
        return InputError(f'no {self._what}{wanted}: {reason}; {others}')
