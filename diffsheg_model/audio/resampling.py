"""Sample-rate conversion of a stream, identical for any chunking of the input."""

import numpy as np
import soxr

#: Seconds in every block handed to soxr. With a fixed block length, soxr's output depends on the
#: samples alone and not on the chunking of the input.
BLOCK_S = 0.01


class StreamResampler:
    """Streaming conversion of mono sound to another sample rate, with soxr's HQ quality.

    The concatenated output equals ``librosa.resample(whole, orig_sr=..., target_sr=...)`` with
    librosa's default quality. It has the same length: ceil(n * rate_out / rate_in) samples.

    soxr buffers internally, so the output trails the input. The delay is up to 0.06 s for
    16 kHz -> 18 kHz, and at most 0.12 s (8 kHz -> 16 kHz).

    Attributes:
        rate_in, rate_out: Hz.
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self.rate_in = rate_in
        self.rate_out = rate_out
        self._soxr = (
            soxr.ResampleStream(rate_in, rate_out, 1, dtype='float32', quality='HQ')
            if rate_in != rate_out
            else None
        )
        self._block = -(-rate_in // round(1 / BLOCK_S))
        self._waiting = np.zeros(0, np.float32)
        self._samples_in = 0
        self._samples_out = 0

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Append samples (n,) float32; return the output that is ready, (m,) float32, m >= 0."""
        self._samples_in += len(samples)
        if self._soxr is None:
            return samples
        self._waiting = np.concatenate([self._waiting, samples])
        whole = len(self._waiting) // self._block * self._block
        ready = [
            self._soxr.resample_chunk(self._waiting[start : start + self._block])
            for start in range(0, whole, self._block)
        ]
        self._waiting = self._waiting[whole:].copy()
        return self._count(np.concatenate(ready) if ready else np.zeros(0, np.float32))

    def finish(self) -> np.ndarray:
        """End the stream and return its last samples, (m,) float32."""
        if self._soxr is None:
            return np.zeros(0, np.float32)
        total = -(-self._samples_in * self.rate_out // self.rate_in)
        tail = self._soxr.resample_chunk(self._waiting, last=True)
        self._waiting = np.zeros(0, np.float32)
        # As librosa.util.fix_length does: soxr rounds the length to nearest, librosa rounds up.
        missing = total - self._samples_out
        tail = np.concatenate([tail[:missing], np.zeros(max(0, missing - len(tail)), np.float32)])
        return self._count(tail)

    def _count(self, ready: np.ndarray) -> np.ndarray:
        self._samples_out += len(ready)
        return ready
