"""Random conversations for a soak: utterances, pauses and interrupts, from a seed. No ROS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.takes import Speech

DRIFTS_PPM = (200.0, -200.0)
"""Parts per million by which senders' sample clocks are off, in turn; no sound card is worse."""

#: Seconds of an utterance.
SHORTEST_S, LONGEST_S = 1.5, 600.0
#: Share of utterances that are cut off: by an interrupt, or by the next utterance.
_CUT = 0.15
#: Share of pauses that are long, for idle motion.
_IDLE = 0.1


@dataclass(frozen=True, eq=False)
class Line:
    """One utterance of a conversation.

    Attributes:
        pause_s: seconds of silence before it.
        samples: (n,) mono, -1..1.
        rate: Hz, nominal.
        drift_ppm: parts per million by which the sender is faster than its nominal rate.
        cut_after_s: seconds after which it is cut off; None: it is spoken to its end.
        cut_by: 'interrupt', or 'utterance' for the next utterance, which then has no pause.
    """

    pause_s: float
    samples: np.ndarray
    rate: int
    drift_ppm: float
    cut_after_s: float | None = None
    cut_by: str = ''

    @property
    def said_s(self) -> float:
        """Seconds that it is spoken."""
        whole_s = len(self.samples) / self.rate
        return whole_s if self.cut_after_s is None else min(whole_s, self.cut_after_s)


def conversation(recordings: Sequence[Speech], seconds: float, seed: int) -> Iterator[Line]:
    """Yield lines that take a given time or a little longer, pauses included.

    Lengths are uniform on a logarithmic scale: many are short, and some as long as a tenth of the
    whole.

    Args:
        recordings: sources of the speech; a line is a part of one, or repeats it.
        seconds: seconds of all lines together.
        seed: seed of the conversation.
    """
    random = np.random.default_rng(seed)
    longest_s = np.clip(seconds / 10, 2 * SHORTEST_S, LONGEST_S)
    taken_s, number, cut_by = 0.0, 0, ''
    while taken_s < seconds:
        length_s = float(np.exp(random.uniform(np.log(SHORTEST_S), np.log(longest_s))))
        speech = recordings[number % len(recordings)]
        pause_s = min(float(0.3 + random.exponential(2.0)), 8.0)
        if random.random() < _IDLE:
            pause_s = min(45.0, seconds / 10)
        if cut_by == 'utterance':
            pause_s = 0.0
        cut_by = str(random.choice(['interrupt', 'utterance'])) if random.random() < _CUT else ''
        if taken_s + pause_s + length_s >= seconds:
            cut_by = ''  # there may be no next utterance
        line = Line(
            pause_s,
            _part(speech, length_s, random),
            speech.rate,
            DRIFTS_PPM[number % len(DRIFTS_PPM)],
            length_s * float(random.uniform(0.3, 0.8)) if cut_by else None,
            cut_by,
        )
        yield line
        taken_s += line.pause_s + line.said_s
        number += 1


def speeches(recordings: Sequence[Speech], seconds: float, seed: int) -> Iterator[Line]:
    """Yield lines without pauses or cuts, exactly `seconds` of speech."""
    random = np.random.default_rng(seed)
    number, left_s = 0, seconds
    while left_s > 0:
        length_s = min(left_s, float(random.uniform(3.0, 15.0)))
        speech = recordings[number % len(recordings)]
        yield Line(0.0, _part(speech, length_s, random), speech.rate, 0.0)
        left_s -= length_s
        number += 1


def _part(speech: Speech, seconds: float, random: np.random.Generator) -> np.ndarray:
    """Return a part that begins at a random place and wraps around at the recording's end."""
    count = max(1, round(seconds * speech.rate))
    first = int(random.integers(len(speech.samples)))
    return np.resize(np.roll(speech.samples, -first), count)
