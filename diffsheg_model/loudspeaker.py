"""This machine's loudspeaker, by PortAudio."""

import contextlib
from collections.abc import Iterator

import numpy as np

from diffsheg_model.errors import InputError


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
    try:
        import sounddevice
    except ImportError as error:
        raise InputError(
            "playing sound needs sounddevice: pip install 'diffsheg[audio]'"
        ) from error
    except OSError as error:
        raise InputError(
            f'playing sound needs PortAudio ({error}): install libportaudio2'
        ) from error
    try:
        sounddevice.play(samples, rate)
        latency_s = float(sounddevice.get_stream().latency)
    except (sounddevice.PortAudioError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f'cannot play sound: {reason}; connect a loudspeaker') from error
    try:
        yield latency_s
    finally:
        sounddevice.stop()
