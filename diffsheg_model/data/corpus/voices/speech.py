"""Spoken text with phone times: the result of every synthesiser."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.data.corpus.voices.phones import SILENCE, Phone


@dataclass(frozen=True)
class Speech:
    """Spoken text with the times of its phones.

    Attributes:
        samples: (n,) float32 in -1..1, mono.
        rate: sample rate, Hz.
        phones: in order, without overlap; time between phones is silence.
    """

    samples: NDArray[np.float32]
    rate: int
    phones: tuple[Phone, ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate


def phones_from_ends(
    segments: list[tuple[str | None, float, int]], duration_s: float
) -> tuple[Phone, ...]:
    """Return phones from the (name, end in seconds, stress) rows of flite and festival.

    The waveform of a diphone synthesiser is a few percent longer or shorter than planned, because
    it moves whole pitch periods. The times are scaled to the real duration. A name of None
    lengthens the phone before it. Segments shorter than 5 ms are dropped.
    """
    if not segments:
        return ()
    scale = duration_s / segments[-1][1] if segments[-1][1] > 0 else 1.0
    if not 0.9 < scale < 1.1:  # trailing silence was cut or added: the planned times are right
        scale = 1.0
    phones: list[Phone] = []
    start = 0.0
    for name, end, stress in segments:
        end = end * scale
        if end - start < 0.005:
            continue
        if name is None and phones:
            phones[-1] = Phone(phones[-1].name, phones[-1].start_s, end, phones[-1].stress)
        else:
            phones.append(Phone(name or SILENCE, start, end, stress))
        start = end
    return tuple(phones)
