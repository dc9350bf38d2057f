"""Audio augmentation: random equaliser, room, noise and level, as a robot might hear a voice."""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import fftconvolve, lfilter, sosfilt

FloatSamples = NDArray[np.float32]
_LEVEL_DB = (-42.0, -14.0)


def _peaking(rate: int, centre_hz: float, gain_db: float, quality: float) -> NDArray[np.float64]:
    """Return a peaking equaliser as one second-order section (R. Bristow-Johnson's cookbook)."""
    amplitude = 10.0 ** (gain_db / 40.0)
    omega = 2 * np.pi * centre_hz / rate
    alpha = np.sin(omega) / (2 * quality)
    b = np.array([1 + alpha * amplitude, -2 * np.cos(omega), 1 - alpha * amplitude])
    a = np.array([1 + alpha / amplitude, -2 * np.cos(omega), 1 - alpha / amplitude])
    return np.concatenate([b, a])[None] / a[0]


def equalise(samples: FloatSamples, rate: int, rng: np.random.Generator) -> FloatSamples:
    """Apply two to four random peaks or dips and a tilt of at most 6 dB towards either end."""
    out = samples.astype(np.float64)
    for _ in range(int(rng.integers(2, 5))):
        centre = float(np.exp(rng.uniform(np.log(90.0), np.log(6500.0))))
        section = _peaking(rate, centre, float(rng.normal(0, 4.0)), float(rng.uniform(0.5, 1.6)))
        out = sosfilt(section, out)
    tilt = float(rng.uniform(-0.45, 0.45))
    return np.asarray(lfilter([1.0, -tilt], [1.0], out), np.float32)


def add_room(samples: FloatSamples, rate: int, rng: np.random.Generator) -> FloatSamples:
    """Add reverberation: exponentially decaying noise after the direct sound, 0.1 to 0.6 s long."""
    decay_s = float(rng.uniform(0.1, 0.6))
    times = np.arange(int(decay_s * rate)) / rate
    tail = rng.standard_normal(len(times)) * np.exp(-6.9 * times / decay_s)
    tail = lfilter([0.35], [1.0, -0.65], tail)  # walls absorb treble
    tail[: int(0.004 * rate)] = 0.0
    direct_to_reverberant_db = float(rng.uniform(3.0, 20.0))
    tail *= 10.0 ** (-direct_to_reverberant_db / 20.0) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return fftconvolve(samples, tail)[: len(samples)].astype(np.float32)


def noise(count: int, rate: int, rng: np.random.Generator) -> FloatSamples:
    """Return noise of unit power: coloured hiss, with mains hum half of the time."""
    length = next_fast_len(count, real=True)
    spectrum = rfft(rng.standard_normal(length))
    frequency = np.maximum(np.fft.rfftfreq(length, 1 / rate), 20.0)
    colour = float(rng.uniform(0.0, 1.3))  # 0 white, 1 red
    out = irfft(spectrum * frequency**-colour, length)[:count]
    out /= np.sqrt(np.mean(out**2)) + 1e-12
    if rng.random() < 0.5:
        mains = float(rng.choice([50.0, 60.0]))
        times = np.arange(count) / rate
        hum = sum(
            rng.uniform(0.1, 1.0) / k * np.sin(2 * np.pi * mains * k * times + rng.uniform(0, 6.28))
            for k in (1, 2, 3, 4)
        )
        out = out + float(rng.uniform(0.1, 0.8)) * hum
        out /= np.sqrt(np.mean(out**2)) + 1e-12
    return out.astype(np.float32)


def speech_level(samples: FloatSamples, rate: int) -> float:
    """Return the RMS of the louder blocks of 0.1 s: the level of speech without its pauses."""
    block = rate // 10
    usable = len(samples) // block * block
    if not usable:
        return float(np.sqrt(np.mean(np.square(samples)) + 1e-20))
    power = np.square(samples[:usable].astype(np.float64)).reshape(-1, block).mean(axis=1)
    return float(np.sqrt(np.mean(power[power >= np.percentile(power, 70)]) + 1e-20))


def augment(samples: FloatSamples, rate: int, rng: np.random.Generator) -> FloatSamples:
    """Apply one draw of equaliser, room, noise and level; the timing does not change.

    The level of speech is uniform between -42 and -14 dB of full scale: microphones differ that
    much, and the network sees power, not its logarithm. Noise lies 8 to 60 dB below speech. One
    take in five has no noise, so that the network learns digital silence too.
    """
    out = equalise(samples, rate, rng) if rng.random() < 0.8 else samples
    if rng.random() < 0.6:
        out = add_room(out, rate, rng)
    level = speech_level(out, rate)
    if rng.random() < 0.8:
        snr_db = float(rng.uniform(8.0, 60.0))
        out = out + level * 10.0 ** (-snr_db / 20.0) * noise(len(out), rate, rng)
    gain = 10.0 ** (float(rng.uniform(*_LEVEL_DB)) / 20.0) / level
    out = out * gain
    return np.clip(out, -1.0, 1.0).astype(np.float32)
