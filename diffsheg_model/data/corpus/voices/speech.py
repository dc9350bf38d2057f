"""What every synthesiser returns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffsheg_model.data.corpus.voices.phones import SILENCE, Phone


@dataclass(frozen=True)
class Speech:
    """Spoken text with the times of its phones.

    Attributes:
        samples: (n,) float32 in -1..1, mono.
        rate: samples a second.
        phones: in order, without overlap; what no phone covers is silence.
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
    """Phones from (name, end in seconds, stress) rows as flite and festival list them.

    A diphone synthesiser's waveform comes out up to a few percent longer or shorter than its plan,
    because it moves whole pitch periods; the times are scaled to the duration that was made. Names
    that are None lengthen the phone before. Segments shorter than 5 ms are swallowed.
    """
    if not segments:
        return ()
    scale = duration_s / segments[-1][1] if segments[-1][1] > 0 else 1.0
    if not 0.9 < scale < 1.1:  # trailing silence was cut or added: the plan holds as it is
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
